"""Text as a guard reads it: styled characters plain, %-escapes undone, invisible characters gone.

A reader takes full-width digits for digits, ``%40`` for ``@``, and does not see a zero-width space;
a pattern does none of that. Guards therefore decide on a plain copy, and what they find is mapped
back to the text as it came, with the invisible characters inside and right before it. The copy is
made character by character, so it does not depend on how the text was cut.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
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
# Percent escapes (RFC 3986 §2.1) of what personal data is made of: + - . digits and @. Others stay:
# a decoded space or slash would cut an address in two.
_DROPPED = re.compile(rf"%(?:2[bBdDeE]|3[0-9]|40)|[{_INVISIBLE}]")
_BEGUN = re.compile(r"%[234]?\Z")


@cache
def _table() -> dict[int, str]:
    table: dict[int, str] = {}
    for first, behind in _RANGES:
        for code in range(first, behind):
            plain = unicodedata.normalize("NFKC", chr(code))
            if len(plain) == 1 and plain.isascii() and not plain.isspace():
                table[code] = plain
    return table


class LookAlikes:
    """Makes the plain copy of one run of text, and keeps the way back.

    Offsets of the copy and of the text differ only by characters that were dropped: invisible ones,
    and all of an escape but its last, which stands for the character.
    """

    def __init__(self) -> None:
        self._length = 0  # of the copy
        self._begun = ""  # an escape that is not complete
        self._dropped: list[int] = []  # for each dropped character: the offset in the copy
        self._forgotten = 0  # dropped characters that are not remembered one by one any more

    def plain(self, text: str) -> str:
        """Return the next piece of the copy; an incomplete escape waits for its rest."""
        if not self._begun and "%" not in text and text.isascii():
            self._length += len(text)
            return text
        text = self._begun + text
        begun = _BEGUN.search(text)
        self._begun = begun[0] if begun else ""
        return self._copy(text[: len(text) - len(self._begun)])

    def finish(self) -> str:
        """Return the rest of the copy."""
        rest, self._begun = self._begun, ""
        self._length += len(rest)
        return rest

    def first(self, offset: int) -> int:
        """Return where what stands for a character of the copy begins in the text."""
        return offset + self._forgotten + bisect_left(self._dropped, offset)

    def last(self, offset: int) -> int:
        """Return where what stands for a character of the copy ends in the text."""
        return offset + self._forgotten + bisect_right(self._dropped, offset) + 1

    def forget(self, offset: int) -> None:
        """Drop what is only needed for offsets before this one."""
        if self._dropped:
            behind = bisect_left(self._dropped, offset)
            self._forgotten += behind
            del self._dropped[:behind]

    def _copy(self, text: str) -> str:
        pieces: list[str] = []
        at = 0
        for match in _DROPPED.finditer(text):
            pieces.append(text[at : match.start()])
            self._length += len(pieces[-1])
            meant = _meant(match[0])
            self._dropped += [self._length] * (len(match[0]) - len(meant))
            pieces.append(meant)
            self._length += len(meant)
            at = match.end()
        pieces.append(text[at:])
        self._length += len(pieces[-1])
        copy = "".join(pieces)
        return copy if copy.isascii() else copy.translate(_table())


def _meant(found: str) -> str:
    """Return the character that an escape stands for; nothing for an invisible one."""
    return chr(int(found[1:], 16)) if found[0] == "%" else ""
