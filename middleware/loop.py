"""How an exchange runs where there is an event loop.

The application runs in a task of its own, so that it can be cancelled when the client leaves or the
answer has to end. Once a stream has started, two small tasks stand beside it: the keeper (time) and
the watch (the client leaving).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, ClassVar

from ..cache import LoopSignal, Signal
from .exchange import Exchange
from .keeper import Keeper
from .leaving import alone

__all__ = ["LoopExchange"]

# How long a cancelled application may take to clean up before the transfer is ended without it.
_GRACE = 5.0

# An application that is over may send on until it waits for something; this often if it never does.
_SWALLOWED = 1000


class LoopExchange(Exchange):
    """Carries one exchange in the running loop. The arguments are those of :class:`Exchange`."""

    _sends_beside: ClassVar[bool] = True
    _waits: asyncio.Future[None] | None = None
    _watching = False
    _swallowed = 0

    async def run(self) -> None:
        """Run the exchange.

        Raises:
            Exception: what the application raised; or, to make the server abort the transfer,
                why a stream that had begun could not be completed.
        """
        self._helpers: list[asyncio.Task[None]] = []
        found = await self._cache.look_up(self._inbox)
        task = asyncio.create_task(self._source.give(found))
        self._waits = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait({task, self._waits}, return_when=asyncio.FIRST_COMPLETED)
            done = task.done() and not task.cancelled()
            await self._conclude(task.exception() if done else None)
        except asyncio.CancelledError:
            self._outcome = self._outcome or "cancelled"
            raise
        finally:
            await self._stop(task)

    # When the client leaves

    def watch(self) -> None:
        """Notice from now on when the client leaves."""
        if not self._watching:
            self._watching = True
            self._inbox.keep_secret()
            self._help(self._watch())

    def leave(self) -> None:
        """Note that the client is gone."""
        if self._left or self._outbox.finished:
            return
        self._left = self._outbox.client_gone = True
        if self._cache.use in ("joined", "hit"):
            self._give_up()  # whoever gives the answer goes on
        elif self._policy.on_leave != "finish":
            self._help(self._go_on())

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

    async def _watch(self) -> None:
        await self._inbox.client_left()
        self.leave()

    async def _go_on(self) -> None:
        """Let the answer go on while anybody reads it, and then as the policy says."""
        await alone(self._cache.lease, self._policy.grace or 0.0)
        self._decide()

    # Waiting

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

    def _keep_time(self, keeper: Keeper) -> None:
        self._help(keeper.run())

    def _plan_hand_over(self, seconds: float, last: bytes) -> None:
        self._help(_after(seconds, partial(self._hand_over, last)))

    def _beside(self, work: Coroutine[Any, Any, None]) -> Awaitable[None]:
        return asyncio.create_task(work)

    def _help(self, work: Coroutine[Any, Any, None]) -> None:
        """Let work go on until this exchange ends."""
        self._helpers.append(asyncio.create_task(work))

    # How it ends

    def _set_over(self) -> None:
        super()._set_over()
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(None)

    async def _stop(self, task: asyncio.Task[None]) -> None:
        """Leave nothing running behind; guards that only watch look at the rest."""
        self._over = True
        try:
            await self._answer.idle()
        finally:
            await _end({task, *self._helpers})
            self._outbox.close()
            await self._cache.release()
            if self._answer.stream is not None:
                await self._answer.stream.settle()


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    for one in tasks:
        one.cancel()
    await asyncio.wait(tasks, timeout=_GRACE)
    for one in tasks:
        if one.done() and not one.cancelled():
            one.exception()  # was said, or is beside the point by now


async def _after(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(seconds)
    await work()
