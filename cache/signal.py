"""How a reader of a running answer sleeps, and is woken."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Protocol

__all__ = ["LoopSignal", "Signal"]


class Signal(Protocol):
    """Wakes one reader."""

    def set(self) -> None:
        """Wake the reader, or let it not fall asleep; from whatever thread."""
        ...

    def clear(self) -> None:
        """Let the reader sleep the next time it waits."""
        ...

    async def wait(self, seconds: float | None = None) -> None:
        """Sleep until woken, or for so long; it may wake without a reason."""
        ...


class LoopSignal:
    """Wakes a task of the running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._woken = asyncio.Event()

    def set(self) -> None:
        """Wake it."""
        if threading.get_ident() == self._thread:
            self._woken.set()
        else:
            with contextlib.suppress(RuntimeError):  # its loop has ended
                self._loop.call_soon_threadsafe(self._woken.set)

    def clear(self) -> None:
        """Let it sleep."""
        self._woken.clear()

    async def wait(self, seconds: float | None = None) -> None:
        """Sleep until woken, or for so long."""
        if seconds is None:
            await self._woken.wait()
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
