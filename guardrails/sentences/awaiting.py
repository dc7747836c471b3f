"""How a guard's thread waits for a coroutine: on the event loop that the door runs on.

What a coroutine uses, such as a client with a pool of connections, belongs to a loop. So it runs on
the application's own, and the thread that carries the stream waits for it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Generic, TypeVar

from ..blocking import Blocking

__all__ = ["LOOP", "Waiting"]

Result = TypeVar("Result")

LOOP: ContextVar[asyncio.AbstractEventLoop | None] = ContextVar("streamward_loop", default=None)
"""The loop on which coroutines of guards run. None: a new one for each call."""

_LOOP_GONE = 5.0
"""Seconds over its limit after which a coroutine does not come back: its loop has stopped."""


class Waiting(Generic[Result]):
    """Calls an ``async`` function from a thread, within its limits.

    Args:
        function: takes a text; returns an awaitable.
        limits: for how long a call is waited for, and how many run at once.
    """

    def __init__(self, function: Callable[[str], Awaitable[Result]], limits: Blocking) -> None:
        self._function = function
        self._limit = limits.time_limit
        self._places = threading.BoundedSemaphore(limits.concurrency)

    def __call__(self, text: str) -> Result:
        """Return what the function answers.

        Raises:
            TimeoutError: it took too long, or found no free place for so long.
            Exception: what the function raised.
        """
        if not self._places.acquire(timeout=self._limit):
            raise TimeoutError
        try:
            return self._wait(text)
        finally:
            self._places.release()

    def _wait(self, text: str) -> Result:
        loop = LOOP.get()
        if loop is None:
            return asyncio.run(self._answer(text))
        future = asyncio.run_coroutine_threadsafe(self._answer(text), loop)
        try:
            return future.result(None if self._limit is None else self._limit + _LOOP_GONE)
        finally:
            future.cancel()

    async def _answer(self, text: str) -> Result:
        async with asyncio.timeout(self._limit):
            return await self._function(text)
