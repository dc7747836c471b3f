"""A regular expression without back references, searched in linear time as text arrives.

Presidio matches with the ``regex`` module, so here that module says which characters a set means;
the rest is :mod:`..automaton`.
"""

from __future__ import annotations

import re
from typing import Any, cast

import regex

from ..automaton import Automaton, Rule, Search
from .partial import Span, without_sets

__all__ = ["LinearFinder", "LinearRule"]

_SPACE = re.compile(r"\s")
# What `re` and `regex` may read differently: inline flags, fuzzy counts; and classes by name.
_STRANGE = re.compile(r"\(\?(?!:|[=!]|<[=!]|P<|[imsx-]+:)|\{(?!\d*,?\d*\})")
_NAMED = "[:"
_COMPILE: Any = regex.compile
_FLAGS = int(
    re.IGNORECASE | re.MULTILINE | re.DOTALL | re.UNICODE
)  # the same numbers in both modules


class LinearRule:
    """An expression, ready to run.

    Args:
        source: of the expression.
        flags: of the ``regex`` module.

    Raises:
        ConfigurationError: it cannot run in linear time.
        ValueError: the ``re`` and ``regex`` modules may read it differently.
    """

    def __init__(self, source: str, flags: int) -> None:
        if _STRANGE.search(without_sets(source)) or _NAMED in source or flags & ~_FLAGS:
            raise ValueError("the expression may be read in two ways")
        self.automaton = Automaton([Rule(source, flags)], _compiled)
        self.jump = self.automaton.jump

    def finder(self, limit: int) -> LinearFinder:
        """Open a finder for one run of text."""
        return LinearFinder(self, limit)


class LinearFinder:
    """Finds what ``regex.finditer`` finds in the whole text.

    Args:
        rule: what to look for.
        limit: the longest candidate that is waited for, in characters.
    """

    def __init__(self, rule: LinearRule, limit: int) -> None:
        self._search = Search(rule.automaton, limit, _SPACE)

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._search.decided

    def feed(self, text: str) -> list[Span]:
        """Take the next piece; return what became final."""
        hits = self._search.feed(text)
        offset = self._search.offset
        return [Span(offset + hit.start, offset + hit.end, hit.whole) for hit in hits]

    def finish(self) -> list[Span]:
        """Say that the run is over; return the rest."""
        hits = self._search.finish()
        offset = self._search.offset
        return [Span(offset + hit.start, offset + hit.end, hit.whole) for hit in hits]


def _compiled(source: str, flags: int) -> re.Pattern[str]:
    return cast("re.Pattern[str]", _COMPILE(source, flags & _FLAGS))
