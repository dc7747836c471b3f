"""How an exchange waits where there is an event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..cache import LoopSignal, Signal

__all__ = ["LoopWaiting", "after"]

# How long a cancelled application may take to clean up before the transfer is ended without it.
_GRACE = 5.0

# An application that is over may send on until it waits for something; this often if it never does.
_SWALLOWED = 1000


async def after(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do some work in so many seconds."""
    await asyncio.sleep(seconds)
    await work()


class LoopWaiting:
    """Waits as a task of the running loop, with others beside it."""

    def __init__(self) -> None:
        self._helpers: list[asyncio.Task[None]] = []
        self._swallowed = 0

    def signal(self) -> Signal:
        """Return what wakes a reader of a running answer."""
        return LoopSignal()

    def from_anywhere(self, work: Callable[[], None]) -> Callable[[], None]:
        """Return what does the work in the loop of this exchange, called in whatever thread."""
        loop = asyncio.get_running_loop()

        def call() -> None:
            with contextlib.suppress(RuntimeError):  # its loop has ended, and so did the answer
                loop.call_soon_threadsafe(work)

        return call

    async def pause(self, seconds: float) -> None:
        """Wait so long."""
        await asyncio.sleep(seconds)

    def _beside(self, work: Coroutine[Any, Any, None]) -> Awaitable[None]:
        """Let work go on beside what comes next, to its own end."""
        return asyncio.create_task(work)

    def _help(self, work: Coroutine[Any, Any, None]) -> None:
        """Let work go on until this exchange ends."""
        self._helpers.append(asyncio.create_task(work))

    def swallow(self) -> None:
        """Take a message that comes after the end; the application is about to be cancelled.

        Refusing it would leave a generator where it yields, and the upstream that it reads open
        until the garbage collector comes by. Cancelled where it waits, it hangs up at once.

        Raises:
            OSError: it never waits (ASGI 2.4: nobody reads any more).
        """
        self._swallowed += 1
        if self._swallowed > _SWALLOWED:
            raise OSError("the answer has ended")

    async def _end(self, task: asyncio.Task[None]) -> None:
        """Leave nothing running behind."""
        tasks = {task, *self._helpers}
        for one in tasks:
            one.cancel()
        await asyncio.wait(tasks, timeout=_GRACE)
        for one in tasks:
            if one.done() and not one.cancelled():
                one.exception()  # was said, or is beside the point by now
