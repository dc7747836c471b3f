r"""A regular expression of any kind, searched in a run of text as it arrives.

For what :mod:`..automaton` refuses: back references, look-arounds over several characters, atomic
groups, the constructs that only the ``regex`` module has. That module backtracks, but it can say
whether a search ran into the end of the text (``partial``). So next to the expression stands one
that never matches and asks for one character more: it tries every way that the expression could
take, and reports the first place from which one of them meets the end. What begins before is final;
what begins there or later waits.

Exact for candidates up to the limit. A longer one counts as undecided, in parts of that length, for
as long as it could go on, but for ``MOST`` of them at most; if it comes to nothing, up to the next
white space.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import regex

__all__ = ["PartialFinder", "PartialRule", "Span", "watchful", "without_sets"]

MOST = 8
"""Limits for which a candidate is followed."""

BUDGET = 0.1
"""Seconds of processor time that one search may take; more fails closed. The only clock here."""

_SPACE = re.compile(r"\s")

# Reads the next character, if there is one, so that the end of the text is noticed.
_NEXT = "(?=(?s:.)?)"
_NEVER = "(?s:.)(?<!.)(?<=.)"
_LAZY = r"(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})\?"
_SET = r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]"
_TOKEN = re.compile(rf"\\.|{_SET}|\(\?|{_LAZY}|.", re.DOTALL)
_READ_AHEAD = frozenset((r"\b", r"\B", r"\Z", r"\z", r"\m", r"\M", "$"))
_ITSELF = re.compile(rf"\\\W|{_SET}")
# Fuzzy, reversed and recursive matching, named lists, other sets, comments, verbs: not looked into.
_STRANGE = re.compile(r"\(\*|\(\?(?:[\w-]*[berpwxVfL]|#|\(DEFINE|R|&|\d|P>|\|)|\\[KGXRL]|\{[^\d,}]")


_COMPILE: Any = regex.compile
_FLAGS = sum(int(flag) for flag in (regex.I, regex.M, regex.S, regex.A, regex.U))


class Span(NamedTuple):
    """What an expression matched.

    Attributes:
        start: offset of the first character in the run.
        end: offset behind the last one.
        whole: False for a part of a candidate over the limit.
    """

    start: int
    end: int
    whole: bool = True


def watchful(source: str) -> str:
    """Return the expression, in which everything that may stop at the end of the text notices it.

    Assertions about the next character do not notice it by themselves, nor does a lazy repeat.
    """
    parts: list[str] = []
    for token in _TOKEN.findall(source):
        if token in _READ_AHEAD:
            parts.append(f"(?:{_NEXT}{token})")
        else:
            parts.append(token)
            if len(token) > 1 and token[0] in "*+?{":
                parts.append(_NEXT)
    return "".join(parts)


def without_sets(source: str) -> str:
    """Return an expression in which no character of a set looks like an operator."""
    return _ITSELF.sub(".", source)


class PartialRule:
    """An expression and its watchful twin, ready to run.

    Args:
        source: of the expression.
        flags: of the ``regex`` module.

    Raises:
        ValueError: the expression does what cannot be followed.
    """

    def __init__(self, source: str, flags: int) -> None:
        if _STRANGE.search(without_sets(source)) or flags & ~_FLAGS:
            raise ValueError("the expression cannot be followed")
        self.jump = None
        self.exact: Any = _COMPILE(source, flags)
        self.watching: Any = _COMPILE(f"(?:{watchful(source)}){_NEVER}", flags)

    def finder(self, limit: int) -> PartialFinder:
        """Open a finder for one run of text."""
        return PartialFinder(self, limit)


class PartialFinder:
    """Finds what ``regex.finditer`` finds in the whole text.

    Args:
        rule: what to look for.
        limit: the longest candidate that is waited for, in characters.
    """

    def __init__(self, rule: PartialRule, limit: int) -> None:
        self._rule = rule
        self._limit = limit
        self._text: str = ""
        self._offset: int = 0  # of _text[0] in the run
        self._at: int = 0  # where the search goes on; in _text
        self._parts: int = (
            -1
        )  # behind the last part of the candidate over the limit at _at; -1: none
        self._lost: bool = False  # it came to nothing; white space is missing

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._offset + max(self._at, self._parts)

    def feed(self, text: str) -> list[Span]:
        """Take the next piece; return what became final."""
        self._forget()
        self._text += text
        return self._run(final=False)

    def finish(self) -> list[Span]:
        """Say that the run is over; return the rest."""
        return self._run(final=True)

    def _run(self, *, final: bool) -> list[Span]:
        spans: list[Span] = []
        going = True
        while going:
            try:
                if self._lost:
                    going = self._to_space(spans, final=final)
                elif self._parts >= 0:
                    going = self._swallow(spans, final=final)
                else:
                    going = self._look(spans, final=final)
            except TimeoutError:
                self._give_up(spans)
        return spans

    def _give_up(self, spans: list[Span]) -> None:
        """Swallow what took too long: with less of it the next look could take as long."""
        at = max(self._at, self._parts)
        self._lose(at)
        self._cover(spans, min(len(self._text), at + self._limit))

    def _look(self, spans: list[Span], *, final: bool) -> bool:
        """Take the matches that are final; answer whether there is more to do."""
        size = len(self._text)
        begin, end = self._at, min(size, self._at + self._limit + 1)
        last = final and end == size
        held: int = size + 1 if last else self._held(end)
        if held == begin and end - begin > self._limit:
            end, held = self._sure(end)
        for found in self._rule.exact.finditer(self._text, begin, end, timeout=BUDGET):
            start, stop = int(found.start()), int(found.end())
            if start >= held:
                break
            if stop > start:
                spans.append(Span(self._offset + start, self._offset + stop))
                self._at = stop
                if self._at > held:
                    return True
        self._at = max(self._at, min(held, size))
        if held == begin and end - begin > self._limit:
            self._parts = begin
            self._part(spans, begin + self._limit)
            return True
        return end < size

    def _held(self, end: int) -> int:
        """Return the first place from which a match may go on behind ``end``."""
        found = self._rule.watching.search(self._text, self._at, end, partial=True, timeout=BUDGET)
        return end if found is None else int(found.start())

    def _sure(self, end: int) -> tuple[int, int]:
        """Return an earlier end that rules a candidate over the limit out, and what is held there.

        The ``regex`` module may rule out with less text what it lets pass with more. Whether there
        is a candidate must not depend on which pieces the text came in.
        """
        for earlier in range(self._at + 1, end):
            held = self._held(earlier)
            if held > self._at:
                return earlier, held
        return end, self._at

    def _swallow(self, spans: list[Span], *, final: bool) -> bool:
        """Follow a candidate over the limit; answer whether there is more to do."""
        text, begin, end = self._text, self._at, self._parts + self._limit
        if end <= len(text):
            rule = self._rule.watching
            if rule.match(text, begin, end, partial=True, timeout=BUDGET) is not None:
                self._part(spans, end)
                if end - begin >= MOST * self._limit:
                    self._lose(end)
                return True
        elif not final:
            return False
        found = self._rule.exact.match(text, begin, timeout=BUDGET)
        if found is None:
            self._lose(self._parts)
        else:
            stop = int(found.end())
            self._cover(spans, stop)
            self._at, self._parts = max(stop, self._parts), -1
        return True

    def _lose(self, at: int) -> None:
        self._at, self._parts, self._lost = at, at, True

    def _to_space(self, spans: list[Span], *, final: bool) -> bool:
        """Swallow up to the next white space; answer whether there is more to do."""
        found = _SPACE.search(self._text, self._parts)
        end = found.start() if found else len(self._text)
        if found is None and not final:
            end = self._parts + (end - self._parts) // self._limit * self._limit
        self._cover(spans, end)
        self._at = max(self._at, end)
        if found is not None:
            self._parts, self._lost = -1, False
        return found is not None

    def _cover(self, spans: list[Span], end: int) -> None:
        while self._parts < end:
            self._part(spans, min(end, self._parts + self._limit))

    def _part(self, spans: list[Span], end: int) -> None:
        spans.append(Span(self._offset + self._parts, self._offset + end, whole=False))
        self._parts = end

    def _forget(self) -> None:
        """Drop what no look-behind may ask for, once there is enough of it."""
        passed = self._at - self._limit
        if passed < self._limit:
            return
        self._text = self._text[passed:]
        self._offset += passed
        self._at -= passed
        if self._parts >= 0:
            self._parts -= passed
