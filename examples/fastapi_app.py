"""A chat endpoint in FastAPI, guarded and replayed.

Run it: ``uvicorn fastapi_app:app``, then

    curl -N -X POST http://127.0.0.1:8000/v1/chat/completions -H 'authorization: Bearer me'
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from streamward import Streamward
from streamward.cache import MemoryCache
from streamward.guardrails import PII

app = FastAPI()
app.add_middleware(Streamward, guards=[PII()], cache=MemoryCache())

TOKENS = ("Her ", "mail is ", "ada.sam", "ple@exam", "ple.com", ". Any", "thing else?")


@app.post("/v1/chat/completions")
async def chat() -> StreamingResponse:
    return StreamingResponse(model(), media_type="text/event-stream")


async def model() -> AsyncIterator[bytes]:
    """Speak as OpenAI's chat endpoint does. In life: pass a model's stream on."""
    for token in TOKENS:
        yield event({"content": token})
        await asyncio.sleep(0.02)
    yield event({}, "stop")
    yield b"data: [DONE]\n\n"


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "script"}
    return b"data: " + json.dumps({**chunk, "choices": [choice]}).encode() + b"\n\n"
