"""Work that goes on beside other work, where there is a loop for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

__all__ = ["Begin", "drop"]

Begin = Callable[[Coroutine[Any, Any, bytes]], Awaitable[bytes]]
"""Begins work beside what comes next; where no loop runs, work waits for its turn."""


def drop(work: Awaitable[bytes]) -> None:
    """Forget work that was begun and is not wanted any more."""
    if isinstance(work, asyncio.Future):
        work.cancel()
    elif isinstance(work, Coroutine):
        work.close()
