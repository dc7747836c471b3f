"""How a channel's text is written, and which runs of it guards may look at.

A *position* counts characters of the channel's text as the frames carry it. A *run* is text as a
reader will understand it, with the position of each character, so that a finding in the run can be
cut out of the frames exactly, escapes and surrogate pairs included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from .json_number import replacing_number

__all__ = ["Edit", "NumberProjection", "Projection", "Run"]


class Run(NamedTuple):
    """The next piece of one run of readable text.

    Attributes:
        text: decoded characters; may be empty when only the end is news.
        starts: the position of each character.
        end: the position behind the last character; those between are contiguous.
        closes: True when the run ends here.
    """

    text: str
    starts: Sequence[int]
    end: int
    closes: bool = False


class Edit(NamedTuple):
    """What takes the place of a piece of a channel: positions, and the text as it is carried."""

    start: int
    end: int
    text: str


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

    def fit(self, start: int, end: int, text: str) -> list[Edit]:
        """Return the edits that hide these positions, and say a text as the channel carries it.

        Args:
            start: not before what was forgotten.
            end: not behind ``position``.
            text: readable text.
        """
        ...

    def forget(self, position: int) -> None:
        """Say that no edit will begin before a position."""
        ...


class NumberProjection:
    """One number, as a value of its own."""

    def __init__(self) -> None:
        self._position = 0
        self._number = ""

    @property
    def position(self) -> int:
        """Behind the number, once it has come."""
        return self._position

    def feed(self, piece: str) -> list[Run]:
        """Take the number, whole."""
        begin, self._position = self._position, self._position + len(piece)
        self._number = piece
        return [Run(piece, range(begin, self._position), self._position, closes=True)]

    def finish(self) -> list[Run]:
        """Return nothing: the number was whole."""
        return []

    def fit(self, start: int, end: int, text: str) -> list[Edit]:
        """Replace the number as a whole, wherever in it something was found."""
        whole = end - start == self._position
        new = replacing_number(self._number, text if whole else None)
        return [Edit(0, self._position, new)]

    def forget(self, position: int) -> None:
        """Do nothing: there is one edit at most."""
