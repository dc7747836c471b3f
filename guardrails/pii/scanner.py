"""One run of text, decided as it arrives.

Ordinary words leave when the break behind them arrives. A word that could become part of a match
opens a segment, held until its barrier is certain; the recognisers then look at it once, with the
words before it as context. What :mod:`.barriers` does not cover (named entities, recognisers of
other languages) is looked at sentence by sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from ..guard import Finding
from .barriers import Segment, Segmenter
from .context import LeftContext
from .engine import Left
from .matching import TooMuchWorkError
from .rows import Rows
from .tokens import WordEngine

__all__ = ["UNDECIDED", "SegmentScanner", "SentenceScanner"]

UNDECIDED = "UNDECIDED"
"""The entity of a text that was longer than the hold limit: nobody looked at it, so it is taken for
personal data as a whole."""


class Engine(Protocol):
    """What a scanner asks: :class:`.engine.Engine`, or one that does not merge."""

    @property
    def words(self) -> WordEngine:
        """Knows the words that may serve as context."""
        ...

    @property
    def rows(self) -> Rows:
        """Knows where a long row of numbers may be cut."""
        ...

    def find(self, text: str, left: Left, offset: int = 0) -> list[Finding]:
        """Return what is found in a segment."""
        ...


class SegmentScanner:
    """Decides each segment on its own.

    Args:
        engine: the recognisers.
        max_hold: the longest segment, in characters.
    """

    def __init__(self, engine: Engine, max_hold: int) -> None:
        self._engine = engine
        left = LeftContext(engine.words.key_words)
        self._segmenter = Segmenter(max_hold, left, quiet=True, row_end=engine.rows.end)

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._segmenter.settled

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece; return what became final."""
        segments = self._segmenter.feed(text)
        return self._decide(segments) if segments else ()

    def finish(self) -> Sequence[Finding]:
        """Decide the rest."""
        return self._decide(self._segmenter.finish())

    def _decide(self, segments: Iterable[Segment]) -> Sequence[Finding]:
        findings: list[Finding] = []
        for segment in segments:
            if segment.kind == "overflow":
                findings.append(_undecided(segment))
            else:
                words = self._segmenter.words
                findings += _look(self._engine, segment.text, words, segment.start)
        return findings


_LONGEST_SENTENCE = 400
"""Characters after which a sentence is cut at the next barrier; twice what is usual in prose."""

# Not behind a single letter, nor a short name or title: "e.g.", "J.", "Dr.", "Mrs.".
_SENTENCE_END = re.compile(
    r"(?<!\b\w)(?<!\b[A-Z]\w)(?<!\b[A-Z]\w\w)[.!?][.!?]*[\"')\]]*$",
)
_SENTENCE_BREAK = re.compile(r"[\r\n\u2028\u2029\u2026\u3002\uff01\uff1f]")


class SentenceScanner:
    """Decides sentence by sentence, or line by line; a sentence ends at a barrier.

    Exact within the sentence: a model that reads more text than this may see things differently.

    Args:
        engine: the recognisers, a model among them.
        max_hold: the longest segment, in characters; a sentence is as long as this or 400.
    """

    def __init__(self, engine: Engine, max_hold: int) -> None:
        self._engine = engine
        self._segmenter = Segmenter(max_hold, quiet=False)
        self._left = LeftContext(engine.words.key_words)
        self._longest = min(max_hold, _LONGEST_SENTENCE)
        self._text = ""
        self._offset = 0  # of _text[0], the first character of the sentence
        self._end = 0  # of the last whole segment in it; 0: none yet

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._offset if self._end else self._segmenter.settled

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece; return what became final."""
        self._text += text
        return self._decide(self._segmenter.feed(text), final=False)

    def finish(self) -> Sequence[Finding]:
        """Decide the rest."""
        return self._decide(self._segmenter.finish(), final=True)

    def _decide(self, segments: Iterable[Segment], *, final: bool) -> list[Finding]:
        findings: list[Finding] = []
        for segment in segments:
            findings += self._add(segment)
        settled = self._segmenter.settled - self._offset
        if self._end and (final or _SENTENCE_BREAK.search(self._text, self._end, settled)):
            findings += self._close()
        if not self._end:
            self._drop(self._segmenter.settled - self._offset)
        return findings

    def _add(self, segment: Segment) -> list[Finding]:
        """Put a segment into the sentence; return the findings of the sentences it closes."""
        findings: list[Finding] = []
        begin = segment.start - self._offset
        if self._end and (
            segment.kind == "overflow"
            or segment.end - self._offset > self._longest
            or _SENTENCE_BREAK.search(self._text, self._end, begin)
        ):
            findings += self._close()
        if not self._end:
            self._drop(segment.start - self._offset)
        self._end = segment.end - self._offset
        if segment.kind == "overflow":
            self._drop(self._end)
            return [*findings, _undecided(segment)]
        if _SENTENCE_END.search(segment.text):
            findings += self._close()
        return findings

    def _close(self) -> list[Finding]:
        sentence = self._text[: self._end]
        found = _look(self._engine, sentence, self._left.words, self._offset)
        self._left.read(sentence, 0, self._end)
        self._drop(self._end)
        return found

    def _drop(self, length: int) -> None:
        self._text = self._text[length:]
        self._offset += length
        self._end = 0


def _look(engine: Engine, text: str, left: Left, offset: int) -> list[Finding]:
    try:
        return engine.find(text, left, offset)
    except TooMuchWorkError:
        return [Finding(offset, offset + len(text), UNDECIDED)]


def _undecided(segment: Segment) -> Finding:
    return Finding(segment.start, segment.end, UNDECIDED)
