r"""Where a text may be cut so that Presidio finds in the pieces what it finds in the whole.

Strategy. Read the text as *words* (runs of ordinary characters) and *breaks* (:mod:`.joints`). If
no match can reach over a break, the break is a **barrier**; otherwise the words on both sides
belong to one **segment**. Every pattern of Presidio's default English recognisers, and the
look-behinds, look-aheads and ``\b`` around it, see the two ends of a segment as they would see them
in the whole text. So the recognisers may run on each segment alone.

Where the segments begin and end depends on the whole text only, never on how it was cut into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from .context import LeftContext
from .joints import (
    BRACKETS,
    BREAK,
    DIGIT,
    LOOKBACK,
    PATH_END,
    PATH_START,
    PATH_START_LENGTH,
    QUIET,
    WORD,
    joined,
    quoted,
)

__all__ = ["Segment", "Segmenter"]

_MOST_PASSED = 256  # characters that need not be kept, but are, to save copying
_MOST_KEPT = _MOST_PASSED + LOOKBACK

_LONGEST_WORD = 48  # as in QUIET

_SHORTEST_ROW = 128
"""Characters from which a row of numbers is worth cutting; then at twice as many, and so on."""

Kind = Literal["words", "overflow"]


class Segment(NamedTuple):
    """A piece of text that no match crosses the ends of.

    Attributes:
        start: offset of the first character in the run.
        text: the piece, without the breaks around it.
        kind: ``"overflow"``: a part of a segment that is longer than the limit.
    """

    start: int
    text: str
    kind: Kind = "words"

    @property
    def end(self) -> int:
        """Offset behind the last character in the run."""
        return self.start + len(self.text)


class Segmenter:
    """Cuts one run of text into segments as it arrives.

    Args:
        limit: the longest segment, in characters. A longer one comes out in parts of this length
            of the kind ``"overflow"``, so that little more than this is ever kept.
        left: learns the words that have passed; None: nobody asks for them.
        quiet: whether to pass over plain words, which no match is in. What the other segments are
            does not depend on it.
        row_end: says where a long row of numbers may be cut; 0: nowhere. None: nobody knows.
    """

    def __init__(
        self,
        limit: int,
        left: LeftContext | None = None,
        *,
        quiet: bool,
        row_end: Callable[[str], int] | None = None,
    ) -> None:
        self._limit = limit
        self._row_end = row_end
        self._left = left
        self._quiet = quiet
        self._text: str = ""
        self._offset: int = 0  # of _text[0] in the run
        # Of the open segment (what is left of it) in _text; -1 between segments:
        self._start: int = -1
        self._scan: int = 0  # everything before belongs to the open segment, or is cut off
        self._taken: int = 0  # where the last returned segment begins
        self._read: int = 0  # everything before is in the left context
        self._calm: bool = quiet  # all is passed but for the letters of one word, if any
        self._inside: bool = False  # a segment is open, and no break in it is waiting
        # About the open segment:
        self._floor: int = 0  # where it began
        self._overflow: bool = False  # parts of it are gone
        self._row: int = 0  # how long it must be to be cut as a row of numbers
        self._flagged: int = 0  # the flags below have seen everything before
        self._digits: bool = False  # it has a digit
        self._path: bool = False  # the path of a URL is open
        self._path_floor: int = 0  # where the last one ended

    @property
    def settled(self) -> int:
        """Offset in the run of the first character that no returned segment or break covers."""
        return self._offset + (self._scan if self._start < 0 else self._start)

    def words(self) -> Sequence[str]:
        """Return the last key words before the segment returned last; they are read when asked."""
        self._know(self._taken)
        return self._left.words() if self._left else ()

    def feed(self, text: str) -> Iterable[Segment]:
        """Take the next piece of the run; yield the segments that it completes."""
        if self._calm:
            if self._is_calm(text):
                return ()
            self._wake()
        self._text += text
        if self._inside and text.isalpha() and len(self._text) - self._start <= self._limit:
            self._scan = len(self._text)  # the word goes on: letters are no breaks
            return ()
        if self._quiet and self._pass_quiet() and self._is_word(self._scan):
            self._calm = True
            return ()
        return self._cut(passed=self._quiet)

    def _is_calm(self, text: str) -> bool:
        """Pass over letters and spaces, behind such; answer whether there is nothing else."""
        length = len(self._text) + len(text)
        word = self._start if self._start >= 0 else len(self._text)
        if length > _MOST_KEPT or length - word > _LONGEST_WORD:
            return False
        if not text.isalpha():
            if not text.replace(" ", "a").isalpha():
                return False
            behind = text.rfind(" ") + 1
            self._start = length - len(text) + behind if behind < len(text) else -1
        elif self._start < 0:
            self._start = len(self._text)
        self._text += text
        self._scan = length
        return True

    def _wake(self) -> None:
        """Take up the word that is open where nothing but letters and spaces came."""
        self._calm = False
        self._inside = self._start >= 0
        if self._inside:
            self._begin(self._start)

    def finish(self) -> Iterable[Segment]:
        """Say that the run is over; yield the rest."""
        if self._calm:
            self._wake()
        return self._cut(final=True)

    def _cut(self, *, final: bool = False, passed: bool = False) -> Iterator[Segment]:
        while True:
            if self._quiet and not passed:
                self._pass_quiet()
            passed = False
            if not self._open():
                break
            closed = self._find_end(final=final)
            while self._scan - self._start > self._limit:
                self._look(self._scan)
                yield self._take(self._start + self._limit, "overflow")
            if not closed:
                break
            yield self._take(self._scan, "overflow" if self._overflow else "words")
            self._start = -1
        self._inside = self._start >= 0 and self._scan == len(self._text)
        self._forget()

    def _pass_quiet(self) -> bool:
        """Pass over plain words and the breaks behind them; answer whether there were any."""
        begin = self._scan
        if self._start >= 0:
            if self._digits or self._overflow:
                return False
            begin = self._start
        found = QUIET.match(self._text, begin)
        if found is None:
            return False
        self._start, self._scan = -1, found.end()
        return True

    def _is_word(self, begin: int) -> bool:
        """Answer whether the rest is nothing, or the letters that a word begins with."""
        rest = len(self._text) - begin
        if rest > self._limit or begin > _MOST_KEPT:
            return False
        self._inside = rest > 0
        if not rest:
            return True
        if not self._text[begin:].isalpha():
            return False
        self._begin(begin)
        self._scan = len(self._text)
        return True

    def _begin(self, at: int) -> None:
        self._start = self._floor = self._flagged = self._path_floor = at
        self._overflow = self._digits = self._path = False
        self._row = _SHORTEST_ROW

    def _open(self) -> bool:
        """Pass over the breaks between two segments; answer whether a segment is open."""
        if self._start >= 0:
            return True
        self._scan = self._behind_breaks(self._scan)
        if self._scan == len(self._text):
            return False
        self._begin(self._scan)
        self._scan += 1
        return True

    def _find_end(self, *, final: bool) -> bool:
        """Move the scan to the end of the segment, or as far as is certain; answer which."""
        text = self._text
        while found := BREAK.search(text, self._scan):
            at = self._scan = found.start()
            self._look(at)
            if self._path and not PATH_END.match(text, at):
                self._scan = at + 1
                continue
            lowest = max(self._floor, at - LOOKBACK)
            if text[at] in BRACKETS:
                return True
            if text[at] == '"':
                if not quoted(text, at, lowest):
                    return True
                self._scan = at + 1
                continue
            answer = joined(text, at, lowest, digits=self._digits, final=final)
            if not answer:
                return answer is False
            if end := self._end_of_row(at):
                self._scan = end
                return True
            self._scan = self._behind_breaks(at)
        self._scan = len(text)
        return final

    def _end_of_row(self, at: int) -> int:
        """Return where a row of numbers may be cut, known at a break in it; 0: nowhere."""
        length = at - self._start
        if self._row_end is None or self._overflow or not self._row <= length <= self._limit:
            return 0
        self._row *= 2
        end = self._row_end(self._text[self._start : at])
        return end and self._start + end

    def _look(self, end: int) -> None:
        """Bring the flags about the segment up to date with the text before ``end``."""
        begin, self._flagged = self._flagged, end
        if not self._digits:
            self._digits = DIGIT.search(self._text, begin, end) is not None
        if not self._path and self._text.find("/", begin, end) < 0:
            return
        for stop in PATH_END.finditer(self._text, begin, end):
            self._path_floor, self._path = stop.end(), False
        if not self._path:
            begin = max(self._path_floor, begin - PATH_START_LENGTH)
            self._path = PATH_START.search(self._text, begin, end) is not None

    def _behind_breaks(self, at: int) -> int:
        found = WORD.search(self._text, at)
        return found.start() if found else len(self._text)

    def _take(self, end: int, kind: Kind) -> Segment:
        start = self._taken = self._start
        self._start = end
        self._overflow = kind == "overflow"
        return Segment(self._offset + start, self._text[start:end], kind)

    def _know(self, end: int) -> None:
        if self._left is not None and end > self._read:
            self._left.read(self._text, self._read, end)
            self._read = end

    def _forget(self) -> None:
        """Drop what no rule can look at again, once there is enough of it."""
        known = self._scan if self._start < 0 else self._start
        passed = known - LOOKBACK
        if passed < _MOST_PASSED:
            return
        self._know(known)
        self._read = max(0, self._read - passed)
        self._text = self._text[passed:]
        self._offset += passed
        self._scan -= passed
        self._flagged -= passed
        self._floor = max(0, self._floor - passed)
        self._path_floor = max(0, self._path_floor - passed)
        if self._start >= 0:
            self._start -= passed
