"""The measuring side: reads many streams with as little work as can be, in another process.

It must not be what is measured, so it parses no JSON and no HTTP: it counts blank lines. A stream
says once when its first token is due; the others follow at their rate.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_CREATED = b'"created":'
_CONTENT = b'"content":"'
_ROLE = b'"content":""'


@dataclass(slots=True)
class Tally:
    """What all streams together have seen.

    Attributes:
        frames: how many frames came.
        whole: how many streams came to their proper end.
        delays: seconds from the time when a token was due to its arrival; of several that arrive
            together, those of the first.
        noting: whether ``delays`` is written now.
    """

    frames: int = 0
    whole: int = 0
    delays: list[float] = field(default_factory=list[float])
    noting: bool = False


class Reading(asyncio.Protocol):
    """One stream, read to its end.

    Attributes:
        ttft: seconds from the request to the first frame with text; None before it.
        begun: is done once text has come, or will not come any more.
        over: is done once the connection is closed.
    """

    def __init__(self, request: bytes, rate: float, tally: Tally) -> None:
        self._request = request
        self._gap = 1 / rate
        self._tally = tally
        self._asked = 0.0
        self._first_due = 0.0
        self._tokens = 0
        self.ttft: float | None = None
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._asked = time.monotonic()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        # A frame is one write of the server's: that a read cuts one in two does not happen to
        # frames this small.
        count = data.count(b"\n\n")
        tally = self._tally
        tally.frames += count
        if self.ttft is None:
            count = self._begin(data)
        if tally.noting and count:
            due = self._first_due + self._tokens * self._gap
            tally.delays.append(time.monotonic() - due)
        self._tokens += count
        if b"data: [DONE]" in data:
            tally.whole += 1

    def _begin(self, data: bytes) -> int:
        """Look for the first tokens; return how many there are."""
        if (found := data.find(_CREATED)) >= 0:
            self._first_due = int(data[found + len(_CREATED) : data.index(b",", found)]) / 1e6
        count = data.count(_CONTENT) - data.count(_ROLE)
        if count:
            self.ttft = time.monotonic() - self._asked
            self.begun.set_result(None)
        return count

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set_result(None)
        if not self.begun.done():
            self.begun.set_result(None)


async def open_stream(
    url: str, tally: Tally, number: object, rate: float, tokens: float
) -> Reading:
    """Ask for a stream; ``tokens`` may be ``inf``: until the server is told to stop."""
    path = f"/stream?number={number}&rate={rate}&tokens={tokens}"
    request = f"GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n".encode()
    host, port = _address(url)
    loop = asyncio.get_running_loop()
    _, reading = await loop.create_connection(lambda: Reading(request, rate, tally), host, port)
    return reading


async def ask(url: str, path: str) -> Any:
    """Return what the server says about itself."""
    reader, writer = await asyncio.open_connection(*_address(url))
    writer.write(f"GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80
