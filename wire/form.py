"""How a channel's text is written, and which runs of it guards may look at.

A *position* counts characters of the channel's text as the frames carry it. A *run* is text as a
reader will understand it, with the position of each character, so that a finding in the run can be
cut out of the frames exactly, escapes and surrogate pairs included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

__all__ = ["NumberProjection", "Projection", "Run", "TextProjection"]


class Run(NamedTuple):
    """The next piece of one run of readable text.

    Attributes:
        text: decoded characters; may be empty when only the end is news.
        starts: the position of each character.
        end: the position behind the last character; those between are contiguous.
        closes: True when the run ends here.
        number: True for a number that is not inside of a string: it comes whole, and only a number
            may take its place.
    """

    text: str
    starts: Sequence[int]
    end: int
    closes: bool = False
    number: bool = False


class Projection(Protocol):
    """Reads the pieces of a channel's text, incrementally."""

    @property
    def position(self) -> int:
        """Up to where the text is understood; an escape that is not complete lies behind it."""
        ...

    def feed(self, piece: str) -> list[Run]:
        """Take the next piece; return what became readable."""
        ...

    def finish(self) -> list[Run]:
        """Say that the channel is over; return the rest."""
        ...

    def encode(self, text: str) -> str:
        """Write readable text as the channel carries it."""
        ...


class TextProjection:
    """Text that is carried as it is.

    Servers that cut by UTF-16 units send a surrogate pair in two pieces: the halves are joined
    here, so that a guard sees the character that the reader will see.
    """

    def __init__(self) -> None:
        self._position = 0
        self._half = ""

    @property
    def position(self) -> int:
        """Up to where the text is understood; a waiting high surrogate lies behind it."""
        return self._position

    def feed(self, piece: str) -> list[Run]:
        """Take the next piece; one run, unless a pair was cut in two."""
        text = self._half + piece
        self._half = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._half, text = text[-1], text[:-1]
        return [self._run(text)] if text else []

    def finish(self) -> list[Run]:
        """Return the half of a pair whose other half never came, and the end of the run."""
        text, self._half = self._half, ""
        return [self._run(text)._replace(closes=True)]

    def encode(self, text: str) -> str:
        """Return the text itself."""
        return text

    def _run(self, text: str) -> Run:
        begin = self._position
        joined, starts = _join(text, begin)
        self._position = begin + len(text)
        return Run(joined, starts, self._position)


class NumberProjection:
    """One number, as a value of its own."""

    def __init__(self) -> None:
        self._position = 0

    @property
    def position(self) -> int:
        """Behind the number, once it has come."""
        return self._position

    def feed(self, piece: str) -> list[Run]:
        """Take the number, whole."""
        begin, self._position = self._position, self._position + len(piece)
        return [Run(piece, range(begin, self._position), self._position, True, True)]

    def finish(self) -> list[Run]:
        """Return nothing: the number was whole."""
        return []

    def encode(self, text: str) -> str:
        """Return the text itself."""
        return text


def _join(text: str, begin: int) -> tuple[str, Sequence[int]]:
    """Join surrogate pairs; return the characters and the position of each."""
    if text.isascii() or not any("\ud800" <= char <= "\udbff" for char in text):
        return text, range(begin, begin + len(text))
    joined: list[str] = []
    starts: list[int] = []
    for offset, char in enumerate(text):
        if joined and "\udc00" <= char <= "\udfff" and "\ud800" <= joined[-1] <= "\udbff":
            joined[-1] = chr(
                0x10000 + ((ord(joined[-1]) - 0xD800) << 10) + (ord(char) - 0xDC00),
            )
        else:
            joined.append(char)
            starts.append(begin + offset)
    return "".join(joined), starts
