"""What patterns and windows found in the whole text, settled with what the others found.

Strategy: everybody's raw results wait until nothing can overlap them any more: until the whole heap
of results that hang together lies in text that all have decided. Then the duplicates of each
recogniser go, the words around lift the scores, the thresholds apply, and the rest is merged: the
order in which Presidio does it with the whole text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from presidio_analyzer import EntityRecognizer

from ..guard import Finding, Scanner
from .context import LeftContext
from .engine import Engine, Left
from .matching import Match, plain, without_duplicates
from .merging import Result, merge
from .own import Hit, OwnSearch
from .scanner import UNDECIDED, SegmentScanner, SentenceScanner
from .windows import WindowScanner

__all__ = ["SettlingScanner", "opened"]

_MOST_PASSED = 512  # characters that need not be kept, but are, to save copying


def opened(engine: Engine, max_hold: int) -> Scanner:
    """Open a scanner for one run of text.

    Args:
        engine: the recognisers.
        max_hold: the longest piece without a boundary, and the longest match, in characters.
    """
    if engine.segments_suffice and not (engine.patterns or engine.reach):
        return SegmentScanner(engine, max_hold)
    kind = SegmentScanner if engine.segments_suffice else SentenceScanner
    return SettlingScanner(engine, kind(_RawEngine(engine), max_hold), max_hold)


class _RawEngine:
    """Says what the recognisers of an engine say, not merged.

    Args:
        engine: theirs.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.words = engine.words
        self.rows = engine.rows

    def find(self, text: str, left: Left, offset: int = 0) -> list[Finding]:
        """Return what is found in a segment; spans may overlap."""
        return [
            Finding(offset + one.start, offset + one.end, one.entity_type, one.score)
            for one in self._engine.results(text, left)
        ]


@dataclass(slots=True)
class _Raw:
    """A result that waits; one whose score may still be lifted has a match."""

    start: int
    end: int
    entity_type: str
    score: float
    match: Match | None = None


class SettlingScanner:
    """Decides one run of text by segments or sentences, by patterns, and by windows.

    Args:
        engine: the recognisers.
        inner: decides by segments or sentences, and does not merge (:class:`_RawEngine`).
        max_hold: the longest match of a pattern, in characters.
    """

    def __init__(self, engine: Engine, inner: Scanner, max_hold: int) -> None:
        self._engine = engine
        self._inner = inner
        self._search = OwnSearch(engine.patterns, max_hold)
        reach = engine.reach
        self._windows = WindowScanner(engine.reached, reach) if reach else None
        self._limit = 2 * max_hold  # of a heap: a segment, and a match that begins in it
        self._left = LeftContext(engine.words.key_words)
        self._text = ""
        self._offset = 0  # of _text[0], where a word begins
        self._waiting: list[_Raw] = []
        self._decided = 0  # while something waits

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._decided if self._waiting else self._sure()

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece; return what became final."""
        if not self._waiting and len(self._text) > 2 * _MOST_PASSED:
            self._forget(self._sure())
        self._text += text
        found = self._inner.feed(text)
        hits = self._search.feed(text)
        if self._windows is not None:
            self._keep(self._windows.feed(text))
        if found or hits or self._waiting:
            return self._settle(found, hits)
        return ()

    def finish(self) -> Sequence[Finding]:
        """Decide the rest."""
        found = self._inner.finish()
        if self._windows is not None:
            self._keep(self._windows.finish())
        return self._settle(found, self._search.finish())

    def _sure(self) -> int:
        sure = min(self._inner.decided, self._search.decided)
        return sure if self._windows is None else min(sure, self._windows.decided)

    def _keep(self, found: Iterable[tuple[int, Match]]) -> None:
        """Let the results of windows wait with the others."""
        for offset, one in found:
            self._engine.believe(one)
            self._wait(one.start + offset, one.end + offset, one)

    def _settle(self, found: Iterable[Finding], hits: Iterable[Hit]) -> list[Finding]:
        for one in found:
            score = _ABOVE_ALL if one.entity == UNDECIDED else one.score
            self._waiting.append(_Raw(one.start, one.end, one.entity, score))
        for hit in hits:
            self._take(hit)
        self._waiting.sort(key=lambda raw: (raw.start, raw.end))
        findings: list[Finding] = []
        sure = self._sure()
        while self._waiting:
            heap, end = self._first_heap()
            begin = heap[0].start
            if end - begin > self._limit:
                if begin + self._limit > sure:
                    break
                self._cut(heap, begin + self._limit, end, findings)
            elif end <= sure:
                del self._waiting[: len(heap)]
                findings += self._resolved(heap, begin)
            else:
                break
        if self._waiting:
            self._decided = min(sure, self._waiting[0].start)
        return findings

    def _take(self, hit: Hit) -> None:
        if hit.rule is None:
            self._waiting.append(_Raw(hit.start, hit.end, UNDECIDED, _ABOVE_ALL))
            return
        offset = self._offset
        match = hit.rule.worth(self._text, hit.start - offset, hit.end - offset)
        if match is not None:
            self._wait(hit.start, hit.end, match)

    def _wait(self, start: int, end: int, match: Match) -> None:
        self._waiting.append(_Raw(start, end, match.entity_type, match.score, match))

    def _first_heap(self) -> tuple[list[_Raw], int]:
        """Return the first results that hang together, and where they end."""
        end = self._waiting[0].end
        for number, raw in enumerate(self._waiting):
            if number and raw.start >= end:
                return self._waiting[:number], end
            end = max(end, raw.end)
        return list(self._waiting), end

    def _cut(self, heap: list[_Raw], at: int, end: int, findings: list[Finding]) -> None:
        """Give a heap up that is too long: its first part is undecided, and so is its rest."""
        findings.append(Finding(heap[0].start, at, UNDECIDED))
        self._waiting[: len(heap)] = [_Raw(at, end, UNDECIDED, _ABOVE_ALL)]

    def _resolved(self, heap: list[_Raw], begin: int) -> list[Finding]:
        results: list[Result] = []
        results += (raw for raw in heap if raw.match is None)
        patterns = [raw for raw in heap if raw.match is not None]
        if patterns and not any(raw.entity_type == UNDECIDED for raw in heap):
            results += self._confirmed(patterns, begin)
        elif patterns:
            results += patterns
        return [
            one if one.score <= 1 else Finding(one.start, one.end, one.entity)
            for one in merge(results)
        ]

    def _confirmed(self, patterns: list[_Raw], begin: int) -> list[Result]:
        """Return the matches whose score suffices."""
        self._forget(begin)
        offset = self._offset
        of_owner: dict[str, list[Match]] = {}
        owners: dict[str, EntityRecognizer] = {}
        for raw in patterns:
            if (match := raw.match) is not None:
                match.start, match.end = raw.start - offset, raw.end - offset
                of_owner.setdefault(match.recognizer.id, []).append(match)
                owners[match.recognizer.id] = match.recognizer
        matches: list[Any] = []
        for own, some in of_owner.items():
            matches += without_duplicates(some) if plain(owners[own]) else some
        text = self._text[: self._inner.decided - offset]
        # Presidio takes the word behind white space for its context, and fails without one.
        blank = [one for one in matches if text[one.start : one.end].isspace()]
        matches = [one for one in matches if one not in blank] if blank else matches
        above = self._engine.confirmed(text, matches, list(owners.values()), self._left.words)
        above += self._engine.confirmed(text, blank, (), self._left.words)
        settled: list[Result] = []
        for one in above:
            start, end = one.start + offset, one.end + offset
            settled.append(_Raw(start, end, one.entity_type, one.score))
        return settled

    def _forget(self, decided: int) -> None:
        """Drop what is in front of the word at a place, but for its last words."""
        at = decided - self._offset
        while at and (self._text[at - 1].isalnum() or self._text[at - 1] == "_"):
            at -= 1
        self._left.read(self._text, 0, at)
        self._text = self._text[at:]
        self._offset += at


_ABOVE_ALL = 2.0
"""The score of text that nobody looked at: it must not pass for something harmless."""
