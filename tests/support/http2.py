"""A client of HTTP/2 that may have several streams, and resets one of them when it is told to.

httpx closes a stream of HTTP/2 without telling the server.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset

__all__ = ["Client", "connected"]


class Client:
    """One connection, without TLS.

    Attributes:
        headers: of each stream's response.
        bodies: what has come of each.
        ended: how each that is over has ended: ``whole`` or ``reset``.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        # It refuses what HTTP/2 forbids.
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.headers: dict[int, dict[str, str]] = {}
        self.bodies: defaultdict[int, bytes] = defaultdict(bytes)
        self.ended: dict[int, str] = {}
        self._h2.initiate_connection()
        self._flush()

    def get(self, path: str) -> int:
        """Ask for a path; return the stream."""
        stream = self._h2.get_next_available_stream_id()
        names = {":method": "GET", ":path": path, ":scheme": "http", ":authority": "test"}
        self._h2.send_headers(stream, list(names.items()), end_stream=True)
        self._flush()
        return stream

    def reset(self, stream: int) -> None:
        """Want no more of a stream."""
        self._h2.reset_stream(stream, ErrorCodes.CANCEL)
        self._flush()

    def read_until(self, true: Callable[[], bool]) -> None:
        """Take what comes until something is true.

        Raises:
            TimeoutError: nothing came for ten seconds.
        """
        while not true():
            data = self._socket.recv(65536)
            assert data, "the connection stays open"
            for event in self._h2.receive_data(data):
                self._take(event)
            self._flush()

    def _take(self, event: Any) -> None:
        if isinstance(event, ResponseReceived):
            self.headers[event.stream_id] = {str(k): str(v) for k, v in event.headers}
        elif isinstance(event, DataReceived):
            self.bodies[event.stream_id] += event.data
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            self.ended[event.stream_id] = "whole"
        elif isinstance(event, StreamReset):
            self.ended[event.stream_id] = "reset"

    def _flush(self) -> None:
        self._socket.sendall(self._h2.data_to_send())


@contextmanager
def connected(url: str) -> Generator[Client]:
    """Connect to a server that is known to speak HTTP/2."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        yield Client(connection)
