"""Who does what no request waits for: tasks of an event loop, or one thread of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Hashable, Sequence
from typing import Any, Protocol, cast

from ..signal import LoopSignal, Signal

__all__ = ["LoopTasks", "Task", "Tasks"]


class Task(Protocol):
    """Some work under way."""

    def cancel(self) -> object:
        """Stop it at its next wait."""
        ...

    def done(self) -> bool:
        """Whether it has ended."""
        ...


class Tasks(Protocol):
    """Starts work, and lets it wait."""

    def start(self, work: Coroutine[Any, Any, None]) -> Task:
        """Let work go on by itself."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so long, inside such work."""
        ...

    async def wait(self, task: Task, seconds: float) -> None:
        """Wait, outside such work, until some has ended, so long at the most."""
        ...

    async def end(self, tasks: Sequence[Task]) -> None:
        """Stop work that was started here, and wait until it has ended."""
        ...

    def signal(self) -> Signal:
        """Return what wakes such work."""
        ...

    def place(self) -> Hashable:
        """Return what the work that is started here runs in."""
        ...

    def is_gone(self, place: Hashable) -> bool:
        """Say whether nothing runs there any more."""
        ...


class LoopTasks:
    """Tasks of the running loop, whichever that is."""

    def start(self, work: Coroutine[Any, Any, None]) -> Task:
        """Start a task."""
        return asyncio.create_task(work, name="streamward-live")

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await asyncio.sleep(seconds)

    async def wait(self, task: Task, seconds: float) -> None:
        """Wait for a task, so long at the most."""
        await asyncio.wait({cast("asyncio.Task[None]", task)}, timeout=seconds)

    async def end(self, tasks: Sequence[Task]) -> None:
        """Cancel tasks of the running loop, and wait for them."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*cast("Sequence[asyncio.Task[None]]", tasks), return_exceptions=True)

    def signal(self) -> Signal:
        """Return what wakes a task."""
        return LoopSignal()

    def place(self) -> Hashable:
        """Return the loop."""
        return asyncio.get_running_loop()

    def is_gone(self, place: Hashable) -> bool:
        """Say whether the loop was closed."""
        return isinstance(place, asyncio.AbstractEventLoop) and place.is_closed()
