"""A chat over a WebSocket, guarded both ways.

Run it: ``uvicorn websocket_app:app``, then ``python -m websockets ws://127.0.0.1:8000/chat``.
"""

from __future__ import annotations

from fastapi import FastAPI, WebSocket

from streamward import Policy, Sockets, Streamward
from streamward.guardrails import PII

app = FastAPI()
app.add_middleware(Streamward, guards=[PII()], policy=Policy(sockets=Sockets(guard="both")))

TOKENS = (" Her ", "mail is ", "ada.sam", "ple@exam", "ple.com", ". Any", "thing else?")


@app.websocket("/chat")
async def chat(socket: WebSocket) -> None:
    await socket.accept()
    async for question in socket.iter_text():
        await socket.send_text(f"You said: {question}.")
        for token in TOKENS:  # in life: a model's stream
            await socket.send_text(token)
