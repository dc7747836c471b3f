r"""What can reach over a break between two words: the rules behind :mod:`.barriers`.

A *break* is white space, or punctuation that no recogniser's pattern contains. A match can reach
over one in four ways: the groups of a number (a telephone number, a card, a social security number
in groups), the extension of a telephone number, the groups of an IBAN, and a comma or the like in
the path of a URL. The rules over-estimate, which costs a little delay; under-estimating would cost
exactness. ``tests/guardrails`` compares them with Presidio on the whole text.

Rule 1: a rule reads at most ``LOOKBACK`` characters to the left of a break (and two flags about the
segment so far), and at most ``3 * REACH`` to its right.
Rule 2: what the visible text leaves open, *partial matching* reports as open, and the segment
waits. So the answer never depends on how the text was cut into calls.
"""

from __future__ import annotations

import re

from .patterns import Pattern, compiled

__all__ = [
    "BRACKETS", "BREAK", "DIGIT", "LOOKBACK", "PATH_END", "PATH_START", "PATH_START_LENGTH",
    "QUIET", "REACH", "WORD", "joined", "quoted",
]  # fmt: skip

REACH = 32
"""How many white spaces, commas and hyphens a telephone extension may stand off from its number.

phonenumbers sets no limit; a run without one could hold a stream for as long as a model writes
spaces. A number before such a run is still found, and so is the text behind it, on its own.
"""

LOOKBACK = 2 * REACH
"""More than the longest pattern that reads to the left matches, in characters."""

# White space as the `regex` module understands it; `re` counts \x1c-\x1f too, `regex` does not.
_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Not a word character, and in no pattern but the path of a URL (and ``,`` ``;`` before an
# extension). Quotes, brackets, ``|``, ``{`` and the like do occur in patterns.
_NEUTRAL = (
    r",;\\<>\u2018\u2019\u201c-\u201e\u2026\xab\xbb"
    r"\u3001\u3002\u3008-\u3011\uff01\uff0c\uff1a\uff1b\uff1f"
)
# A bracket stands in telephone numbers only, beside their digits and punctuation (and in
# ``A-Z]]12``, by mistake in a licence pattern); a double quote begins or ends a URL in quotes.
_APART = r"_=,:;!?*&%$^|{}<>\\'\"`"
BREAK = re.compile(
    rf"""[{_SPACE}{_NEUTRAL}"]|(?<=[a-zA-Z{_APART}])(?:(?<![xX])|(?<=[a-wyzA-WYZ_].))[()\[]"""
    rf"""|(?<=[a-yA-Y{_APART}])(?:(?<![xX])|(?<=[a-wyzA-WYZ_].))\]""",
)
WORD = re.compile(rf"[^{_SPACE}{_NEUTRAL})\]]")
BRACKETS = frozenset("()[]")

# The path of a URL begins behind its top-level domain, and is ``/[^\s()<>"']*``.
PATH_START = compiled(r"[.][a-z]{2,13}/")
PATH_START_LENGTH = 15
PATH_END = re.compile(f"[{_SPACE}()<>\"']")
DIGIT = compiled(r"\d")

# phonenumbers: the punctuation between digits, what may stand before the first one, and the words
# for an extension.
_PUNCTUATION = (
    r"\-x\u2010-\u2015\u2212\u30fc\uff0d-\uff0f \xa0\xad\u200b\u2060\u3000"
    r"()\uff08\uff09\uff3b\uff3d.\[\]/~\u2053\u223c\uff5e"
)
_LEAD = r"(\[\uff08\uff3b+\uff0b"
_EXTENSION = (
    r"(?:e?xt(?:ensi(?:o\u0301?|\xf3))?n?|\uff45?\uff58\uff54\uff4e?|\u0434\u043e\u0431|anexo"
    r"|[x\uff58#\uff03~\uff5e]|int|\uff49\uff4e\uff54)[:.\uff0e]?"
)
_STANDOFF = rf"[ \xa0\t,\-]{{0,{REACH}}}"

# Words that hold no trigger (see clues) and that nothing joins, each with the breaks behind it: all
# that most of a text consists of. A single hyphen inside and a full stop at the end do no harm.
# `re` is faster than `regex`; what it does not know for a letter or a symbol goes the careful way.
# A bracket before a letter (other than ``x``) begins no number.
_PLAIN = (
    r"""(?:[^\W\d]|[!"#$%&')*=?\]^`{|}~\u20ac\u2600-\u27bf\U0001f300-\U0001faff]"""
    r"""|[(\[](?=[a-wyzA-WYZ_"'*]))"""
)
QUIET = re.compile(
    rf"[{_SPACE}{_NEUTRAL}]*+(?:{_PLAIN}{{1,48}}+(?:-{_PLAIN}{{1,48}}+)?"
    rf"(?:[.]{{1,3}}|:)?[\"')\]*]{{0,3}}+[{_SPACE}{_NEUTRAL}]++)+"
)


def _before(pattern: str) -> Pattern:
    """Compile a pattern whose ``match`` ends at ``endpos`` and reads to the left."""
    return compiled(f"(?r)(?:{pattern})")


# Each pair: what must stand left of a break, and what from the break on, for a match to cross it.
_LEADING = (
    _before(rf"[{_LEAD}][{_PUNCTUATION}{_LEAD}]{{0,9}}"),
    compiled(rf"[{_PUNCTUATION}{_LEAD}]{{1,9}}\d"),
)
_NUMBER = (
    _before(rf"[\d{_PUNCTUATION}]"),
    # the next group of digits; or an extension, with its word or as ``- 12#``
    compiled(
        rf"[{_PUNCTUATION}]{{1,4}}\d|;ext=\d|[ \xa0\t,]{{0,{REACH}}}{_EXTENSION}{_STANDOFF}\d"
        rf"|[ \-]{{1,{REACH}}}\d{{1,6}}#",
    ),
)
_EXTENDED = (_before(_EXTENSION + _STANDOFF), compiled(rf"{_STANDOFF}\d"))
_IBAN = (
    _before(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?:[ \-]?[A-Z0-9]{4}){0,7}"),
    compiled(r"[ ][A-Z0-9]"),
)
_WITHOUT_DIGITS = (_LEADING,)
_WITH_DIGITS = (_NUMBER, _EXTENDED, _IBAN, _LEADING)

_MAY_LEAD = frozenset(
    re.findall(f"[{_LEAD}{_PUNCTUATION}]", "".join(map(chr, range(0x10000))), re.IGNORECASE),
)


def quoted(text: str, at: int, lowest: int) -> bool:
    """Answer whether a URL in quotes could end with the double quote at ``at``.

    Args:
        text: what has arrived, from ``lowest`` or before.
        at: where the quote is.
        lowest: where the segment begins, or ``LOOKBACK`` before the quote.
    """
    begin = max(text.rfind('"', lowest, at), text.rfind("'", lowest, at))
    if begin < 0:
        return at - lowest >= LOOKBACK
    return text.find(".", begin, at) >= 0


def joined(text: str, at: int, lowest: int, *, digits: bool, final: bool) -> bool | None:
    """Answer whether a match could reach over the break at ``at``; None: not known yet.

    Args:
        text: what has arrived, from ``lowest`` or before.
        at: where the break begins.
        lowest: where the segment begins, or ``LOOKBACK`` before the break.
        digits: whether the segment has a digit so far; most matches need one.
        final: no more text will come.
    """
    if not digits and text[at - 1] not in _MAY_LEAD:
        return False
    waiting = False
    for before, after in _WITH_DIGITS if digits else _WITHOUT_DIGITS:
        if before.match(text, lowest, at):
            match = after.match(text, at, partial=not final)
            if match and not match.partial:
                return True
            waiting = waiting or match is not None
    return None if waiting else False
