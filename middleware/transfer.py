"""What streamward makes up for where a server does not keep its part.

An application that raises in mid-answer asks its server to cut the transfer, so that every client
sees a broken answer. Two servers leave the client waiting instead: daphne, and hypercorn over
HTTP/2 and HTTP/3. There the error frame tells the client, and the transfer ends as if whole.

Over HTTP/3 hypercorn does not tell that a client has reset its stream either: the next message
that is sent to it fails.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from .inbox import Message, Receive
from .outbox import Send
from .policy import Scope

__all__ = ["Transfer", "cuts"]


def cuts(scope: Scope) -> bool:
    """Return whether the server cuts a broken answer, as far as its scope tells."""
    extensions: dict[str, Any] = scope.get("extensions") or {}
    hypercorn = "http.response.push" in extensions  # no other server offers it
    return not (hypercorn and scope["http_version"] in ("2", "3"))


class Transfer:
    """Stands before a server's ``receive`` and ``send``, and knows how the response is."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._open = False
        self._gone = asyncio.Event()

    async def receive(self) -> Message:
        """Return the next message; that the client has left, once nothing can be sent."""
        tasks = asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return tasks[0].result() if tasks[0].done() else {"type": "http.disconnect"}
        finally:
            for task in tasks:
                task.cancel()

    async def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            OSError: the response has begun, and the server sends no more of it.
        """
        try:
            await self._send(message)
        except Exception as error:
            self._gone.set()
            if not self._open:
                raise
            self._open = False
            raise OSError("the client has left") from error
        self._open = message["type"] == "http.response.start" or message.get("more_body", False)

    async def end(self) -> None:
        """End the response, if it is open."""
        if self._open:
            with contextlib.suppress(OSError):
                await self.send({"type": "http.response.body", "body": b"", "more_body": False})
