"""One Redis, for any number of event loops, each call bounded in time.

Only this module and the folder ``link`` import the extra ``redis``.

Strategy: redis-py's connections belong to the loop that opened them, while a cache is made
before any loop runs. So each loop gets its own client when it first calls. The client lives in
an asynchronous generator: when a loop ends, ``loop.shutdown_asyncgens()`` (which
``asyncio.run`` and every server call) closes it, also if nobody closes the cache.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from ..wire.errors import CacheUnavailableError
from .link.address import read_url
from .link.deployment import open_deployment
from .link.loop_kit import LoopKit
from .link.outcome import outcome
from .link.subscription import Subscription
from .signal import LoopSignal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from redis.asyncio import Redis

    from .breaker import Breaker
    from .link.deployment import Deployment
    from .link.script import Script, Value

__all__ = ["RedisLink"]

_T = TypeVar("_T")

# Connections per loop, and so commands under way. On one connection a lookup takes under a
# millisecond: more connections would only queue in Redis what can as well queue here.
MAX_CONNECTIONS: Final = 32

_CLOSE_SECONDS: Final = 1.0


class _Client(NamedTuple):
    deployment: Deployment
    slots: asyncio.Semaphore
    lifetime: AsyncGenerator[None]


class RedisLink:
    """Sends commands to one Redis, under a time limit and a breaker.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``, or one with ``+sentinel`` or ``+cluster``
            behind the first word; redis-py's query parameters may follow.
        breaker: shared by all loops; each node of a cluster has one like it in each loop.

    Raises:
        ValueError: the URL, or one of its parameters, cannot be used.
    """

    def __init__(self, url: str, breaker: Breaker) -> None:
        self._address = read_url(url, MAX_CONNECTIONS)
        self._breaker = breaker
        self._clients: dict[asyncio.AbstractEventLoop, _Client] = {}

    async def call(self, command: Callable[[Redis], Awaitable[_T]], seconds: float) -> _T:
        """Return what ``command`` returns, within ``seconds`` (connecting included).

        A command whose connection breaks is sent once more, so it may be carried out twice.

        Raises:
            CacheUnavailableError: for each of its reasons.
            CacheFullError: Redis is at its ``maxmemory``.
        """
        if not self._breaker.admits():
            raise CacheUnavailableError("paused")
        client = await self._client()
        sent = False
        try:
            async with asyncio.timeout(seconds), client.slots:
                sent = True
                answer = await command(client.deployment.redis)
        except Exception as error:
            # Whatever redis-py raises: the answer must stream (P10).
            if not sent:
                raise CacheUnavailableError("busy") from error  # says nothing about Redis
            raise outcome(error, self._breaker, client.deployment.blame) from error
        self._breaker.succeeded()
        return answer

    async def masters(self, seconds: float) -> Sequence[Redis]:
        """Return a client for each server that holds a part of the data, as :meth:`call` errs.

        Use them inside a :meth:`call`, which bounds and translates what they do.
        """
        deployment = (await self._client()).deployment
        return await self.call(lambda _: deployment.masters(), seconds)

    async def script(
        self, script: Script, keys: Sequence[str], args: Sequence[Value], seconds: float
    ) -> Any:
        """Run a script within ``seconds``, like :meth:`call`; keys are all in one cluster slot."""
        return await self.call(lambda redis: script.run(redis, keys, args), seconds)

    @contextlib.asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncGenerator[Subscription]:
        """Hear what is published on ``channel`` until the block ends.

        Waits for nothing. All channels of a loop share one connection, which is not one of those
        that :meth:`call` uses; it is opened at need, and again when it is lost.
        """
        hub = (await self._client()).deployment.hub
        name, reader = channel.encode(), Subscription(LoopSignal())
        hub.add(name, reader)
        try:
            yield reader
        finally:
            hub.remove(name, reader)

    @property
    def publish(self) -> str:
        """The command by which a script reaches those who :meth:`subscribe`."""
        return self._address.publish

    async def close(self) -> None:
        """Close the connections of the running loop. The next call opens new ones."""
        client = self._clients.get(asyncio.get_running_loop())
        if client is not None:
            await client.lifetime.aclose()

    async def _client(self) -> _Client:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            for ended in [known for known in self._clients if known.is_closed()]:
                del self._clients[ended]
            lifetime = self._lifetime(loop)
            self._clients[loop] = _Client(
                open_deployment(self._address, self._breaker, LoopKit()),
                asyncio.Semaphore(MAX_CONNECTIONS),
                lifetime,
            )
            await anext(lifetime)
        return self._clients[loop]

    async def _lifetime(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            client = self._clients.pop(loop)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await client.deployment.close()
