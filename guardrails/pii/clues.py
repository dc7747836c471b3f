"""What a segment must contain before a recogniser is worth calling.

A clue is a *necessary* condition, cheap and linear: where it fails, the recogniser finds nothing.
It also says the best score the recogniser can give without a context word, so that one whose
matches would all stay below the threshold is not called at all. A recogniser without a row here
is always called, and every segment is then looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .patterns import Pattern, compiled

__all__ = ["CLUES", "DIGITS", "TRIGGER", "Clue"]


DIGITS = compiled(r"\d")

# Every raw match of every pattern contains one of these: a digit of any script; a dot before a word
# (an e-mail address has one); two colons with at most four hex digits between them (IPv6, MAC); two
# or four hex digits between hyphens (MAC, UUID).
TRIGGER = compiled(r"\d|\.\w|:[0-9a-f]{0,4}:|[0-9a-f]{2}-(?:[0-9a-f]{2}){1,2}-")


@dataclass(frozen=True, slots=True)
class Clue:
    """A necessary condition, and the best score it allows.

    Attributes:
        pattern: found in every text in which the recogniser matches with up to this score.
        score: the best score without a context word; 1.0 where a checksum can confirm a match.
        digits: how many digits such a text has at least; counting is cheaper than searching.
    """

    pattern: Pattern
    score: float
    digits: int


def _clue(pattern: str, score: float, digits: int = 0) -> Clue:
    return Clue(compiled(pattern), score, digits)


CLUES: Mapping[str, tuple[Clue, ...]] = {
    "CreditCardRecognizer": (_clue(r"\d{4}[- ]?\d{3}(?:[- ]?\d){6}", 1.0, 13),),
    "CryptoRecognizer": (_clue(r"(?:bc1|[13])[A-Z0-9]{25}", 1.0, 1),),
    "DateRecognizer": (
        _clue(
            r"\d[-/.]\d{1,2}[-/.]\d{2}|\d[-/][JFMASOND]|[A-Z]{3}-\d\d|\d{4}[-/]\d{1,2}[-/]\d",
            0.8,
            1,
        ),
        _clue(r"\d/\d\d", 0.2, 3),
    ),
    "EmailRecognizer": (_clue(r"@\w[\w\-]*\.\w", 1.0),),
    "IbanRecognizer": (_clue(r"[A-Z]{2}[0-9]{2}[ \-]?[A-Z0-9]{4}[ \-]?[A-Z0-9]{4}", 1.0, 2),),
    "IpRecognizer": (_clue(r"\d\.\d{1,3}\.\d{1,3}\.\d|:[0-9a-f]{0,4}:", 0.6),),
    "MacAddressRecognizer": (
        _clue(r"[0-9a-f]{2}([:\-])[0-9a-f]{2}\1|[0-9a-f]{4}\.[0-9a-f]{4}\.", 0.6),
    ),
    "MedicalLicenseRecognizer": (_clue(r"[A-Z9]\d{7}", 1.0, 7),),
    "NhsRecognizer": (_clue(r"\d{3}[- ]?\d{3}[- ]?\d{4}", 1.0, 10),),
    "UrlRecognizer": (_clue(r"https?://[a-z0-9.\-]+\.[a-z]{2}", 0.6), _clue(r"\.[a-z]{2}", 0.5)),
    "UsBankRecognizer": (_clue(r"[0-9]{8}", 0.05, 8),),
    "UsItinRecognizer": (_clue(r"9\d\d[- ]?\d\d[- ]?\d{4}", 0.5, 9),),
    "UsLicenseRecognizer": (
        _clue(r"[A-Z\]][0-9]|[0-9]{2}[A-Z]{3}|[0-9]{3}[A-Z]{2}|[0-9]{7}[A-Z]", 0.3, 1),
        _clue(r"[0-9]{6}", 0.01, 6),
    ),
    "UsPassportRecognizer": (_clue(r"[A-Z0-9][0-9]{8}", 0.1, 8),),
    "UsSsnRecognizer": (
        _clue(r"[0-9]{3}[- .][0-9]{2}[- .][0-9]{4}", 0.5, 9),
        _clue(r"[0-9]{3}-?[0-9]{2}-?[0-9]{4}", 0.05, 9),
    ),
    "UuidRecognizer": (_clue(r"[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-", 0.5),),
}
"""Clues of the pattern recognisers, by class name, best score first; telephone numbers only count
digits (see engine)."""
