"""Guards that may take long, called within their limits: for so long, and so many at once.

A thread cannot be stopped from outside. A call that takes too long is left to itself, in a thread
that belongs to its guard alone and does not keep the process from ending.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from ..guardrails import Action, Blocking, Finding, Guard, HoldLike, OnError, Scanner, blocking_of

__all__ = ["bounded", "inline"]

Result = TypeVar("Result")

_IDLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    work: Callable[[], Any]
    context: Context
    answer: Future[Any]

    def run(self) -> None:
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            self.answer.set_result(self.context.run(self.work))
        except BaseException as error:  # noqa: BLE001  # whoever waits must be told
            self.answer.set_exception(error)


class _Workers:
    """The threads of one guard. They come when needed and go when idle.

    Args:
        blocking: how many there may be, and how long a call may take.
    """

    def __init__(self, blocking: Blocking) -> None:
        self._blocking = blocking
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._threads = 0
        self._idle = 0

    def call(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns, in time.

        Raises:
            TimeoutError: it took too long, or found no free thread for so long.
            Exception: what the work raised.
        """
        job = _Job(work, copy_context(), Future())
        self._submit(job)
        try:
            result: Result = job.answer.result(self._blocking.time_limit)
            return result
        finally:
            self._withdraw(job)

    def _submit(self, job: _Job) -> None:
        with self._changed:
            self._jobs.append(job)
            grow = len(self._jobs) > self._idle and self._threads < self._blocking.concurrency
            self._threads += grow
            self._changed.notify()
        if grow:
            threading.Thread(target=self._run, name="streamward-guard", daemon=True).start()

    def _withdraw(self, job: _Job) -> None:
        """Forget a job that nobody has begun: where all threads hang, none would take it."""
        if job.answer.cancel():
            with self._changed:
                if job in self._jobs:
                    self._jobs.remove(job)

    def _run(self) -> None:
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        """Run the next job, and forget it; answer whether there was one."""
        job = self._next()
        if job is not None:
            job.run()
        return job is not None

    def _next(self) -> _Job | None:
        with self._changed:
            self._idle += 1
            try:
                while not self._jobs:
                    if not self._changed.wait(_IDLE_SECONDS) and not self._jobs:
                        self._threads -= 1
                        return None
                return self._jobs.popleft()
            finally:
                self._idle -= 1


class _BoundedScanner:
    """A scanner whose calls run in the threads of its guard."""

    def __init__(self, scanner: Scanner, workers: _Workers) -> None:
        self._scanner = scanner
        self._workers = workers

    @property
    def decided(self) -> int:
        return self._scanner.decided

    def feed(self, text: str) -> Sequence[Finding]:
        return self._workers.call(partial(self._scanner.feed, text))

    def finish(self) -> Sequence[Finding]:
        return self._workers.call(self._scanner.finish)


class _BoundedGuard:
    """A guard whose scanners are called within its limits; the rest is its own."""

    def __init__(self, guard: Guard, blocking: Blocking) -> None:
        self._guard = guard
        self._workers = _Workers(blocking)
        self.name = guard.name
        self.hold: HoldLike = guard.hold
        self.blocking = blocking
        self.on_error: OnError = guard.on_error

    def scanner(self) -> Scanner:
        return _BoundedScanner(self._workers.call(self._guard.scanner), self._workers)

    def action(self, entity: str) -> Action:
        return self._guard.action(entity)

    def fingerprint(self) -> str:
        return self._guard.fingerprint()


def bounded(guard: Guard) -> Guard:
    """Return a guard that is called within its limits; itself, if it is quick or sees to them."""
    blocking = blocking_of(guard.blocking)
    if blocking is None or blocking.time_limit is None:
        return guard
    return _BoundedGuard(guard, blocking)


class _InlineGuard:
    """A guard that is waited for where it is called."""

    blocking = False

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.name = guard.name
        self.hold: HoldLike = guard.hold
        self.on_error: OnError = guard.on_error

    def scanner(self) -> Scanner:
        return self._guard.scanner()

    def action(self, entity: str) -> Action:
        return self._guard.action(entity)

    def fingerprint(self) -> str:
        return self._guard.fingerprint()


def inline(guard: Guard) -> Guard:
    """Return a guard that is called within its limits, for a door whose threads may wait."""
    return _InlineGuard(bounded(guard)) if guard.blocking else guard
