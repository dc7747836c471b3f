"""The client of :mod:`support.lockstep`: asks through a proxy, and steers past it."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Generator, Mapping
from itertools import count
from typing import Any, Protocol

import httpx

from streamward.deploy import EXAMPLE

from .lockstep import Stream

__all__ = ["BROKEN", "Front", "Reader", "Remote", "asking", "in_step"]

BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)
"""What a client raises that sees an answer break off."""

_PROMPT = b"x" * 5000
_numbers = count()


class Front(Protocol):
    """What stands before an application, as a client sees it.

    Attributes:
        plain: its URL without TLS.
        tls: its URL with TLS, for clients that ask for ``EXAMPLE.host``.
        trust: what such a client trusts.
    """

    @property
    def plain(self) -> str: ...
    @property
    def tls(self) -> str: ...
    @property
    def trust(self) -> ssl.SSLContext: ...


class Remote:
    """Steers a stream from the test, past the proxy.

    Args:
        upstream: where the application listens.

    Attributes:
        name: of the stream; no other has it.
    """

    def __init__(self, upstream: str) -> None:
        self.name = f"s{next(_numbers)}"
        self._upstream = upstream

    def allow(self) -> None:
        """Let the application send one frame more."""
        self._ask("/allow")

    def allow_all(self) -> None:
        """Let the application run to its end."""
        self._ask("/allow-all")

    def seen(self) -> Stream:
        """Return what the application knows."""
        return Stream(**self._ask("/seen"))

    def _ask(self, path: str) -> Any:
        headers = {"x-stream": self.name, "connection": "close"}
        return httpx.get(self._upstream + path, headers=headers, timeout=20).json()


class Reader:
    """Reads a stream frame by frame.

    Attributes:
        response: the answer as httpx has it.
        read: all bytes that came.
        pieces: what has not been read yet, as it comes.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.read = b""
        self.pieces = response.iter_bytes()
        self._taken = 0

    def frame(self) -> bytes:
        """Return the next frame.

        Raises:
            httpx.ReadTimeout: it did not come.
            EOFError: the stream ended, as far as the client can tell.
        """
        while (end := self.read.find(b"\n\n", self._taken)) < 0:
            piece = next(self.pieces, None)
            if piece is None:
                raise EOFError
            self.read += piece
        begin, self._taken = self._taken, end + 2
        return self.read[begin : self._taken]

    def rest(self) -> bytes:
        """Read to the end; return all bytes that came."""
        for piece in self.pieces:
            self.read += piece
        return self.read


def in_step(reader: Reader, remote: Remote, frames: int) -> int:
    """Allow each frame after the one before was read; return how many came so."""
    for number in range(frames):
        try:
            got = reader.frame()
        except httpx.ReadTimeout:
            return number
        assert got.startswith(f"data: {remote.name} {number} ".encode()), got[:80]
        remote.allow()
    return frames


@contextlib.contextmanager
def asking(
    front: Front,
    remote: Remote,
    query: str = "",
    *,
    http: str = "1.1",
    method: str = "POST",
    path: str = "/v1/chat",
    headers: Mapping[str, str] | None = None,
    timeout: float = 10,
) -> Generator[Reader]:
    """Ask for a stream; ``http`` is ``"plain"``, or ``"1.1"`` or ``"2"`` over TLS."""
    base = front.plain if http == "plain" else front.tls
    own = {"host": EXAMPLE.host, "x-stream": remote.name, "accept-encoding": "gzip"}
    with (
        httpx.Client(
            http1=http != "2", http2=http == "2", verify=front.trust, timeout=timeout
        ) as client,
        client.stream(
            method,
            f"{base}{path}?{query}",
            headers={**own, **(headers or {})},
            content=_PROMPT if method == "POST" else None,
            extensions={"sni_hostname": EXAMPLE.host},
        ) as response,
    ):
        yield Reader(response)
