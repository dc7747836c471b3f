"""All that one loop listens to, on as few connections as can be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from .line import PLAIN, SHARDED, Line
from .subscription import Readers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .address import Host
    from .connection import ListeningConnection
    from .subscription import Subscription
    from .topology import Topology

__all__ = ["Hub", "OneLine", "ShardedLines"]

# Between two attempts to find the nodes of channels that have none.
_PAUSE: Final = 0.1


class _Lines(Protocol):
    """Where channels are heard. Each channel is wanted once, however many readers it has."""

    def want(self, channel: bytes) -> None: ...
    def leave(self, channel: bytes) -> None: ...
    def hears(self, channel: bytes) -> bool: ...
    async def close(self) -> None: ...


class Hub:
    """Brings readers and lines together.

    Args:
        lines: makes the lines, which tell ``Readers`` what they hear.
    """

    def __init__(self, lines: Callable[[Readers], _Lines]) -> None:
        self._readers = Readers()
        self._lines = lines(self._readers)

    def add(self, channel: bytes, reader: Subscription) -> None:
        """Let ``reader`` hear ``channel``."""
        if self._readers.add(channel, reader):
            self._lines.want(channel)
        if self._lines.hears(channel):  # also when the last one has only just left
            reader.miss()

    def remove(self, channel: bytes, reader: Subscription) -> None:
        """Let ``reader`` hear no more; the last one to leave ends the subscription."""
        if self._readers.remove(channel, reader):
            self._lines.leave(channel)

    async def close(self) -> None:
        """Close the connections, and tell those who are still listening."""
        self._readers.close()
        await self._lines.close()


class OneLine(Line):
    """One connection to one server."""

    def __init__(self, connection: Callable[[], ListeningConnection], readers: Readers) -> None:
        super().__init__(connection, PLAIN, readers, lambda _: None)


class ShardedLines:
    """A connection to each node of a cluster that is needed; channels move when their slots do.

    Plain channels would do too, but a cluster sends each of their messages to every node.

    Args:
        topology: says where a channel is.
        connection: makes a connection to a node, not open yet.
        readers: who is told what is heard.
    """

    def __init__(
        self,
        topology: Topology,
        connection: Callable[[Host], ListeningConnection],
        readers: Readers,
    ) -> None:
        self._topology = topology
        self._connection = connection
        self._readers = readers
        self._lines: dict[Host, Line] = {}
        self._places: dict[bytes, Host] = {}
        self._unplaced: dict[bytes, None] = {}
        self._wake = asyncio.Event()
        self._shaken = False  # something was lost: pause before the next look
        self._task: asyncio.Task[None] | None = None

    def want(self, channel: bytes) -> None:
        """Listen to ``channel``, from some moment on that the readers are told."""
        self._unplaced[channel] = None
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="streamward-redis-places")

    def leave(self, channel: bytes) -> None:
        """Listen to ``channel`` no more."""
        self._unplaced.pop(channel, None)
        place = self._places.pop(channel, None)
        if place is not None:
            self._lines[place].leave(channel)

    def hears(self, channel: bytes) -> bool:
        """Say whether messages of ``channel`` come in at present."""
        return channel in self._places and self._lines[self._places[channel]].hears(channel)

    async def close(self) -> None:
        """Close all connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*(line.close() for line in self._lines.values()))

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            if self._shaken:
                # A cluster that is changing says for a moment what was true before.
                self._shaken = False
                await asyncio.sleep(_PAUSE)
            self._wake.clear()
            for channel in list(self._unplaced):
                try:
                    await self._topology.settled()
                    place = await self._topology.owner(channel)
                except Exception:  # noqa: BLE001 - the cluster is away: look again
                    self._shaken = True
                    self._wake.set()
                    break
                if channel in self._unplaced:
                    del self._unplaced[channel]
                    self._places[channel] = place
                    self._line(place).want(channel)

    def _line(self, place: Host) -> Line:
        if place not in self._lines:
            self._lines[place] = Line(
                lambda: self._connection(place), SHARDED, self._readers, self._lost
            )
        return self._lines[place]

    def _lost(self, channels: Collection[bytes]) -> None:
        for channel in channels:
            self.leave(channel)
            self._unplaced[channel] = None
        self._topology.doubt()
        self._shaken = True
        self._wake.set()
