"""What a loop reaches Redis with."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from redis.asyncio import ConnectionPool, Redis

from ..live.tasks import LoopTasks
from .connection import master_pool, new_connection
from .inquiry import LoopInquiry
from .line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping

    from .address import Address, Host
    from .inquiry import Inquiry
    from .line import Verbs
    from .sentinel import Sentinels
    from .subscription import Readers

__all__ = ["LoopKit"]

_T = TypeVar("_T")


class LoopKit:
    """The parts for one loop."""

    def __init__(self) -> None:
        self.tasks = LoopTasks()
        self.guard = nullcontext()

    def pool(self, options: Mapping[str, Any]) -> ConnectionPool:
        """Return connections to one server."""
        return ConnectionPool(**options)

    def master_pool(self, address: Address, sentinels: Sentinels) -> ConnectionPool:
        """Return connections to the master."""
        return master_pool(address, sentinels)

    def client(self, pool: ConnectionPool) -> Redis:
        """Return a client."""
        return Redis.from_pool(pool)

    async def close(self, clients: Iterable[Redis]) -> None:
        """Close them at the same time: one that hangs holds up no other."""
        await asyncio.gather(*(client.aclose() for client in clients))

    def inquiry(
        self, ask: Callable[[Host], Coroutine[Any, Any, _T | None]], take: Callable[[_T], None]
    ) -> Inquiry:
        """Ask in tasks."""
        return LoopInquiry(ask, take)

    def line(
        self,
        pool: ConnectionPool,
        verbs: Verbs,
        readers: Readers,
        lost: Callable[[Collection[bytes]], None],
    ) -> Line:
        """Listen in a task."""
        return Line(lambda: new_connection(pool), verbs, readers, lost)
