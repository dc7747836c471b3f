"""What threads reach Redis with."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..live.thread import ThreadTasks
from .blocking import InlineRedis, blocking_master_pool, blocking_pool
from .thread_inquiry import ThreadInquiry, at_once
from .thread_line import ThreadLine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping

    from redis import ConnectionPool
    from redis.asyncio import Redis

    from .address import Address, Host
    from .inquiry import Inquiry
    from .line import Verbs
    from .sentinel import Sentinels
    from .subscription import Readers

__all__ = ["ThreadKit"]

_T = TypeVar("_T")


class ThreadKit:
    """The parts for all threads of the process."""

    def __init__(self) -> None:
        # A thread of its own: to look for a node may take longer than live work may be kept.
        self.tasks = ThreadTasks()
        self.guard = threading.Condition(threading.RLock())

    def pool(self, options: Mapping[str, Any]) -> ConnectionPool:
        """Return connections to one server."""
        return blocking_pool(options)

    def master_pool(self, address: Address, sentinels: Sentinels) -> ConnectionPool:
        """Return connections to the master."""
        return blocking_master_pool(
            address, lambda: at_once(sentinels.discover_master(address.service))
        )

    def client(self, pool: ConnectionPool) -> Redis:
        """Return a client."""
        client: Any = InlineRedis(connection_pool=pool)
        return cast("Redis", client)

    async def close(self, clients: Iterable[Redis]) -> None:
        """Close them."""
        for client in clients:
            await client.aclose()

    def inquiry(
        self, ask: Callable[[Host], Coroutine[Any, Any, _T | None]], take: Callable[[_T], None]
    ) -> Inquiry:
        """Ask in threads."""
        return ThreadInquiry(ask, take)

    def line(
        self,
        pool: ConnectionPool,
        verbs: Verbs,
        readers: Readers,
        lost: Callable[[Collection[bytes]], None],
    ) -> ThreadLine:
        """Listen in a thread."""
        connect = cast("Any", pool).connection_class
        return ThreadLine(
            lambda: connect(**pool.connection_kwargs), verbs, readers, lost, self.guard
        )
