"""Drives an ASGI application without a server: what a client sends, sees, and when it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """What the client got."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    raised: BaseException | None = None

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.messages)

    @property
    def ended(self) -> bool:
        """Whether the transfer was completed, as the client sees it."""
        return bool(self.messages) and not self.messages[-1].get("more_body", False)


def scope_of(
    path: str = "/v1/chat/completions",
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    query: bytes = b"",
) -> dict[str, Any]:
    raw = [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"test"), *raw],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


async def ask(
    app: Any,
    scope: dict[str, Any] | None = None,
    *,
    body: bytes = b"",
    leave_when: Callable[[Answer], bool] | None = None,
    slow: float = 0.0,
) -> Answer:
    """Send one request and collect the answer.

    Args:
        leave_when: asked after every message; the client leaves once it is True.
        slow: seconds that the client takes for each message.
    """
    answer = Answer()
    left = asyncio.Event()
    inbox = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if inbox:
            return inbox.pop(0)
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if slow:
            await asyncio.sleep(slow)
        if message["type"] == "http.response.start":
            assert answer.status == 0, "a response starts once"
            answer.status = message["status"]
            answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            assert answer.status, "a response starts first"
            assert not answer.ended, "nothing comes after the end"
            answer.messages.append(dict(message))
        if leave_when is not None and leave_when(answer):
            left.set()

    try:
        await app(scope or scope_of(), receive, send)
    except Exception as error:
        answer.raised = error
    return answer
