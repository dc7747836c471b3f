"""Scripted streams: small applications and the bytes they send."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

DONE = b"data: [DONE]\n\n"


def chat_frame(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_730_000_000,
        "model": "scripted",
        "choices": [{"index": index, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def chat(tokens: Iterable[str], finish: str = "stop") -> list[bytes]:
    """Return the frames of one chat answer."""
    first = chat_frame({"role": "assistant", "content": ""})
    return [first, *(chat_frame({"content": t}) for t in tokens), chat_frame({}, finish), DONE]


def chat_text(body: bytes) -> str:
    """Return what a client reads in the bytes of a chat answer."""
    text = ""
    for block in body.split(b"\n\n"):
        if block.startswith(b"data: {"):
            for choice in json.loads(block[6:]).get("choices", ()):
                text += choice["delta"].get("content") or ""
    return text


class ScriptedApp:
    """A raw ASGI app that sends given chunks.

    An item of the script is bytes to send, a number of seconds to wait, an exception to raise, or
    a callable to call (and await).

    Attributes:
        calls: how often it was asked.
        sent: how many chunks of the last answer were taken.
        cancelled: whether the last answer was cancelled.
        scope: the scope it saw last.
    """

    def __init__(
        self,
        script: Sequence[bytes | float | Exception | Callable[[], object]],
        *,
        content_type: str = "text/event-stream",
        headers: Iterable[tuple[bytes, bytes]] = (),
        status: int = 200,
        ends: bool = True,
    ) -> None:
        self.script = script
        self.headers = [(b"content-type", content_type.encode()), *headers]
        self.status = status
        self.ends = ends
        self.calls = 0
        self.sent = 0
        self.cancelled = False
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        self.sent = 0
        self.scope = scope
        await send(
            {"type": "http.response.start", "status": self.status, "headers": list(self.headers)}
        )
        try:
            async for chunk in self._chunks():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self.sent += 1
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self.ends:
            await send({"type": "http.response.body", "body": b""})

    async def _chunks(self) -> AsyncIterator[bytes]:
        for item in self.script:
            if isinstance(item, bytes):
                yield item
            elif isinstance(item, Exception):
                raise item
            elif callable(item):
                result = item()
                if inspect.isawaitable(result):
                    await result
            else:
                await asyncio.sleep(item)
