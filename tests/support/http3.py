"""A client of HTTP/3 that may have several streams, and resets one of them when it is told to."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aioquic.asyncio.client import connect  # pyright: ignore[reportUnknownVariableType]
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, ErrorCode, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent

__all__ = ["Client", "connected"]


class Client(QuicConnectionProtocol):
    """One connection.

    Attributes:
        headers: of each stream's response.
        bodies: what has come of each.
        ended: those that are whole.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._http = H3Connection(self._quic)
        self._came = asyncio.Event()
        self.headers: dict[int, dict[str, str]] = {}
        self.bodies: defaultdict[int, bytes] = defaultdict(bytes)
        self.ended: set[int] = set()

    def get(self, path: str) -> int:
        """Ask for a path; return the stream."""
        stream = self._quic.get_next_available_stream_id()
        names = {":method": "GET", ":path": path, ":scheme": "https", ":authority": "127.0.0.1"}
        headers = [(name.encode(), value.encode()) for name, value in names.items()]
        self._http.send_headers(stream, headers, end_stream=True)
        self.transmit()
        return stream

    def reset(self, stream: int) -> None:
        """Want no more of a stream."""
        self._quic.stop_stream(stream, ErrorCode.H3_REQUEST_CANCELLED)
        self.transmit()

    async def read_until(self, true: Callable[[], bool]) -> None:
        """Take what comes until something is true.

        Raises:
            TimeoutError: it did not become true in ten seconds.
        """
        async with asyncio.timeout(10):
            while not true():
                self._came.clear()
                await self._came.wait()

    def quic_event_received(self, event: QuicEvent) -> None:
        """Take one event."""
        for one in self._http.handle_event(event):
            if isinstance(one, HeadersReceived):
                self.headers[one.stream_id] = {k.decode(): v.decode() for k, v in one.headers}
            elif isinstance(one, DataReceived):
                self.bodies[one.stream_id] += one.data
            if isinstance(one, HeadersReceived | DataReceived) and one.stream_ended:
                self.ended.add(one.stream_id)
        self._came.set()


@asynccontextmanager
async def connected(port: int, authority: Path) -> AsyncGenerator[Client]:
    """Connect to a server on this machine, whose certificate an authority has signed."""
    settings = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN)
    settings.load_verify_locations(str(authority))
    async with connect("127.0.0.1", port, configuration=settings, create_protocol=Client) as client:
        assert isinstance(client, Client)
        yield client
