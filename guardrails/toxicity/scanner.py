"""One run of text, decided window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..guard import Finding
from .windows import Window, Windows

__all__ = ["Judge", "WindowScanner"]

Judge = Callable[[Sequence[str]], Sequence[Sequence[tuple[str, float]]]]
"""Takes texts; returns the (entity, score) pairs that count, for each of them."""


class WindowScanner:
    """Asks about each window once, and finds the window as a whole.

    Of a sentence that is longer than a window, what two windows share belongs to the first that is
    found. So no finding overlaps the one before it.

    Args:
        judge: decides texts.
        edits: whether findings of an entity change the text. If none does, what the next window
            repeats is left for that one to decide.
        windows: cuts the run.
    """

    def __init__(self, judge: Judge, edits: Callable[[str], bool], windows: Windows) -> None:
        self._judge = judge
        self._edits = edits
        self._windows = windows
        self._found = 0  # end of the last finding
        self._decided = 0

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._decided

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece; return what became final."""
        return self._decide(self._windows.feed(text))

    def finish(self) -> Sequence[Finding]:
        """Decide the rest."""
        return self._decide(self._windows.finish())

    def _decide(self, windows: Sequence[Window]) -> list[Finding]:
        findings: list[Finding] = []
        verdicts = self._judge([window.text for window in windows])
        for window, verdict in zip(windows, verdicts, strict=True):
            if verdict:
                findings += self._find(window, verdict)
        self._decided = max(self._found, self._windows.settled)
        return findings

    def _find(self, window: Window, verdict: Sequence[tuple[str, float]]) -> list[Finding]:
        edited = any(self._edits(entity) for entity, _ in verdict)
        start = max(window.start, self._found)
        end = window.end if edited else min(window.end, window.settled)
        if start >= end:
            return []
        self._found = end
        return [Finding(start, end, entity, score) for entity, score in verdict]
