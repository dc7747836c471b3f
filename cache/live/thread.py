"""One thread that does what no request waits for, where there is no event loop.

It runs the same coroutines that are tasks elsewhere. They wait by handing a pause to this thread;
their calls to Redis block it, within their time limits.
"""

from __future__ import annotations

import heapq
import os
import threading
import time
from asyncio import CancelledError
from collections import deque
from collections.abc import Coroutine, Generator, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from .tasks import Task

__all__ = ["ThreadTasks"]

_END_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Pause:
    """What a coroutine waits for: a time, a signal, or whichever comes first."""

    until: float | None
    signal: _Signal | None

    def __await__(self) -> Generator[_Pause, None, None]:
        yield self


@dataclass(slots=True, eq=False)
class _Job:
    """A coroutine under way.

    Attributes:
        pauses: how many it made; a timer of an earlier one means nothing.
    """

    tasks: ThreadTasks
    work: Coroutine[Any, Any, None]
    pauses: int = 0
    waits: bool = False
    cancelled: bool = False
    ended: bool = False

    def cancel(self) -> None:
        self.cancelled = True
        self.tasks.wake(self)

    def done(self) -> bool:
        return self.ended


@dataclass(slots=True, eq=False)
class _Signal:
    tasks: ThreadTasks
    woken: bool = False
    job: _Job | None = field(default=None)

    def set(self) -> None:
        self.woken = True
        if (job := self.job) is not None:
            self.tasks.wake(job)

    def clear(self) -> None:
        self.woken = False

    async def wait(self, seconds: float | None = None) -> None:
        if not self.woken:
            await _Pause(None if seconds is None else time.monotonic() + seconds, self)


class ThreadTasks:
    """Runs coroutines, one at a time, in a daemon thread that starts with the first of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ready: deque[_Job] = deque()
        self._timers: list[tuple[float, int, int, _Job]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> _Job:
        """Let work go on in the thread."""
        job = _Job(self, work, waits=True)
        self.wake(job)
        return job

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        await _Pause(time.monotonic() + seconds, None)

    async def wait(self, task: Task, seconds: float) -> None:
        """Wait in the calling thread, which is another one, so long at the most."""
        with self._changed:
            self._changed.wait_for(task.done, seconds)

    async def end(self, tasks: Sequence[Task]) -> None:
        """Stop work; wait until it has ended, or rather not too long for a call to Redis."""
        for task in tasks:
            task.cancel()
        with self._changed:
            self._changed.wait_for(lambda: all(task.done() for task in tasks), _END_SECONDS)

    def signal(self) -> _Signal:
        """Return what wakes work, from whatever thread."""
        return _Signal(self)

    def place(self) -> Hashable:
        """Return the process: a fork is another one."""
        return os.getpid()

    def is_gone(self, place: Hashable) -> bool:
        """Say whether it is a process that this one was forked from."""
        return place != os.getpid()

    def wake(self, job: _Job) -> None:
        """Let a job go on, if it waits."""
        with self._changed:
            if self._thread is None or not self._thread.is_alive():  # a fork leaves it behind
                self._thread = threading.Thread(
                    target=self._run, name="streamward-live", daemon=True
                )
                self._thread.start()
            if job.waits:
                job.waits = False
                self._ready.append(job)
                self._changed.notify_all()

    def _run(self) -> None:
        while True:
            self._step(self._next())

    def _next(self) -> _Job:
        with self._changed:
            while True:
                now = time.monotonic()
                while self._timers and self._timers[0][0] <= now:
                    _, _, pauses, job = heapq.heappop(self._timers)
                    if job.waits and job.pauses == pauses:
                        job.waits = False
                        self._ready.append(job)
                if self._ready:
                    return self._ready.popleft()
                self._changed.wait(self._timers[0][0] - now if self._timers else None)

    def _step(self, job: _Job) -> None:
        try:
            pause = job.work.throw(CancelledError()) if job.cancelled else job.work.send(None)
        except (StopIteration, CancelledError):
            self._end(job)
            return
        except Exception as error:  # noqa: BLE001 - the others must go on
            self._end(job)
            structlog.get_logger("streamward").error("live_failed", error=type(error).__name__)
            return
        self._let_wait(job, pause)

    def _end(self, job: _Job) -> None:
        with self._changed:
            job.ended = True
            self._changed.notify_all()

    def _let_wait(self, job: _Job, pause: _Pause) -> None:
        with self._changed:
            job.pauses += 1
            job.waits = True
            if pause.until is not None:
                number = next(self._numbers)
                heapq.heappush(self._timers, (pause.until, number, job.pauses, job))
        if pause.signal is not None:
            pause.signal.job = job
        if job.cancelled or (pause.signal is not None and pause.signal.woken):
            self.wake(job)
