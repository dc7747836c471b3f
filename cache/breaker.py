"""Keeps a store that does not answer from costing every request its time-out."""

from __future__ import annotations

import contextlib
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["Breaker", "beside_requests"]

# What no request waits for costs nobody a time-out, and an answer that is followed elsewhere
# depends on it: it is tried sooner.
_BESIDE_SECONDS: Final = 0.5

_beside: Final[ContextVar[bool]] = ContextVar("streamward_beside_requests", default=False)


@contextlib.contextmanager
def beside_requests() -> Generator[None]:
    """Mark what is called inside as nothing that a request waits for."""
    token = _beside.set(True)
    try:
        yield
    finally:
        _beside.reset(token)


class Breaker:
    """After a failure, admits one call per ``retry_after`` seconds until one succeeds.

    The first failure is enough: a second would already cost a second request its time-out. A
    call that was admitted to try again starts a new pause at once, whatever becomes of it,
    so a trial that is cancelled blocks nobody. What no request waits for (see
    :func:`beside_requests`) is tried every half second, and its success serves the requests too.

    Args:
        retry_after: seconds between two trials.
        clock: seconds of a clock that does not go backwards.
    """

    __slots__ = ("_beside_until", "_clock", "_paused_until", "_retry_after")

    def __init__(self, retry_after: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._retry_after = retry_after
        self._clock = clock
        self._paused_until: float | None = None
        self._beside_until = 0.0

    def another(self) -> Breaker:
        """Return one with the same settings, that admits."""
        return Breaker(self._retry_after, clock=self._clock)

    def admits(self) -> bool:
        """Say whether a call may be made now; if so, make it."""
        if self._paused_until is None:
            return True
        now = self._clock()
        if now >= self._paused_until:
            self.failed()
            return True
        if not _beside.get() or now < self._beside_until:
            return False
        self._beside_until = now + _BESIDE_SECONDS
        return True

    def failed(self) -> None:
        """Start a pause."""
        now = self._clock()
        self._paused_until = now + self._retry_after
        self._beside_until = now + min(self._retry_after, _BESIDE_SECONDS)

    def succeeded(self) -> None:
        """Admit every call again."""
        self._paused_until = None
