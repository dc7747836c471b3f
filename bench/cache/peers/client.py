"""A client that notes when each frame of an answer comes, and how the answer ends."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from bench.cache.peers.origin import body_of

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass
class Answer:
    """What came.

    Attributes:
        asked: when the request was sent, in seconds.
        status: of HTTP; 0 before it came.
        frames: when each came.
        error: whether one of them says so.
        ended: when the answer ended; None: the client gave up waiting.
        clean: whether it ended as HTTP says a whole answer ends.
    """

    asked: float
    status: int = 0
    frames: list[float] = field(default_factory=list[float])
    error: bool = False
    ended: float | None = None
    clean: bool = False


async def ask(
    url: str, question: str, *, method: str = "POST", into: Answer | None = None
) -> Answer:
    """Ask, and read to the end; ``into`` can be looked at meanwhile."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    body = body_of(question) if method == "POST" else b""
    target = "/v1/chat/completions" + ("" if method == "POST" else f"?{quote(question)}")
    head = f"{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    if body:
        key = "authorization: Bearer x\r\n"
        head += f"{key}content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    answer = into or Answer(0.0)
    answer.asked = time.monotonic()
    writer.write(head.encode() + b"\r\n" + body)
    with contextlib.suppress(ConnectionError):
        await _read(reader, answer)
    answer.ended = time.monotonic()
    writer.close()
    return answer


async def _read(reader: asyncio.StreamReader, answer: Answer) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    answer.status = int(head.split(b" ", 2)[1])
    found, chunked = _LENGTH.search(head), b"chunked" in head.lower()
    size, last = 0, b""
    while part := await reader.read(1 << 16):
        seen = last[-1:] + part
        answer.frames += [time.monotonic()] * seen.count(b"\n\n")
        answer.error = answer.error or b'"error"' in part
        size, last = size + len(part), (last + part)[-8:]
    whole = last.endswith(b"0\r\n\r\n") if chunked else not found or size == int(found[1])
    answer.clean = whole
