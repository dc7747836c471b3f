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


LONGEST_WINDOW = 400
"""Characters of a sentence that are looked at together; twice what is usual in prose."""

_REPEATED = 5
"""Which part of a window the next one repeats, if the sentence goes on: a fifth, 80 characters."""

_WORD_START = re.compile(r"(?<=\s)(?=\S)")

# Not behind a single letter, nor a short name or title: "e.g.", "J.", "Dr.", "Mrs.".
_SENTENCE_END = re.compile(
    r"(?<!\b\w)(?<!\b[A-Z]\w)(?<!\b[A-Z]\w\w)[.!?][.!?]*[\"')\]]*$",
)
_SENTENCE_BREAK = re.compile(r"[\r\n\u2028\u2029\u2026\u3002\uff01\uff1f]")


class SentenceScanner:
    """Decides sentence by sentence, or line by line; a sentence ends at a barrier.

    A sentence that is too long is looked at in windows, each of which repeats the end of the one
    before. A finding belongs to the window that repeats its beginning last, and so is seen as a
    whole if it is no longer than what is repeated; a longer one is found as far as it is seen.
    Findings may reach behind what is decided, and overlap: whoever asks settles them.

    Exact within the window: a model that reads more text than this may see things differently.

    Args:
        engine: the recognisers, a model among them.
        max_hold: the longest segment, in characters; a window is as long as this or 400, or one
            longer segment with what is repeated before it.
    """

    def __init__(self, engine: Engine, max_hold: int) -> None:
        self._engine = engine
        self._segmenter = Segmenter(max_hold, quiet=False)
        self._left = LeftContext(engine.words.key_words)
        self._longest = min(max_hold, LONGEST_WINDOW)
        self._repeated = self._longest // _REPEATED
        self._text = ""
        self._offset = 0  # of _text[0], the first character of the window
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
        """Put a segment into the window; return the findings of the windows it closes."""
        findings: list[Finding] = []
        begin = segment.start - self._offset
        if self._end and (
            segment.kind == "overflow" or _SENTENCE_BREAK.search(self._text, self._end, begin)
        ):
            findings += self._close()
        if self._end > self._repeated and segment.end - self._offset > self._longest:
            findings += self._cut()
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
        """End the sentence."""
        found = self._look()
        self._pass(self._end)
        self._end = 0
        return found

    def _cut(self) -> list[Finding]:
        """Look at a window of a sentence that goes on, and keep what the next one repeats."""
        last = self._end - self._repeated
        starts = [found.start() for found in _WORD_START.finditer(self._text, 1, last + 1)]
        begin = last  # unless a word begins soon before
        if starts and last - starts[-1] < self._repeated:
            begin = starts[-1]
        found = [one for one in self._look() if one.start < self._offset + begin]
        self._pass(begin)
        self._end -= begin
        return found

    def _look(self) -> list[Finding]:
        return _look(self._engine, self._text[: self._end], self._left.words, self._offset)

    def _pass(self, length: int) -> None:
        self._left.read(self._text[:length], 0, length)
        self._text = self._text[length:]
        self._offset += length

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
