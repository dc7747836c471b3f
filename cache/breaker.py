"""Keeps a store that does not answer from costing every request its time-out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Breaker"]


class Breaker:
    """After a failure, admits one call per ``retry_after`` seconds until one succeeds.

    The first failure is enough: a second would already cost a second request its time-out. A
    call that was admitted to try again starts a new pause at once, whatever becomes of it,
    so a trial that is cancelled blocks nobody.

    Args:
        retry_after: seconds between two trials.
        clock: seconds of a clock that does not go backwards.
    """

    __slots__ = ("_clock", "_paused_until", "_retry_after")

    def __init__(self, retry_after: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._retry_after = retry_after
        self._clock = clock
        self._paused_until: float | None = None

    def another(self) -> Breaker:
        """Return one with the same settings, that admits."""
        return Breaker(self._retry_after, clock=self._clock)

    def admits(self) -> bool:
        """Say whether a call may be made now; if so, make it."""
        if self._paused_until is None:
            return True
        if self._clock() < self._paused_until:
            return False
        self.failed()
        return True

    def failed(self) -> None:
        """Start a pause."""
        self._paused_until = self._clock() + self._retry_after

    def succeeded(self) -> None:
        """Admit every call again."""
        self._paused_until = None
