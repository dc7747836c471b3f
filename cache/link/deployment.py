"""The three ways in which people run Redis, each as what a loop, or threads, need of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from .cluster import ClusterCommands
from .connection import listening
from .hub import Hub, ShardedLines
from .line import PLAIN
from .outcome import only_one
from .sentinel import Sentinels
from .topology import Topology

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from redis.asyncio import Redis

    from ..breaker import Breaker
    from .address import Address
    from .kit import Kit

__all__ = ["Deployment", "open_deployment"]


class Deployment(NamedTuple):
    """What commands are sent through and messages heard from. Opens nothing until it is used.

    Attributes:
        redis: takes commands. In a cluster all keys of one must be in one slot.
        hub: takes readers.
        blame: to be called when a command was not answered. Says whether only one of several
            servers is to blame, which will be left in peace for a while.
        close: closes all connections.
        masters: returns a client for each server that holds a part of the data.
    """

    redis: Redis
    hub: Hub
    blame: Callable[[], bool]
    close: Callable[[], Awaitable[None]]
    masters: Callable[[], Awaitable[Sequence[Redis]]]


def open_deployment(address: Address, breaker: Breaker, kit: Kit) -> Deployment:
    """Prepare to connect. Each node of a cluster gets a breaker like this.

    Args:
        address: made for the same kind of caller as the kit.
        breaker: of the link.
        kit: of the running loop, or of threads.
    """
    if address.form == "cluster":
        return _cluster(address, breaker, kit)
    return _sentinel(address, kit) if address.form == "sentinel" else _single(address, kit)


def _single(address: Address, kit: Kit) -> Deployment:
    redis = kit.client(kit.pool(address.options))
    heard = kit.pool(listening(address.options))
    hub = Hub(lambda readers: kit.line(heard, PLAIN, readers, lambda _: None), kit.guard)

    async def close() -> None:
        await hub.close()
        await kit.close([redis])

    return Deployment(redis, hub, only_one, close, _just(redis))


def _sentinel(address: Address, kit: Kit) -> Deployment:
    sentinels = Sentinels(address, kit)
    redis = kit.client(kit.master_pool(address, sentinels))
    heard = kit.master_pool(address._replace(options=listening(address.options)), sentinels)
    hub = Hub(lambda readers: kit.line(heard, PLAIN, readers, lambda _: None), kit.guard)

    async def close() -> None:
        await hub.close()
        await kit.close([redis])
        await sentinels.aclose()

    return Deployment(redis, hub, only_one, close, _just(redis))


def _cluster(address: Address, breaker: Breaker, kit: Kit) -> Deployment:
    topology = Topology(address, kit)
    hub = Hub(lambda readers: ShardedLines(topology, address, readers, kit), kit.guard)

    async def close() -> None:
        await hub.close()
        await topology.close()

    make = cast("Callable[[Topology, Breaker], ClusterCommands]", ClusterCommands)
    commands = make(topology, breaker)
    return Deployment(cast("Redis", commands), hub, commands.blame, close, topology.masters)


def _just(redis: Redis) -> Callable[[], Awaitable[Sequence[Redis]]]:
    async def masters() -> Sequence[Redis]:
        return [redis]

    return masters
