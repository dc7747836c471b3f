"""Where a long row of numbers may be cut although a telephone number could go on at every space.

phonenumbers reads at most 21 groups of digits at once: a *candidate*. Where a candidate ends in
which there is no number in any region, the next one begins afresh, as it would at the beginning of
a text. So that end is a barrier, unless a match of another pattern reaches over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .matching import TooMuchWorkError
from .patterns import Pattern, compiled
from .phones import SparingPhoneRecognizer

__all__ = ["Rows"]

_REACH = 64
"""More than a match of a pattern with spaces in it is long, in characters."""


class Rows:
    """Cuts rows of numbers for a set of recognisers; stateless.

    Args:
        recognizers: all that read the text.
    """

    def __init__(self, recognizers: Sequence[Any]) -> None:
        self._phones = [one for one in recognizers if isinstance(one, SparingPhoneRecognizer)]
        self._patterns: list[Pattern] = [
            compiled(pattern.regex, recognizer.global_regex_flags)
            for recognizer in recognizers
            for pattern in getattr(recognizer, "patterns", None) or ()
            if " " in pattern.regex
        ]

    def end(self, text: str) -> int:
        """Return where to cut a row, in front of a space; 0: nowhere.

        Args:
            text: the row, from a barrier up to some space in it.
        """
        if len(self._phones) != 1:
            return 0
        candidates, matchers = self._phones[0].matchers(text)
        best = index = 0
        try:
            while candidate := candidates.behind(index):
                index = candidate.end
                if index + _REACH > len(text) or any(one.first(candidate) for one in matchers):
                    break
                if text[index] == " " and not self._crossed(text, index):
                    best = index
        except TooMuchWorkError:
            pass  # what is known by now is known
        return best

    def _crossed(self, text: str, at: int) -> bool:
        """Answer whether a match of a pattern could reach over a place."""
        begin = max(0, at - _REACH)
        around = text[begin : at + _REACH]
        return any(
            found.start() < at - begin < found.end()
            for pattern in self._patterns
            for found in pattern.finditer(around, overlapped=True)
        )
