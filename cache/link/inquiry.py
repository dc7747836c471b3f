"""One question to several servers: the first that knows the answer is believed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from redis.exceptions import ConnectionError as RedisConnectionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from .address import Host

__all__ = ["INQUIRY_SECONDS", "Inquiry", "LoopInquiry", "nobody_knows"]

_T = TypeVar("_T")

# What an answer may take to come. A call gives up earlier, and the next finds it.
INQUIRY_SECONDS: Final = 5.0


class Inquiry(Protocol):
    """Asks all hosts at once, so that one that is gone without a word keeps nobody waiting.

    Those who want to know at the same time share one question. It goes on when they give up.
    """

    def begin(self, hosts: Iterable[Host]) -> None:
        """Ask, unless that is being done."""
        ...

    async def answer(self, hosts: Iterable[Host]) -> None:
        """Ask, unless that is being done, and wait until the answer was taken.

        Raises:
            redis.exceptions.ConnectionError: nobody knows.
            TimeoutError: nobody knows yet.
        """
        ...

    async def close(self) -> None:
        """Wait no more."""
        ...


class LoopInquiry(Generic[_T]):
    """Asks in tasks of the running loop.

    Args:
        ask: returns what a host says, or None if it cannot tell.
        take: is given the first answer.
    """

    def __init__(
        self, ask: Callable[[Host], Awaitable[_T | None]], take: Callable[[_T], None]
    ) -> None:
        self._ask = ask
        self._take = take
        self._asking: asyncio.Task[None] | None = None

    def begin(self, hosts: Iterable[Host]) -> None:
        """Ask, unless that is being done."""
        self._begun(hosts)

    async def answer(self, hosts: Iterable[Host]) -> None:
        """Wait until the answer was taken."""
        await asyncio.shield(self._begun(hosts))

    async def close(self) -> None:
        """Wait no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _begun(self, hosts: Iterable[Host]) -> asyncio.Task[None]:
        if self._asking is None or self._asking.done():
            work = self._first(list(hosts))
            self._asking = asyncio.create_task(work, name="streamward-redis-inquiry")
            self._asking.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._asking

    async def _first(self, hosts: list[Host]) -> None:
        asked = [asyncio.create_task(self._one(host)) for host in hosts]
        try:
            async with asyncio.timeout(INQUIRY_SECONDS):
                for answer in asyncio.as_completed(asked):
                    if (found := await answer) is not None:
                        self._take(found)
                        return
        finally:
            for task in asked:
                task.cancel()
        raise nobody_knows()

    async def _one(self, host: Host) -> _T | None:
        with contextlib.suppress(Exception):  # whatever it is, this one cannot tell
            return await self._ask(host)
        return None


def nobody_knows() -> RedisConnectionError:
    """Return the error for a question that all hosts leave open."""
    return RedisConnectionError("no server knows the answer")
