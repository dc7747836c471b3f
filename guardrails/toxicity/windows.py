"""Where one run of text is cut into the windows that a classifier sees.

Strategy. A window is a sentence: up to its final punctuation, or up to the end of the line. A
sentence that is longer than the limit comes out in several windows, each of which repeats the end
of the one before it, so that no phrase shorter than the overlap is seen only in halves.

Where the windows begin and end depends on the whole text only, never on how it was cut into calls:
a cut is made only where what has arrived leaves no other choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Window", "Windows"]

_ENDS = ".!?\u2026\u203d"
_WIDE_ENDS = "\u3002\uff01\uff1f\uff61"
_CLOSERS = "\"')]}*_`\u201d\u2019\u00bb\u203a\u300d\u300f\uff09\u3011"

_END = re.compile(
    rf"""
    (?<! [{_ENDS}] )
    (?<! \b\w ) (?<! \b(?:Dr|Mr|Ms|Jr|Sr|St|vs|No) ) (?<! \b(?:Mrs|etc) ) (?<! \bProf )
    [{_ENDS}]++ [{re.escape(_CLOSERS)}]*+ (?= \s )
    | (?<! [{_WIDE_ENDS}] ) [{_WIDE_ENDS}]++ [{re.escape(_CLOSERS)}]*+ (?= . )
    | (?= [\r\n\v\f\x1c-\x1e\x85\u2028\u2029] )
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"\s")
_WORD = re.compile(r"\S")


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of text that is looked at as one.

    Attributes:
        start: offset of the first character in the run.
        text: the piece, without white space around it.
        settled: up to where nothing else is looked at; less than ``end`` where the next window
            repeats the end of this one.
    """

    start: int
    text: str
    settled: int

    @property
    def end(self) -> int:
        """Offset behind the last character in the run."""
        return self.start + len(self.text)


class Windows:
    """Cuts one run of text into windows as it arrives.

    Args:
        limit: the longest window, in characters; what waits is never longer.
        overlap: how many characters the windows of a longer sentence share; at most half of it.
    """

    def __init__(self, limit: int, overlap: int) -> None:
        self._limit = limit
        self._overlap = overlap
        self._text = ""  # what belongs to no window yet, and what the next one repeats
        self._offset = 0  # of _text[0] in the run
        self._scan = 0  # no sentence ends before this place in _text

    @property
    def settled(self) -> int:
        """Offset of the first character that a later window may hold."""
        return self._offset

    def feed(self, text: str) -> list[Window]:
        """Take the next piece; return the windows that it completes."""
        self._text += text
        steps = list(self._cut())
        self._drop(steps[-1][0])
        return [window for _, window in steps if window is not None]

    def finish(self) -> list[Window]:
        """Say that the run is over; return the last window, if any text is left."""
        rest = self._text.rstrip()
        window = Window(self._offset, rest, self._offset + len(rest))
        self._drop(len(self._text))
        return [window] if rest else []

    def _drop(self, count: int) -> None:
        self._text = self._text[count:]
        self._offset += count

    def _cut(self) -> Iterator[tuple[int, Window | None]]:
        """Yield each window and where what follows it begins in the text."""
        at = 0
        while True:
            word = _WORD.search(self._text, at)
            at = len(self._text) if word is None else word.start()
            yield at, None
            # A copy: a look-behind must not see what happens to be there from before.
            ahead = self._text[at : at + self._limit + 1]
            end = _END.search(ahead, self._scan)
            if end is not None:
                length, step = end.end(), end.end()
            elif len(ahead) > self._limit:
                length, step = self._part(ahead)
            else:
                self._scan = len(ahead.rstrip(_ENDS + _WIDE_ENDS + _CLOSERS))
                return
            self._scan = 0
            start = self._offset + at
            at += step
            yield at, Window(start, ahead[:length].rstrip(), self._offset + at)

    def _part(self, ahead: str) -> tuple[int, int]:
        """Return the length of a part of a long sentence, and where the next part begins."""
        least = self._limit // 2
        length = next(
            (at for at in range(self._limit, least, -1) if ahead[at].isspace()),
            self._limit,
        )
        begin = length - self._overlap
        space = _SPACE.search(ahead, begin, length)
        word = space and _WORD.search(ahead, space.end(), length)
        return length, word.start() if word else begin
