"""Which node of a cluster serves what.

redis-py's own cluster client is not used. It reads the description of every command before its
first one, which stops the loop for 30 to 70 ms; it does so again after every lost connection, and
closes what other calls are using. All keys of a call are in one slot, so a plain client of the
right node is all that a call needs.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from redis.crc import key_slot
from redis.exceptions import ClusterDownError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from .address import Address, Host
    from .kit import Kit

__all__ = ["Topology"]

# While a node is away every call doubts the map: so often it is read at most.
_LOAD_PAUSE: Final = 0.3


class _Range(NamedTuple):
    first: int
    last: int
    owner: Host


class Topology:
    """The map of one cluster, and a client for each of its masters.

    Args:
        address: some nodes; one that answers is enough.
        kit: of one loop, or of all threads.
    """

    def __init__(self, address: Address, kit: Kit) -> None:
        self._address = address
        self._kit = kit
        self._inquiry = kit.inquiry(self._ask, self._take)
        self._nodes: dict[Host, Redis] = {}
        self._ranges: list[_Range] = []
        self._moved: dict[int, Host] = {}
        self._doubted = True
        self._load_again = 0.0

    def node(self, host: Host) -> Redis:
        """Return the client of one node."""
        if (known := self._nodes.get(host)) is not None:
            return known
        options = {**self._address.options, "host": host[0], "port": host[1]}
        return self._nodes.setdefault(host, self._kit.client(self._kit.pool(options)))

    async def settled(self) -> None:
        """Wait for a new map if the last one is in doubt.

        Raises:
            redis.exceptions.ConnectionError: no node has a map.
        """
        if self._doubted:
            self._load_again = time.monotonic() + _LOAD_PAUSE
            await self._inquiry.answer(self._hosts())

    async def masters(self) -> list[Redis]:
        """Return the clients of all nodes that serve slots.

        Raises:
            redis.exceptions.ConnectionError: no node has a map.
        """
        await self.settled()
        return [self.node(host) for host in dict.fromkeys(known.owner for known in self._ranges)]

    async def owner(self, key: bytes) -> Host:
        """Return the node that serves a key. Waits for the first map only, not for a newer one.

        Raises:
            redis.exceptions.ConnectionError: no node has a map.
            redis.exceptions.ClusterDownError: the map says that nobody serves this key.
        """
        if not self._ranges:
            await self.settled()
        elif self._doubted and time.monotonic() >= self._load_again:
            self._load_again = time.monotonic() + _LOAD_PAUSE
            self._inquiry.begin(self._hosts())
        slot, ranges = key_slot(key), self._ranges
        if (moved := self._moved.get(slot)) is not None:
            return moved
        at = bisect_right(ranges, slot, key=lambda known: known.first) - 1
        if at < 0 or slot > ranges[at].last:
            self._doubted = True
            raise ClusterDownError("no node serves this slot")
        return ranges[at].owner

    def doubt(self) -> None:
        """Something did not work: look where things are."""
        self._doubted = True

    def moved(self, slot: int, host: Host) -> None:
        """Believe a node that says who serves a slot now."""
        self._moved[slot] = host
        self._doubted = True

    async def close(self) -> None:
        """Close all connections."""
        await self._inquiry.close()
        await self._kit.close(list(self._nodes.values()))

    def _hosts(self) -> list[Host]:
        return list(dict.fromkeys([*self._nodes, *self._address.hosts]))

    async def _ask(self, host: Host) -> list[_Range] | None:
        answer = await cast("Any", self.node(host)).execute_command("CLUSTER SLOTS")
        ranges = sorted(
            # A node that does not know its own name leaves it empty.
            _Range(first, last, (_text(named[0]) or host[0], named[1]))
            for first, last, named, *_ in answer
        )
        return ranges or None

    def _take(self, ranges: list[_Range]) -> None:
        self._ranges = ranges
        self._moved.clear()
        self._doubted = False


def _text(name: bytes | str | None) -> str:
    return name.decode() if isinstance(name, bytes) else name or ""
