"""Where guards that take long do their work: threads of their own, and enough of them.

asyncio's own threads are few (cores + 4) and serve the application too. A guard's thread mostly
waits for a model that batches what many streams ask, so there may be more of them than cores.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import TypeVar, TypeVarTuple

from ..guardrails.sentences import LOOP

__all__ = ["in_thread", "start_thread"]

Args = TypeVarTuple("Args")
Result = TypeVar("Result")

_THREADS = 256


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="streamward-guard")


async def in_thread(work: Callable[[*Args], Result], *args: *Args) -> Result:
    """Run blocking work off the loop, in the caller's context; what it awaits runs on the loop."""
    loop = asyncio.get_running_loop()
    context = copy_context()
    context.run(LOOP.set, loop)
    return await loop.run_in_executor(_pool(), partial(context.run, work, *args))


def start_thread(work: Callable[[*Args], Result], *args: *Args) -> Future[Result]:
    """Begin blocking work in the caller's context; coroutines in it get a loop of their own."""
    return _pool().submit(partial(copy_context().run, work, *args))
