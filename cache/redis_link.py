"""One Redis, for any number of event loops, each call bounded in time.

Only this module imports the extra ``redis``.

Strategy: redis-py's connections belong to the loop that opened them, while a cache is made
before any loop runs. So each loop gets its own client when it first calls. The client lives in
an asynchronous generator: when a loop ends, ``loop.shutdown_asyncgens()`` (which
``asyncio.run`` and every server call) closes it, also if nobody closes the cache.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

from redis import exceptions
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ..wire.errors import CacheError, CacheFullError, CacheUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from .breaker import Breaker

__all__ = ["RedisLink"]

_T = TypeVar("_T")

# Connections per loop, and so commands under way. On one connection a lookup takes under a
# millisecond: more connections would only queue in Redis what can as well queue here.
MAX_CONNECTIONS: Final = 32

_CLOSE_SECONDS: Final = 1.0


class _Aborting(AbstractConnection):
    """Drops what is still to be sent when a command fails or runs out of time.

    redis-py closes politely, and asyncio then keeps socket and buffer until the other side has
    read everything. A stopped Redis never does: each large recording would stay in memory.
    """

    __slots__ = ()

    async def disconnect(self, nowait: bool = False, *args: Any, **kwargs: Any) -> None:  # noqa: FBT001, FBT002 - the signature of redis-py
        writer: asyncio.StreamWriter | None = getattr(self, "_writer", None)
        if nowait and writer is not None:
            writer.transport.abort()
        await super().disconnect(nowait, *args, **kwargs)


class _Client(NamedTuple):
    redis: Redis
    slots: asyncio.Semaphore
    lifetime: AsyncGenerator[None]


class RedisLink:
    """Sends commands to one Redis, under a time limit and a breaker.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``, with redis-py's query parameters.
        breaker: shared by all loops.

    Raises:
        ValueError: the URL, or one of its parameters, cannot be used.
    """

    def __init__(self, url: str, breaker: Breaker) -> None:
        self._options = _connection_options(url)
        self._breaker = breaker
        self._clients: dict[asyncio.AbstractEventLoop, _Client] = {}

    async def call(self, command: Callable[[Redis], Awaitable[_T]], seconds: float) -> _T:
        """Return what ``command`` returns, within ``seconds`` (connecting included).

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
                answer = await command(client.redis)
        except Exception as error:
            # Whatever redis-py raises: the answer must stream (P10).
            raise self._outcome(error, sent=sent) from error
        self._breaker.succeeded()
        return answer

    async def close(self) -> None:
        """Close the connections of the running loop. The next call opens new ones."""
        client = self._clients.get(asyncio.get_running_loop())
        if client is not None:
            await client.lifetime.aclose()

    def _outcome(self, error: Exception, *, sent: bool) -> CacheError:
        """Translate an error, and tell the breaker what it says about Redis."""
        if not sent:
            return CacheUnavailableError("busy")  # says nothing about Redis
        if isinstance(error, exceptions.ResponseError):
            self._breaker.succeeded()
            full = isinstance(error, exceptions.OutOfMemoryError)
            return CacheFullError("Redis is full") if full else CacheUnavailableError("refused")
        self._breaker.failed()
        late = isinstance(error, (TimeoutError, exceptions.TimeoutError))
        return CacheUnavailableError("timeout" if late else "unreachable")

    async def _client(self) -> _Client:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            for ended in [known for known in self._clients if known.is_closed()]:
                del self._clients[ended]
            pool = ConnectionPool(**self._options)
            redis, lifetime = Redis.from_pool(pool), self._lifetime(loop)
            self._clients[loop] = _Client(redis, asyncio.Semaphore(MAX_CONNECTIONS), lifetime)
            await anext(lifetime)
        return self._clients[loop]

    async def _lifetime(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            client = self._clients.pop(loop)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await client.redis.aclose()


def _connection_options(url: str) -> Mapping[str, Any]:
    given = cast("Mapping[str, Any]", parse_url(url))
    transport = given.get("connection_class", Connection)
    options: dict[str, Any] = {
        # RESP2 spares the greeting; a URL with ?protocol=3 has it.
        "protocol": 2,
        **given,
        # What follows is not for the URL to change: bytes stay bytes, and the limit of each
        # call is ours alone.
        "connection_class": type("AbortingConnection", (_Aborting, transport), {}),
        "decode_responses": False,
        "max_connections": MAX_CONNECTIONS,
        "socket_timeout": None,
        "socket_connect_timeout": None,
        # One more attempt, for a connection that Redis closed while it was idle.
        "retry": Retry(NoBackoff(), 1),
        "retry_on_error": [exceptions.ConnectionError],  # redis-py 5 repeats nothing else
    }
    try:
        # A parameter that redis-py does not know shows up here, not at the first request.
        pool = ConnectionPool(**options)
        pool.connection_class(**pool.connection_kwargs)
    except Exception as error:
        raise ValueError(str(error)) from error
    return options
