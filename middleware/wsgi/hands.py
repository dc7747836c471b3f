"""Who does the application's work: the server's thread, or one beside it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from ...cache import Signal

__all__ = ["Hands", "OwnHands", "ThreadHands"]

Result = TypeVar("Result")

# How long an application may take to clean up before its thread is left to itself.
_GRACE = 5.0


class Hands(Protocol):
    """Does the work of one application, piece by piece.

    Attributes:
        beside: True where whoever waits can do something else meanwhile.
    """

    beside: bool

    async def do(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns."""
        ...

    def wait_for(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns, without looking up."""
        ...

    def close(self, work: Callable[[], None]) -> None:
        """Do the last work there is."""
        ...


class OwnHands:
    """Does the work where it is asked for."""

    beside = False

    async def do(self, work: Callable[[], Result]) -> Result:
        """Do it now."""
        return work()

    def wait_for(self, work: Callable[[], Result]) -> Result:
        """Do it now."""
        return work()

    def close(self, work: Callable[[], None]) -> None:
        """Do it now."""
        work()


class ThreadHands:
    """Does all the work of an application in one thread, and in one context.

    What belongs to a thread (a connection to a database) or to a context (a request of Flask's) is
    then the same from the call of the application to the closing of its answer.

    Args:
        signal: wakes whoever waits for it.
    """

    beside = True

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._work: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        context = copy_context()
        threading.Thread(
            target=context.run, args=(self._run,), name="streamward-app", daemon=True
        ).start()

    async def do(self, work: Callable[[], Result]) -> Result:
        """Let the thread do it, and keep time meanwhile."""
        done = self._hand_over(work)
        done.add_done_callback(lambda _: self._signal.set())
        while True:
            self._signal.clear()  # before looking: what is done from here on is not missed
            if done.done():
                return done.result()
            await self._signal.wait()

    def wait_for(self, work: Callable[[], Result]) -> Result:
        """Let the thread do it."""
        return self._hand_over(work).result()

    def close(self, work: Callable[[], None]) -> None:
        """Let the thread do it, and end; it is not waited for longer than five seconds."""
        done = self._hand_over(work)
        self._work.put(None)
        with contextlib.suppress(TimeoutError):
            done.result(_GRACE)

    def _hand_over(self, work: Callable[[], Result]) -> Future[Result]:
        done: Future[Result] = Future()
        self._work.put((work, done))
        return done

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            work, done = item
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - whoever waits must be told
                done.set_exception(error)
