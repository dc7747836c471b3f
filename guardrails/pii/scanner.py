"""One run of text, decided as it arrives.

Ordinary words leave when the break behind them arrives. A word that could become part of a match
opens a segment, held until its barrier is certain; the recognisers then look at it once, with the
words before it as context. What reads sentences (a model, and code of which the user says so) is
asked about each sentence as a whole.
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


_WORD_START = re.compile(r"(?<=\s)(?=\S)")

_SPACE = re.compile(r"\s")

# Not behind a single letter, nor a short name or title: "e.g.", "J.", "Dr.", "Mrs.".
_SENTENCE_END = re.compile(
    r"(?<!\b\w)(?<!\b[A-Z]\w)(?<!\b[A-Z]\w\w)[.!?][.!?]*[\"')\]\u2019\u201d\xbb]*$",
)
_END_LENGTH = 16  # of an end, with more than what stands before it
_SENTENCE_BREAK = re.compile(r"[\r\n\u2028\u2029\u2026\u3002\uff01\uff1f]")


class SentenceScanner:
    """Decides sentence by sentence, or line by line; a sentence ends at a barrier.

    Each is looked at once, as a whole: what lies across a cut would be missed. So one that is too
    long is undecided up to its end, in parts. Findings may overlap: whoever asks settles them.

    Args:
        engine: the recognisers.
        max_hold: the longest sentence, in characters.
    """

    def __init__(self, engine: Engine, max_hold: int) -> None:
        self._engine = engine
        self._segmenter = Segmenter(max_hold, quiet=False)
        self._left = LeftContext(engine.words.key_words)
        self._longest = max_hold
        self._text = ""
        self._offset = 0  # of _text[0]; where the sentence begins, if one is open
        self._open = False
        self._lost = False  # it is too long, and parts of it are gone
        self._end = 0  # of the last whole segment of the open sentence; in _text

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._offset if self._open else self._segmenter.settled

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece; return what became final."""
        self._text += text
        return self._decide(self._segmenter.feed(text))

    def finish(self) -> Sequence[Finding]:
        """Decide the rest."""
        findings = self._decide(self._segmenter.finish())
        return findings + self._close() if self._open else findings

    def _decide(self, segments: Iterable[Segment]) -> list[Finding]:
        findings: list[Finding] = []
        for segment in segments:
            findings += self._pass_breaks(segment.start)
            findings += self._add(segment)
        findings += self._pass_breaks(self._segmenter.settled)
        if not self._open:
            self._drop(self._segmenter.settled)
        return findings

    def _pass_breaks(self, upto: int) -> list[Finding]:
        """Go on to an offset in the run, before which no other segment begins."""
        findings: list[Finding] = []
        while self._open:
            end = upto - self._offset
            if self._ends_before(min(end, self._longest + 1)):
                findings += self._close()
            elif end > self._longest:
                findings.append(self._lose())
            else:
                break
        return findings

    def _ends_before(self, at: int) -> bool:
        """Answer whether the breaks up to a place, behind the last segment, end the sentence."""
        if _SENTENCE_BREAK.search(self._text, self._end, at):
            return True
        space = _SPACE.search(self._text, self._end, at)
        if space is None:
            return False
        begin = max(0, space.start() - _END_LENGTH)
        return _SENTENCE_END.search(self._text, begin, space.start()) is not None

    def _add(self, segment: Segment) -> list[Finding]:
        """Put a segment into the sentence; return what is final for it."""
        if not self._open:
            self._drop(segment.start)
            self._open = True
        findings: list[Finding] = []
        self._end = segment.end - self._offset
        while self._end > self._longest:
            findings.append(self._lose())
        return findings

    def _close(self) -> list[Finding]:
        """End the sentence."""
        text, begin = self._text[: self._end], self._offset
        if not self._lost:
            found = _look(self._engine, text, self._left.words, begin)
        else:
            found = [Finding(begin, begin + len(text), UNDECIDED)] if text else []
        self._pass(self._end)
        self._open = self._lost = False
        self._end = 0
        return found

    def _lose(self) -> Finding:
        """Give up on a sentence that is too long; return its next part, up to some word."""
        starts = [found.start() for found in _WORD_START.finditer(self._text, 1, self._longest + 1)]
        part = starts[-1] if starts else self._longest
        undecided = Finding(self._offset, self._offset + part, UNDECIDED)
        self._lost = True
        self._pass(part)
        self._end = max(0, self._end - part)
        return undecided

    def _pass(self, length: int) -> None:
        self._left.read(self._text[:length], 0, length)
        self._text = self._text[length:]
        self._offset += length

    def _drop(self, offset: int) -> None:
        self._text = self._text[offset - self._offset :]
        self._offset = offset


def _look(engine: Engine, text: str, left: Left, offset: int) -> list[Finding]:
    try:
        return engine.find(text, left, offset)
    except TooMuchWorkError:
        return [Finding(offset, offset + len(text), UNDECIDED)]


def _undecided(segment: Segment) -> Finding:
    return Finding(segment.start, segment.end, UNDECIDED)
