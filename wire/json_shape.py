"""Where the strings and numbers of a JSON text stand, so that an edit leaves JSON behind.

An edit that reaches over quotes, commas and brackets is made in the strings and numbers that it
touches; structure, white space, ``true``, ``false`` and ``null`` stay.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from operator import itemgetter

from .form import Edit
from .json_number import replacing_number

__all__ = ["Names", "Shape"]

_FOREVER = 1 << 62
# How many different texts of an object are counted by themselves.
_MOST_NAMES = 256


class Names:
    """Keeps apart the names of one object that an edit would make equal."""

    def __init__(self) -> None:
        self._written: dict[str, int] = {}
        self._others = 1

    def distinct(self, text: str) -> str:
        """Return the text, with a number behind it where the object has got it already."""
        if text in self._written:
            self._written[text] += 1
            return f"{text}_{self._written[text]}"
        if len(self._written) < _MOST_NAMES:
            self._written[text] = 1
            return text
        self._others += 1
        return f"{text}_{self._others}"


@dataclass(slots=True)
class _Segment:
    """The inside of a string or a name, a number, or what is no JSON any more."""

    start: int
    end: int = _FOREVER
    number: str | None = None  # as it is meant
    names: Names | None = None  # of the object, if this is a name of it
    free: bool = False


def _start(segment: _Segment) -> int:
    return segment.start


def _end(segment: _Segment) -> int:
    return segment.end


@dataclass(slots=True)
class Shape:
    """The segments that may still be edited, in their order.

    Attributes:
        only_ascii: whether what is written into strings is escaped wherever it is not ASCII.
    """

    only_ascii: bool
    _segments: list[_Segment] = field(default_factory=list[_Segment])
    _escapes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def open(self, start: int, names: Names | None = None, *, free: bool = False) -> None:
        """Begin a string, a name of an object, or free text."""
        self._segments.append(_Segment(start, names=names, free=free))

    def close(self, end: int) -> None:
        """End what was begun last."""
        self._segments[-1].end = end

    def number(self, start: int, end: int, meant: str) -> None:
        """Add a number."""
        self._segments.append(_Segment(start, end, meant))

    def escape(self, start: int, end: int) -> None:
        """Add an escape: an edit takes all of it or nothing."""
        self._escapes.append((start, end))

    def forget(self, position: int) -> None:
        """Drop what ends before a position."""
        if self._escapes and self._escapes[0][1] <= position:
            del self._escapes[: bisect_right(self._escapes, position, key=itemgetter(1))]
        if self._segments and self._segments[0].end <= position:
            del self._segments[: bisect_right(self._segments, position, key=_end)]

    def fit(self, start: int, end: int, text: str) -> list[Edit]:
        """Return the edits that hide these positions, and say a text in their place.

        The first string says it, and each name: an empty one may be there already. A number becomes
        that text only if it is all that is hidden.
        """
        start, end = self._within(start)[0], self._within(max(end, start + 1) - 1)[1]
        edits: list[Edit] = []
        said, segments = text, self._segments
        at = max(0, bisect_right(segments, start, key=_start) - 1)
        while at < len(segments) and segments[at].start < end:
            one = segments[at]
            at += 1
            if one.end <= max(start, one.start):
                continue
            if one.number is not None:
                wanted = text if (start, end) == (one.start, one.end) else None
                edits.append(Edit(one.start, one.end, replacing_number(one.number, wanted)))
            else:
                new = one.names.distinct(said) if one.names else text
                written = new if one.free else self._inside(new)
                edits.append(Edit(max(start, one.start), min(end, one.end), written))
                text = ""
        return edits

    def _within(self, position: int) -> tuple[int, int]:
        """Return where the character at a position begins and ends: an escape has several."""
        at = bisect_right(self._escapes, position, key=itemgetter(0)) - 1
        inside = at >= 0 and position < self._escapes[at][1]
        return self._escapes[at] if inside else (position, position + 1)

    def _inside(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self.only_ascii)[1:-1]
