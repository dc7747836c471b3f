"""The three ways in which people run Redis, each as what one loop needs of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from redis.asyncio import ConnectionPool, Redis

from .cluster import ClusterCommands
from .connection import listening, new_connection
from .hub import Hub, OneLine, ShardedLines
from .outcome import only_one
from .sentinel import Sentinels, master_pool
from .topology import Topology

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..breaker import Breaker
    from .address import Address, Host
    from .connection import ListeningConnection

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


def open_deployment(address: Address, breaker: Breaker) -> Deployment:
    """Prepare to connect from the running loop. Each node of a cluster gets a breaker like this."""
    if address.form == "cluster":
        return _cluster(address, breaker)
    return _sentinel(address) if address.form == "sentinel" else _single(address)


def _single(address: Address) -> Deployment:
    redis = Redis.from_pool(ConnectionPool(**address.options))
    heard = ConnectionPool(**listening(address.options))
    hub = Hub(lambda readers: OneLine(lambda: new_connection(heard), readers))

    async def close() -> None:
        await hub.close()
        await redis.aclose()

    return Deployment(redis, hub, only_one, close, _just(redis))


def _sentinel(address: Address) -> Deployment:
    sentinels = Sentinels(address)
    redis = Redis.from_pool(master_pool(address, sentinels))
    heard = master_pool(address._replace(options=listening(address.options)), sentinels)
    hub = Hub(lambda readers: OneLine(lambda: new_connection(heard), readers))

    async def close() -> None:
        await hub.close()
        await redis.aclose()
        await sentinels.aclose()

    return Deployment(redis, hub, only_one, close, _just(redis))


def _cluster(address: Address, breaker: Breaker) -> Deployment:
    topology = Topology(address)

    def connection(host: Host) -> ListeningConnection:
        options = listening(address.options, host=host[0], port=host[1])
        return new_connection(ConnectionPool(**options))

    hub = Hub(lambda readers: ShardedLines(topology, connection, readers))

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
