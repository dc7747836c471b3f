"""What the client sends: read ahead a little, so that its leaving is noticed at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ..inbox import Message, Receive

__all__ = ["SocketInbox"]

# What waits for an application that does not read. Beyond it nothing more is read: the client is
# slowed, and its leaving is noticed by what is sent to it.
_MAX_BYTES = 64 * 1024
_MAX_MESSAGES = 64
_ABNORMAL = 1006  # RFC 6455 §7.4.1: closed without a close frame


class SocketInbox:
    """Stands between the server's ``receive`` and the application's.

    Args:
        receive: the server's.
        on_leave: called once, when the client has left.
    """

    def __init__(self, receive: Receive, on_leave: Callable[[], None]) -> None:
        self._receive = receive
        self._on_leave = on_leave
        self._waiting: deque[Message] = deque()
        self._size = 0
        self._changed = asyncio.Condition()
        self._gone: Message | None = None
        self._reading: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Read until the client has left, or until closed."""
        self._reading = asyncio.current_task()
        while self._gone is None:
            message = await self._pull()
            async with self._changed:
                if message["type"] == "websocket.disconnect":
                    self._gone = message
                    self._on_leave()
                else:
                    self._waiting.append(message)
                    self._size += _size(message)
                self._changed.notify_all()
                await self._changed.wait_for(self._has_room)

    async def next(self) -> Message:
        """Return the next message; the last one for ever, once it has come."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting or self._gone)
            if not self._waiting and self._gone is not None:
                return self._gone
            message = self._waiting.popleft()
            self._size -= _size(message)
            self._changed.notify_all()
            return message

    async def close(self, code: int, reason: str) -> None:
        """Read no more, and tell the application that the connection is over.

        Granian sends no close frame while somebody waits to receive.
        """
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        async with self._changed:
            self._gone = {"type": "websocket.disconnect", "code": code, "reason": reason}
            self._waiting.clear()
            self._changed.notify_all()

    async def _pull(self) -> Message:
        try:
            return await self._receive()
        except Exception:  # noqa: BLE001 - whatever it is: nobody is there any more
            return {"type": "websocket.disconnect", "code": _ABNORMAL, "reason": ""}

    def _has_room(self) -> bool:
        return self._size < _MAX_BYTES and len(self._waiting) < _MAX_MESSAGES


def _size(message: Message) -> int:
    return len(message.get("text") or message.get("bytes") or b"")
