"""The body of a request, on its way to the upstream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx

from ..middleware.inbox import Receive

__all__ = ["ClientLeftError", "RequestBody"]


class ClientLeftError(Exception):
    """The client left before it had said all. Nobody hears of it."""


class RequestBody(httpx.AsyncByteStream):
    """Streams a body from the server to the upstream, piece by piece as it comes.

    Args:
        receive: the server's.
        keep: the most bytes that are kept, to be sent again.

    Attributes:
        resendable: True while all that has been sent is still here.
        over: set once nobody will ask the server for more of it.
    """

    def __init__(self, receive: Receive, *, keep: int) -> None:
        self._receive = receive
        self._room = keep
        self._kept: list[bytes] = []
        self._first: bytes | None = None
        self.resendable = True
        self.over = asyncio.Event()

    async def is_empty(self) -> bool:
        """Wait for the first piece; return whether there is no body."""
        self._first = await self._next()
        return not self._first and self.over.is_set()

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        """Yield the pieces; another time, those that were kept once more.

        Raises:
            ClientLeftError: there will be no more.
        """
        for piece in self._kept.copy():
            yield piece
        while self._first is not None or not self.over.is_set():
            piece = await self._next() if self._first is None else self._first
            self._first = None
            if piece:
                self._keep(piece)
                yield piece

    def _keep(self, piece: bytes) -> None:
        if self.resendable and len(piece) <= self._room:
            self._room -= len(piece)
            self._kept.append(piece)
        else:
            self.resendable = False
            self._kept.clear()

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientLeftError
        if not message.get("more_body", False):
            self.over.set()
        piece: bytes = message.get("body", b"")
        return piece
