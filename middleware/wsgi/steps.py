"""Coroutines without a loop: they pause only to hand something out."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["HandOut", "Steps", "run"]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class HandOut:
    """Awaited, hands a thing to whoever drives the coroutine, and goes on when driven on."""

    thing: object

    def __await__(self) -> Generator[Any, None, None]:
        """Pause."""
        yield self


class Steps:
    """Drives a coroutine from one thing that it hands out to the next.

    Args:
        work: the coroutine.
    """

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work
        self._ended = False
        self.result: Any = None

    def next(self) -> object | None:
        """Go on; return the next thing, or None at the end, with ``result`` set."""
        return self._on(None)

    def throw(self, error: BaseException) -> object | None:
        """Go on with an error where the coroutine paused."""
        return self._on(error)

    def _on(self, error: BaseException | None) -> object | None:
        while not self._ended:
            try:
                paused = self._work.send(None) if error is None else self._work.throw(error)
            except StopIteration as ended:
                self._ended = True
                self.result = ended.value
                break
            except BaseException:
                self._ended = True
                raise
            if isinstance(paused, HandOut):
                return paused.thing
            error = RuntimeError("under WSGI there is no event loop: write a plain function")
        return None


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what a coroutine returns that hands out nothing."""
    steps = Steps(work)
    while steps.next() is not None:
        pass
    result: Result = steps.result
    return result
