"""Text in overlapping windows, for recognisers of which only the reach is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .matching import Match

__all__ = ["WindowScanner"]


class WindowScanner:
    """Finds what a function finds in the whole text, if it reaches no further than it is said to.

    Whether something begins at a place, and where it ends, depends on ``reach`` characters in front
    of the place and on as many behind it. So the text is asked about in windows of three times
    this; of the results those count that begin in the middle third. What text the windows hold does
    not depend on the pieces that it came in.

    Args:
        ask: returns the results for a text, their offsets counted from its start.
        reach: in characters, 1 or more.
    """

    def __init__(self, ask: Callable[[str], Iterable[Match]], reach: int) -> None:
        self._ask = ask
        self._reach = reach
        self._text = ""
        self._offset = 0  # of _text[0] in the run
        self._at = 0  # what begins before has been found; in _text

    @property
    def decided(self) -> int:
        """Offset of the first place of which it is open whether something begins there."""
        return self._offset + self._at

    def feed(self, text: str) -> list[tuple[int, Match]]:
        """Take the next piece; return what became final, each with what to add to its offsets."""
        self._text += text
        found: list[tuple[int, Match]] = []
        while len(self._text) >= self._at + 2 * self._reach:
            found += self._look(self._at + self._reach)
        return found

    def finish(self) -> list[tuple[int, Match]]:
        """Say that the run is over; return the rest."""
        return self._look(len(self._text)) if self._at < len(self._text) else []

    def _look(self, end: int) -> list[tuple[int, Match]]:
        """Find what begins before a place."""
        window = self._text[: end + self._reach]
        found = [
            (self._offset, one)
            for one in self._ask(window)
            if self._at <= one.start < min(end, one.end)
        ]
        passed = max(0, end - self._reach)
        self._text = self._text[passed:]
        self._offset += passed
        self._at = end - passed
        return found
