"""One Redis, in whatever form people run it, for threads; each call is bounded in time.

The coroutines here never pause: they do their work in the thread that drives them, through
redis-py's blocking client. So everything above them is the same for loops and for threads.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from ...wire.errors import CacheUnavailableError
from .address import read_url
from .blocking import DEADLINE, blocking_options
from .deployment import open_deployment
from .outcome import outcome
from .subscription import Subscription
from .thread_kit import ThreadKit

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from redis.asyncio import Redis

    from ..breaker import Breaker
    from ..live.tasks import Tasks
    from .deployment import Deployment
    from .script import Script, Value

__all__ = ["ThreadLink"]

_T = TypeVar("_T")


class ThreadLink:
    """Sends commands to one Redis, under a time limit and a breaker.

    Args:
        url: as of ``RedisLink``.
        breaker: shared by all threads; each node of a cluster has one like it.
        max_connections: commands under way at one time.
        tasks: who hears what is subscribed to.

    Raises:
        ValueError: the URL, or one of its parameters, cannot be used.
        ConfigurationError: a file of TLS is not there.
    """

    def __init__(self, url: str, breaker: Breaker, max_connections: int, tasks: Tasks) -> None:
        self._address = read_url(url, max_connections, blocking_options)
        self._breaker = breaker
        self._tasks = tasks
        self._kit = ThreadKit()
        self._deployment = self._opened()
        self._slots = threading.BoundedSemaphore(max_connections)

    async def call(self, command: Callable[[Redis], Awaitable[_T]], seconds: float) -> _T:
        """Return what ``command`` returns, within ``seconds``. See ``RedisLink.call``."""
        if not self._breaker.admits():
            raise CacheUnavailableError("paused")
        until = time.monotonic() + seconds
        if not self._slots.acquire(timeout=seconds):
            raise CacheUnavailableError("busy")  # says nothing about Redis
        deployment = self._deployment
        deadline = DEADLINE.set(until)
        try:
            answer = await command(deployment.redis)
        except Exception as error:
            # Whatever redis-py raises: the answer must stream (P10).
            raise outcome(error, self._breaker, deployment.blame) from error
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
        hub = self._deployment.hub
        name, reader = channel.encode(), Subscription(self._tasks.signal())
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
        """Close the connections. The next call opens new ones."""
        ended, self._deployment = self._deployment, self._opened()
        await ended.close()

    def _opened(self) -> Deployment:
        return open_deployment(self._address, self._breaker, self._kit)
