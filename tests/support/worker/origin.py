"""An application that answers each path as a test says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Answer", "Asked", "Origin"]


@dataclass(frozen=True)
class Answer:
    """What a path is answered with.

    Attributes:
        pieces: of the body, each sent by itself; None waits for :attr:`Origin.go`.
        status: of the answer.
        headers: of the answer.
        breaks: whether the application raises behind the last piece.
    """

    pieces: Sequence[bytes | None] = ()
    status: int = 200
    headers: Mapping[str, str] = field(
        default_factory=lambda: {"content-type": "text/event-stream"}
    )
    breaks: bool = False


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Origin:
    """The ASGI application.

    Attributes:
        answers: by path; others are answered with 404.
        asked: the requests so far.
        go: lets answers that wait go on.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self.go = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        body = b""
        while (message := await receive()).get("more_body") or message.get("body"):
            body += message["body"]
            if not message["more_body"]:
                break
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        path, query = scope["path"], scope["query_string"].decode()
        self.asked.append(Asked(scope["method"], path, query, headers, body))
        answer = self.answers.get(path, Answer(status=404, headers={}))
        pairs = [(key.encode(), value.encode()) for key, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
        for piece in answer.pieces:
            if piece is None:
                await asyncio.to_thread(self.go.wait, 20)
            else:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        if answer.breaks:
            raise RuntimeError("the application breaks, as it was told")
        await send({"type": "http.response.body"})
