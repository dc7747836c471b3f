"""The measuring side: reads many streams with as little work as can be, in another process.

It must not be what is measured, so it parses no JSON and no HTTP: it counts blank lines, and reads
the time of sending out of the first frame of each read.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_CREATED = b'"created":'
_FIRST = b'"content":"'
_ROLE = b'"content":""'


@dataclass(slots=True)
class Tally:
    """What all streams together have seen.

    Attributes:
        frames: how many frames came.
        whole: how many streams came to their proper end.
        delays: seconds from the application's sending to the arrival of a frame.
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

    def __init__(self, request: bytes, tally: Tally) -> None:
        self._request = request
        self._tally = tally
        self._asked = 0.0
        self.ttft: float | None = None
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._asked = time.monotonic()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        tally = self._tally
        # A frame is one write of the server's: that a read cuts one in two does not happen to
        # frames this small.
        tally.frames += data.count(b"\n\n")
        if tally.noting and (found := data.find(_CREATED)) >= 0:
            sent = int(data[found + len(_CREATED) : data.index(b",", found)])
            tally.delays.append(time.monotonic() - sent / 1e6)
        if self.ttft is None and data.count(_FIRST) > data.count(_ROLE):
            self.ttft = time.monotonic() - self._asked
            self.begun.set_result(None)
        if b"data: [DONE]" in data:
            tally.whole += 1

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
    _, reading = await loop.create_connection(lambda: Reading(request, tally), host, port)
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
