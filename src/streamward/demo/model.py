"""The scripted model: an OpenAI chat endpoint over real HTTP, without a network or a key.

It counts the tokens that it generates and notices when its client leaves, so that what the page
says about the upstream was measured there.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from .completion import Completion
from .request import ChatRequest
from .scenes import Answer, answer_to

__all__ = ["Call", "ModelDiedError", "ScriptedModel"]

_PATH = "/v1/chat/completions"
_REMEMBERED = 100


class ModelDiedError(Exception):
    """The scene in which the model breaks; its server then cuts the connection."""


@dataclass(slots=True, kw_only=True)
class Call:
    """The log of one request.

    Attributes:
        visit: the request id that the client sent.
        completion: the id of the completion.
        total: how many tokens the whole answer has.
        tool: the name of the function that is called.
        said: the tokens generated so far.
        state: ``"left"``: the client was gone; ``"died"``: the model broke.
    """

    visit: str
    completion: str
    total: int
    tool: str | None = None
    said: list[str] = field(default_factory=list[str])
    state: Literal["speaking", "complete", "left", "died"] = "speaking"

    def as_json(self) -> dict[str, Any]:
        """Return the log for the page."""
        return {
            "completion": self.completion,
            "tokens": len(self.said),
            "total": self.total,
            "tool": self.tool,
            "said": "".join(self.said),
            "state": self.state,
        }


class ScriptedModel:
    """An ASGI application that speaks the OpenAI chat wire.

    Args:
        tempo: how many times faster than in life; pauses keep their length.

    Attributes:
        calls: the log of the last requests.
    """

    def __init__(self, *, tempo: float = 1.0) -> None:
        self._tempo = tempo
        self.calls: deque[Call] = deque(maxlen=_REMEMBERED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; stop at once when nobody listens any more."""
        request = Request(scope, receive)
        if (request.method, request.url.path) != ("POST", _PATH):
            await _refusal(404, "There is nothing here.")(scope, receive, send)
            return
        try:
            asked = msgspec.json.decode(await request.body(), type=ChatRequest)
        except msgspec.DecodeError:
            await _refusal(400, "This is no chat request.")(scope, receive, send)
            return
        answer = answer_to(asked.prompt)
        completion = Completion(
            id=f"chatcmpl-{token_hex(12)}",
            created=int(time.time()),
            prompt_tokens=len(asked.prompt.split()),
            usage=asked.usage,
            tool=answer.tool,
        )
        call = Call(
            visit=request.headers.get("x-request-id", ""),
            completion=completion.id,
            total=len(answer.tokens),
            tool=answer.tool,
        )
        self.calls.append(call)
        speak = self._stream if asked.stream else self._whole
        await _unless_left(speak(answer, completion, call, send), receive, call)

    async def _generate(self, answer: Answer, call: Call) -> AsyncIterator[str]:
        for number, token in enumerate(answer.tokens):
            await asyncio.sleep(answer.pace / self._tempo + answer.pauses.get(number, 0))
            if number == answer.dies_at:
                call.state = "died"
                raise ModelDiedError
            call.said.append(token)
            yield token
        call.state = "complete"

    async def _stream(self, answer: Answer, completion: Completion, call: Call, send: Send) -> None:
        await _start(send, b"text/event-stream; charset=utf-8")
        await _body(send, completion.begin())
        async for token in self._generate(answer, call):
            await _body(send, completion.token(token))
        await _body(send, completion.end(len(call.said)), more=False)

    async def _whole(self, answer: Answer, completion: Completion, call: Call, send: Send) -> None:
        text = "".join([token async for token in self._generate(answer, call)])
        await _start(send, b"application/json")
        await _body(send, completion.whole(text, len(call.said)), more=False)


async def _unless_left(speech: Coroutine[Any, Any, None], receive: Receive, call: Call) -> None:
    """Let the model speak until it has finished or its client has left."""
    speaking = asyncio.create_task(speech)
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({speaking, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        speaking.cancel()
        leaving.cancel()
        await asyncio.wait({speaking, leaving})
    if speaking.cancelled():
        call.state = "left"
    else:
        speaking.result()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Send, content_type: bytes) -> None:
    headers = [(b"content-type", content_type), (b"openai-version", b"2020-10-01")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _body(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _refusal(status: int, message: str) -> JSONResponse:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": error}, status)
