"""The request side of an exchange: the body, read once for all, and the client's leaving."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .calls import Call
from .headers import Headers

__all__ = ["Inbox", "Message", "Receive"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

# An application that answers without reading its request: how much of it waits here.
_MAX_STASH = 64 * 1024


class Inbox:
    """Stands between the server's ``receive`` and the application's.

    Two readers need it: the application, and the watch that notices when the client leaves. Both
    pull through one lock, and what the watch pulls too early waits for the application.

    Args:
        receive: the server's ``receive``.
        headers: those of the request.

    Attributes:
        call: which JSON-RPC call this is, once the body was pulled.
        told: True once the application knows that the client has left.
    """

    def __init__(self, receive: Receive, headers: Headers) -> None:
        self._receive = receive
        self.call = Call(headers)
        self.told = False
        self._lock = asyncio.Lock()
        self._stash: deque[Message] = deque()
        self._stashed = 0
        self._whole = False  # the last piece of the body has been pulled
        self._left = False
        self._secret: asyncio.Event | None = None

    async def read_body(self, limit: int) -> bytes | None:
        """Read the whole body and keep it for the application; may be asked again.

        Returns:
            The body, or None when it is longer than ``limit`` bytes or the client left.
        """
        while not self._whole and self._stashed <= limit:
            message = await self._pull()
            if message["type"] != "http.request":
                return None
            self._keep(message)
        if self._stashed > limit:
            return None
        return b"".join(message.get("body", b"") for message in self._stash)

    def replace_body(self, body: bytes) -> None:
        """Give the application another body than the one that was read."""
        self._stash.clear()
        self._stashed = 0
        self._keep({"type": "http.request", "body": body, "more_body": False})

    async def receive(self) -> Message:
        """Give the application its next message."""
        message = self._stashed_one()
        if message is None:
            async with self._lock:
                # The watch may have been pulling meanwhile: what it got comes first.
                message = self._stashed_one() or await self._next()
        if message["type"] == "http.disconnect":
            if self._secret is not None:
                await self._secret.wait()
            self.told = True
        return message

    def keep_secret(self) -> None:
        """Keep from the application that the client has left, until its answer has ended.

        Frameworks stop on that word; whether the answer goes on is for its policy to say, which
        cancels the application if it does not.
        """
        self._secret = self._secret or asyncio.Event()

    def reveal(self) -> None:
        """Let the application know from now on."""
        if self._secret is not None:
            self._secret.set()

    async def client_left(self) -> None:
        """Return when the client has left."""
        while not self._left:
            if not self._whole and self._stashed > _MAX_STASH:
                await asyncio.sleep(_RETRY)
                continue
            message = await self._pull()
            if message["type"] == "http.request":
                self._keep(message)

    def _stashed_one(self) -> Message | None:
        if not self._stash:
            return None
        message = self._stash.popleft()
        self._stashed -= len(message.get("body", b""))
        return message

    def _keep(self, message: Message) -> None:
        self._stash.append(message)
        self._stashed += len(message.get("body", b""))

    async def _pull(self) -> Message:
        async with self._lock:
            return await self._next()

    async def _next(self) -> Message:
        if self._left:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._left = True
        elif message["type"] == "http.request":
            self._whole = not message.get("more_body", False)
            self.call.note(message.get("body", b""), last=self._whole)
        return message


# While an unread body fills the stash, leaving can only be noticed by looking again.
_RETRY = 1.0
