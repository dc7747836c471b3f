"""HTTP/1.1 as bytes: an upstream that notes what it gets, and a client that says what it wants."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

__all__ = [
    "Answer",
    "Asked",
    "RawUpstream",
    "ask",
    "connected",
    "raw_upstream",
    "request_of",
    "response",
    "wait_until_gone",
]


@dataclass
class Asked:
    """One request, as it came.

    Attributes:
        line: the request line.
        headers: names as they were written, in their order.
        body: what was in it, without the chunks.
        connection: which connection it came on.
        gone: set once the answer found that the other side has closed the connection.
    """

    line: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    connection: int
    gone: threading.Event = field(default_factory=threading.Event)

    def values(self, name: str) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name.encode()]


Answer = Callable[[Asked, socket.socket], bool | None]
"""Answers a request; False closes the connection, which otherwise waits for another one."""


class RawUpstream:
    """A server whose answers are bytes.

    Attributes:
        asked: every request, in the order in which they came.
        answer: gives the answer of the next ones.
        url: where it listens.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.connections = 0
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        upstream = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                upstream.connections += 1
                number = upstream.connections
                with contextlib.suppress(OSError):
                    while (asked := _read_request(self.request, number)) is not None:
                        upstream.asked.append(asked)
                        if upstream.answer(asked, self.request) is False:
                            break

        return Handler

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


@contextlib.contextmanager
def raw_upstream(answer: Answer) -> Generator[RawUpstream]:
    """Run a :class:`RawUpstream`."""
    upstream = RawUpstream(answer)
    thread = threading.Thread(target=upstream.serve, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        upstream.stop()
        thread.join(10)


def response(body: bytes = b"", *headers: tuple[bytes, bytes], status: bytes = b"200 OK") -> bytes:
    """Return a response of known length."""
    lines = [b"HTTP/1.1 " + status, *(name + b": " + value for name, value in headers)]
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def request_of(
    method: bytes,
    target: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
    body: bytes | None = None,
) -> bytes:
    """Return a request for :func:`ask`."""
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: chat.example.com", b"Connection: close"]
    lines += [name + b": " + value for name, value in headers]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def wait_until_gone(asked: Asked, sock: socket.socket) -> None:
    """Wait for the other side to close the connection, and note that it did."""
    sock.settimeout(20)
    with contextlib.suppress(ConnectionError):
        while sock.recv(65536):
            pass
    asked.gone.set()


@contextlib.contextmanager
def connected(url: str) -> Generator[socket.socket]:
    """Connect to a server."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), 20) as sock:
        yield sock


def ask(url: str, request: bytes) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    """Send a request as it stands, with ``Connection: close``; return status line, headers, body."""
    with connected(url) as sock:
        sock.sendall(request)
        data = b""
        while more := sock.recv(65536):
            data += more
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rest = head.split(b"\r\n")
    headers = [_field(one) for one in rest]
    if any(name.lower() == b"transfer-encoding" for name, _ in headers):
        body = _joined(body)
    return line, headers, body


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.strip()


def _read_request(sock: Any, number: int) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rest = head.split(b"\r\n")
    asked = Asked(line, [_field(one) for one in rest], b"", number)
    length = asked.values("content-length")
    if length:
        while len(body) < int(length[0]):
            body += _more(sock)
    elif asked.values("transfer-encoding"):
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(sock)
        body = _joined(body)
    asked.body = body
    return asked


def _more(sock: Any) -> bytes:
    more: bytes = sock.recv(65536)
    if not more:
        raise OSError
    return more


def _joined(chunks: bytes) -> bytes:
    """Undo the chunks."""
    whole = b""
    while found := re.match(rb"([0-9a-fA-F]+)[^\r]*\r\n", chunks):
        size = int(found[1], 16)
        whole += chunks[found.end() : found.end() + size]
        chunks = chunks[found.end() + size + 2 :]
    return whole
