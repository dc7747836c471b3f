"""Which node of a cluster serves what.

redis-py's own cluster client is not used. It reads the description of every command before its
first one, which stops the loop for 30 to 70 ms; it does so again after every lost connection, and
closes what other calls are using. All keys of a call are in one slot, so a plain client of the
right node is all that a call needs.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from redis.crc import key_slot
from redis.exceptions import ClusterDownError
from redis.exceptions import ConnectionError as RedisConnectionError

from .connection import server

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from .address import Address, Host

__all__ = ["Topology"]

# What a map of the cluster may take to come; a call gives up earlier, and the next finds it.
_LOAD_SECONDS: Final = 5.0

# While a node is away every call doubts the map: so often it is read at most.
_LOAD_PAUSE: Final = 0.3


class _Range(NamedTuple):
    first: int
    last: int
    owner: Host


class Topology:
    """The map of one cluster, and a client for each of its masters. Belongs to one loop.

    Args:
        address: some nodes; one that answers is enough.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._nodes: dict[Host, Redis] = {}
        self._ranges: list[_Range] = []
        self._moved: dict[int, Host] = {}
        self._doubted = True
        self._load_again = 0.0
        self._loading: asyncio.Task[None] | None = None

    def node(self, host: Host) -> Redis:
        """Return the client of one node."""
        if host not in self._nodes:
            self._nodes[host] = server(self._address.options, *host)
        return self._nodes[host]

    async def settled(self) -> None:
        """Wait for a new map if the last one is in doubt.

        Raises:
            redis.exceptions.ConnectionError: no node has a map.
        """
        if self._doubted:
            # It goes on if this call gives up: the next one may find it done.
            await asyncio.shield(self._load_once())

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
        elif self._doubted and asyncio.get_running_loop().time() >= self._load_again:
            self._load_once()
        slot = key_slot(key)
        if slot in self._moved:
            return self._moved[slot]
        at = bisect_right(self._ranges, slot, key=lambda known: known.first) - 1
        if at < 0 or slot > self._ranges[at].last:
            self._doubted = True
            raise ClusterDownError("no node serves this slot")
        return self._ranges[at].owner

    def doubt(self) -> None:
        """Something did not work: look where things are."""
        self._doubted = True

    def moved(self, slot: int, host: Host) -> None:
        """Believe a node that says who serves a slot now."""
        self._moved[slot] = host
        self._doubted = True

    async def close(self) -> None:
        """Close all connections."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        await asyncio.gather(*(node.aclose() for node in self._nodes.values()))

    def _load_once(self) -> asyncio.Task[None]:
        if self._loading is None or self._loading.done():
            self._load_again = asyncio.get_running_loop().time() + _LOAD_PAUSE
            self._loading = asyncio.create_task(self._load(), name="streamward-redis-map")
            self._loading.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._loading

    async def _load(self) -> None:
        hosts = dict.fromkeys([*self._nodes, *self._address.hosts])
        asked = [asyncio.create_task(self._ask(host)) for host in hosts]
        try:
            async with asyncio.timeout(_LOAD_SECONDS):
                for answer in asyncio.as_completed(asked):
                    if ranges := await answer:
                        self._take(ranges)
                        return
        finally:
            for task in asked:
                task.cancel()
        raise RedisConnectionError("no node knows the cluster")

    async def _ask(self, host: Host) -> list[_Range]:
        with contextlib.suppress(Exception):  # whatever it is, this one cannot tell
            answer = await cast("Any", self.node(host)).execute_command("CLUSTER SLOTS")
            return sorted(
                # A node that does not know its own name leaves it empty.
                _Range(first, last, (_text(named[0]) or host[0], named[1]))
                for first, last, named, *_ in answer
            )
        return []

    def _take(self, ranges: list[_Range]) -> None:
        self._ranges = ranges
        self._moved.clear()
        self._doubted = False


def _text(name: bytes | str | None) -> str:
    return name.decode() if isinstance(name, bytes) else name or ""
