"""One Redis, for threads without an event loop, each call bounded in time.

The coroutines here never pause: they do their work in the thread that drives them, through
redis-py's blocking client. So everything above them is the same for loops and for threads.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ...wire.errors import CacheUnavailableError
from ..live.thread import ThreadTasks
from .blocking import DEADLINE, InlineRedis, blocking_options, blocking_pool
from .line import PLAIN
from .outcome import outcome
from .subscription import Subscription
from .thread_line import ThreadLine

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from redis.asyncio import Redis

    from ..breaker import Breaker
    from .script import Script, Value

__all__ = ["ThreadLink"]

_T = TypeVar("_T")


class ThreadLink:
    """Sends commands to one Redis, under a time limit and a breaker.

    Args:
        url: as of ``RedisLink``.
        breaker: shared by all threads.
        max_connections: commands under way at one time.
        tasks: who hears what is subscribed to.

    Raises:
        ValueError: the URL, or one of its parameters, cannot be used.
        ConfigurationError: a file of TLS is not there.
    """

    publish = "PUBLISH"

    def __init__(
        self, url: str, breaker: Breaker, max_connections: int, tasks: ThreadTasks
    ) -> None:
        options = blocking_options(url, max_connections)
        self._breaker = breaker
        self._tasks = tasks
        self._pool = blocking_pool(options)
        self._redis = InlineRedis(connection_pool=self._pool)
        self._slots = threading.BoundedSemaphore(max_connections)
        listening = blocking_pool({**options, "protocol": 2})
        self._line = ThreadLine(
            lambda: cast("Any", listening.connection_class)(**listening.connection_kwargs), PLAIN
        )

    async def call(self, command: Callable[[Redis], Awaitable[_T]], seconds: float) -> _T:
        """Return what ``command`` returns, within ``seconds``. See ``RedisLink.call``."""
        if not self._breaker.admits():
            raise CacheUnavailableError("paused")
        until = time.monotonic() + seconds
        if not self._slots.acquire(timeout=seconds):
            raise CacheUnavailableError("busy")  # says nothing about Redis
        deadline = DEADLINE.set(until)
        try:
            answer = await command(cast("Any", self._redis))
        except Exception as error:
            # Whatever redis-py raises: the answer must stream (P10).
            raise outcome(error, self._breaker) from error
        finally:
            DEADLINE.reset(deadline)
            self._slots.release()
        self._breaker.succeeded()
        return answer

    async def script(
        self, script: Script, keys: Sequence[str], args: Sequence[Value], seconds: float
    ) -> Any:
        """Run a script within ``seconds``."""
        return await self.call(lambda redis: script.run(redis, keys, args), seconds)

    @contextlib.asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncGenerator[Subscription]:
        """Hear what is published on ``channel`` until the block ends."""
        name, reader = channel.encode(), Subscription(self._tasks.signal())
        self._line.add(name, reader)
        try:
            yield reader
        finally:
            self._line.remove(name, reader)

    async def close(self) -> None:
        """Close the connections. The next call opens new ones."""
        self._line.close()
        self._pool.disconnect()
