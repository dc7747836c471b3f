"""The master that sentinels name, also after it has changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import (
    MasterNotFoundError,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from .connection import aborting, server

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from .address import Address

__all__ = ["Sentinels", "master_pool"]

# A call gives up earlier; the next one may find the answer.
_ASK_SECONDS: Final = 5.0


class Sentinels:
    """Asks all sentinels at once; the first that knows a living master is believed.

    Takes the place of redis-py's ``Sentinel``, which asks them one after the other. One that is
    gone without a word would then use up the time of every call. Connections that are opened at
    the same time share one question.
    """

    def __init__(self, address: Address) -> None:
        self._sentinels = [server(address.sentinel_options, *host) for host in address.hosts]
        self._asking: asyncio.Task[tuple[str, int]] | None = None

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return host and port.

        Raises:
            MasterNotFoundError: no sentinel answered, or none knows a master that lives.
        """
        if self._asking is None or self._asking.done():
            work = self._discover(service_name)
            self._asking = asyncio.create_task(work, name="streamward-redis-master")
            self._asking.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(self._asking)  # it goes on if this connection gives up

    async def _discover(self, service_name: str) -> tuple[str, int]:
        asked = [asyncio.create_task(self._ask(one, service_name)) for one in self._sentinels]
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                for answer in asyncio.as_completed(asked):
                    if (found := await answer) is not None:
                        return found
        finally:
            for task in asked:
                task.cancel()
        raise MasterNotFoundError("no sentinel knows a master")

    async def aclose(self) -> None:
        """Close the connections to the sentinels."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await asyncio.gather(*(sentinel.aclose() for sentinel in self._sentinels))

    async def _ask(self, sentinel: Redis, service: str) -> tuple[str, int] | None:
        try:
            known = cast("dict[str, Any]", await sentinel.sentinel_masters())
        except Exception:  # noqa: BLE001 - whatever it is, this one cannot tell
            return None
        state = known.get(service)
        if not state or state["is_sdown"] or state["is_odown"]:
            return None
        return state["ip"], state["port"]


def master_pool(address: Address, sentinels: Sentinels) -> SentinelConnectionPool:
    """Return connections to whatever is the master when they are opened."""
    secure = issubclass(address.options["connection_class"], SSLConnection)
    transport = SentinelManagedSSLConnection if secure else SentinelManagedConnection
    options = {**address.options, "connection_class": aborting(transport)}
    options.pop("port", None)
    make = cast("Callable[..., SentinelConnectionPool]", SentinelConnectionPool)
    return make(address.service, sentinels, **options)
