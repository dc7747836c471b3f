"""All that a loop, or a process, listens to, on as few connections as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .connection import listening
from .line import SHARDED
from .subscription import Readers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager

    from ..live.tasks import Task
    from .address import Address, Host
    from .kit import Kit, Lines
    from .subscription import Subscription
    from .topology import Topology

__all__ = ["Hub", "ShardedLines"]

# Between two attempts to find the nodes of channels that have none.
_PAUSE: Final = 0.1


class Hub:
    """Brings readers and lines together.

    Args:
        lines: makes the lines, which tell ``Readers`` what they hear.
        guard: held by whoever changes readers or lines.
    """

    def __init__(
        self, lines: Callable[[Readers], Lines], guard: AbstractContextManager[object]
    ) -> None:
        self._readers = Readers()
        self._lines = lines(self._readers)
        self._guard = guard

    def add(self, channel: bytes, reader: Subscription) -> None:
        """Let ``reader`` hear ``channel``."""
        with self._guard:
            if self._readers.add(channel, reader):
                self._lines.want(channel)
            if self._lines.hears(channel):  # also when the last one has only just left
                reader.miss()

    def remove(self, channel: bytes, reader: Subscription) -> None:
        """Let ``reader`` hear no more; the last one to leave ends the subscription."""
        with self._guard:
            if self._readers.remove(channel, reader):
                self._lines.leave(channel)

    async def close(self) -> None:
        """Close the connections, and tell those who are still listening."""
        with self._guard:
            self._readers.close()
        await self._lines.close()


class ShardedLines:
    """A connection to each node of a cluster that is needed; channels move when their slots do.

    Plain channels would do too, but a cluster sends each of their messages to every node.

    Args:
        topology: says where a channel is.
        address: what connections to a node are made with.
        readers: who is told what is heard.
        kit: makes the lines.
    """

    def __init__(self, topology: Topology, address: Address, readers: Readers, kit: Kit) -> None:
        self._topology = topology
        self._options = listening(address.options)
        self._readers = readers
        self._kit = kit
        self._lines: dict[Host, Lines] = {}
        self._places: dict[bytes, Host] = {}
        self._unplaced: dict[bytes, None] = {}
        self._wake = kit.tasks.signal()
        self._shaken = False  # something was lost: pause before the next look
        self._task: Task | None = None

    def want(self, channel: bytes) -> None:
        """Listen to ``channel``, from some moment on that the readers are told."""
        self._unplaced[channel] = None
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = self._kit.tasks.start(self._run())

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
            await self._kit.tasks.end([self._task])
        for line in self._lines.values():
            await line.close()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            if self._shaken:
                # A cluster that is changing says for a moment what was true before.
                self._shaken = False
                await self._kit.tasks.sleep(_PAUSE)
            self._wake.clear()
            for channel in list(self._unplaced):
                try:
                    await self._topology.settled()
                    place = await self._topology.owner(channel)
                except Exception:  # noqa: BLE001 - the cluster is away: look again
                    self._shaken = True
                    self._wake.set()
                    break
                self._place(channel, place)

    def _place(self, channel: bytes, place: Host) -> None:
        with self._kit.guard:
            if channel in self._unplaced:
                del self._unplaced[channel]
                self._places[channel] = place
                self._line(place).want(channel)

    def _line(self, place: Host) -> Lines:
        if place not in self._lines:
            pool = self._kit.pool({**self._options, "host": place[0], "port": place[1]})
            self._lines[place] = self._kit.line(pool, SHARDED, self._readers, self._lost)
        return self._lines[place]

    def _lost(self, channels: Collection[bytes]) -> None:
        for channel in channels:
            self.leave(channel)
            self._unplaced[channel] = None
        self._topology.doubt()
        self._shaken = True
        self._wake.set()
