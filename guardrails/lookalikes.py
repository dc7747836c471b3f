"""Text as a guard reads it: full-width and styled characters plain, invisible ones gone.

A reader takes full-width digits for digits and does not see a zero-width space; a pattern does
neither. Guards therefore decide on a plain copy, and what they find is mapped back to the text as
it came.
The copy is made character by character, so it does not depend on how the text was cut.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import cache

__all__ = ["LookAlikes"]

# Soft hyphen, combining grapheme joiner, zero-width space and joiners, word joiner, BOM.
_INVISIBLE = "\u00ad\u034f\u180e\u200b\u200c\u200d\u2060\ufeff"
# Where characters live whose compatibility form (NFKC, Unicode Annex 15) is one ASCII character:
# super- and subscripts, letter-like and enclosed forms, full-width forms, mathematical alphabets.
_RANGES = (
    (0x00A0, 0x3400),
    (0xA000, 0xABFF),
    (0xF900, 0x10000),
    (0x1D400, 0x1D800),
    (0x1FBF0, 0x1FBFA),
)


@cache
def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for first, behind in _RANGES:
        for code in range(first, behind):
            plain = unicodedata.normalize("NFKC", chr(code))
            if len(plain) == 1 and plain.isascii() and not plain.isspace():
                table[code] = plain
    return table | {ord(char): None for char in _INVISIBLE}


class LookAlikes:
    """Makes the plain copy of one run of text, and keeps the way back.

    Offsets of the copy and of the text differ only by the invisible characters that were dropped.
    """

    def __init__(self) -> None:
        self._length = 0  # of the copy
        self._dropped: list[int] = []  # for each dropped character: the offset in the copy
        self._forgotten = 0  # dropped characters that are not remembered one by one any more

    def plain(self, text: str) -> str:
        """Return the next piece of the copy."""
        if text.isascii():
            self._length += len(text)
            return text
        copy = text.translate(_table())
        if len(copy) < len(text):
            at = self._length
            for char in text:
                if char in _INVISIBLE:
                    self._dropped.append(at)
                else:
                    at += 1
        self._length += len(copy)
        return copy

    def original(self, offset: int) -> int:
        """Return where the character at an offset of the copy stands in the text."""
        if not self._dropped:
            return offset + self._forgotten
        return offset + self._forgotten + bisect_right(self._dropped, offset)

    def forget(self, offset: int) -> None:
        """Drop what is only needed for offsets before this one."""
        if self._dropped:
            behind = bisect_right(self._dropped, offset)
            self._forgotten += behind
            del self._dropped[:behind]
