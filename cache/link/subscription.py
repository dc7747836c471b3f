"""Who hears what of which channel."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Self

from ...wire.errors import CacheUnavailableError

if TYPE_CHECKING:
    from ..signal import Signal

__all__ = ["MAX_WAITING", "Readers", "Subscription"]

# Messages kept for a reader that is slow. One more, and they are forgotten.
MAX_WAITING: Final = 256


class Subscription:
    """Messages of one channel, to be read by one task with ``async for``.

    Args:
        signal: how the task sleeps and is woken.

    An item is a message, or None: "from here on you hear everything, but what was published
    before may have passed you by". The first item is None; another comes whenever the connection
    was lost and is back, and in place of messages that were read too slowly. So a reader reads
    what it follows on each None, and misses nothing.

    Silence says nothing: while Redis is away no item comes. A reader that must notice waits with
    :meth:`within` (or ``asyncio.timeout``: a cancelled wait loses no item) and then looks for
    itself.
    """

    __slots__ = ("_failure", "_waiting", "_wake")

    def __init__(self, signal: Signal) -> None:
        self._waiting: deque[bytes | None] = deque()
        self._wake = signal
        self._failure: CacheUnavailableError | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes | None:
        """Wait for the next item.

        Raises:
            CacheUnavailableError: Redis refuses the subscription (``"refused"``), or the link was
                closed (``"closed"``). Nothing more will come.
        """
        return await self.within(math.inf)

    async def within(self, seconds: float) -> bytes | None:
        """Wait for the next item, so long at the most.

        Raises:
            TimeoutError: none came.
            CacheUnavailableError: as with ``async for``.
        """
        end = time.monotonic() + seconds
        while True:
            self._wake.clear()  # before looking: what comes from here on is not missed
            if self._waiting:
                return self._waiting.popleft()
            if self._failure is not None:
                raise self._failure
            if (rest := end - time.monotonic()) <= 0:
                raise TimeoutError
            await self._wake.wait(None if rest == math.inf else rest)

    def hear(self, message: bytes) -> None:
        """Take a message."""
        if len(self._waiting) >= MAX_WAITING:
            self.miss()
            return
        self._waiting.append(message)
        self._wake.set()

    def miss(self) -> None:
        """Take note that messages may have been missed. What waits need not be read any more."""
        self._waiting.clear()
        self._waiting.append(None)
        self._wake.set()

    def fail(self, error: CacheUnavailableError) -> None:
        """End, behind what waits."""
        self._failure = error
        self._wake.set()


class Readers:
    """All that listen, by channel. Any number may listen to one."""

    __slots__ = ("_channels",)

    def __init__(self) -> None:
        self._channels: dict[bytes, list[Subscription]] = {}

    def add(self, channel: bytes, reader: Subscription) -> bool:
        """Add a reader. Return whether it is the first of its channel."""
        readers = self._channels.setdefault(channel, [])
        readers.append(reader)
        return len(readers) == 1

    def remove(self, channel: bytes, reader: Subscription) -> bool:
        """Remove a reader, also one that has failed. Return whether nobody is left."""
        readers = self._channels.get(channel, [])
        if reader in readers:
            readers.remove(reader)
        if not readers:
            self._channels.pop(channel, None)
        return not readers

    def hear(self, channel: bytes, message: bytes) -> None:
        """Pass a message on."""
        for reader in self._channels.get(channel, ()):
            reader.hear(message)

    def miss(self, channel: bytes) -> None:
        """Say that messages may have been missed until now."""
        for reader in self._channels.get(channel, ()):
            reader.miss()

    def fail(self, channel: bytes, reason: str) -> None:
        """End all subscriptions of a channel, for a reason of ``CacheUnavailableError``."""
        for reader in self._channels.pop(channel, ()):
            reader.fail(CacheUnavailableError(reason))

    def close(self) -> None:
        """End all subscriptions."""
        for channel in list(self._channels):
            self.fail(channel, "closed")
