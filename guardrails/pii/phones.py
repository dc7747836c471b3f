"""Presidio's telephone recogniser, with the tries that cannot succeed left out.

It reads a text eight times, once for each region, and parses every group of digits in every way a
number could be grouped. Here one regular expression for each region asks first whether the digits
can be a number at all. What is found stays the same; the tests compare.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumberMatch,
    PhoneNumberMatcher,
)
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

from .clues import DIGITS
from .matching import Match, TooMuchWorkError, without_duplicates

__all__ = ["SparingPhoneRecognizer", "fewest_digits_of"]

_SHORTEST_INTERNATIONAL = 8
"""An international prefix (``00``) and the shortest country code with number, in digits."""

# What parsing drops. A candidate with anything else (a plus sign, an extension, digits of another
# script) is parsed without being asked.
_PUNCTUATION = str.maketrans("", "", " \xa0.()/-")

_MOST_TRIES = 3000
_PARSE = 20
"""What a call may cost, in tries; parsing costs twenty. It is about 6 ms."""


@dataclass(frozen=True, slots=True)
class _Region:
    """What a number has to look like to be valid when read in a region.

    Attributes:
        fewest: how many digits it has at least.
        digits: what its digits match.
    """

    fewest: int
    digits: re.Pattern[str]


@cache
def _region(name: str) -> _Region:
    """Derive the rule from the region's metadata, and those of all regions with the same code.

    A number is international, or optional prefixes and what ``general_desc`` allows.
    """
    own: Any = PhoneMetadata.metadata_for_region(name)
    regions: tuple[str, ...] = COUNTRY_CODE_TO_REGION_CODE[own.country_code]
    found: list[Any] = [PhoneMetadata.metadata_for_region(one) for one in regions]
    general: list[Any] = [one.general_desc for one in found]
    patterns = [*dict.fromkeys(one.national_number_pattern for one in general)]
    prefix: str = own.national_prefix_for_parsing or ""
    fewest = min(_SHORTEST_INTERNATIONAL, *(n for one in general for n in one.possible_length))
    if rule := own.national_prefix_transform_rule:  # behind the prefix digits change: any will do
        patterns.append(rf"(?:{prefix})\d*")
        fewest -= len(re.sub(r"\$\d", "", rule))
    return _Region(
        fewest=fewest,
        digits=re.compile(
            rf"(?:{own.international_prefix or '(?!)'})\d+"
            rf"|(?:{own.country_code})?(?:{prefix}){{0,2}}(?:{'|'.join(patterns)})",
        ),
    )


def _regions(recognizer: PhoneRecognizer) -> Sequence[str]:
    return cast("Sequence[str]", cast("Any", recognizer).supported_regions)


def fewest_digits_of(recognizer: PhoneRecognizer) -> int:
    """Return how many digits the shortest number has that the recogniser finds."""
    return min(map(_fewest_digits, _regions(recognizer)))


def _fewest_digits(region: str) -> int:
    """Return how many digits the shortest number has that is valid when read in this region."""
    return _region(region).fewest


class _Matcher(PhoneNumberMatcher):
    """Finds the numbers of one region; keeps count of its work."""

    def __init__(self, text: str, region: str, leniency: int, work: list[int]) -> None:
        super().__init__(text, region, leniency=leniency)
        self._digits = _region(region).digits
        self._work = work

    def _parse_and_verify(self, candidate: str, offset: int) -> PhoneNumberMatch | None:
        digits = candidate.translate(_PUNCTUATION)
        hopeless = digits.isascii() and digits.isdigit() and not self._digits.fullmatch(digits)
        self._work[0] += 1 if hopeless else _PARSE
        if self._work[0] > _MOST_TRIES:
            raise TooMuchWorkError
        return None if hopeless else super()._parse_and_verify(candidate, offset)


class SparingPhoneRecognizer(PhoneRecognizer):
    """The same recogniser; it gives up on a text that would take too long."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:
        """Return the telephone numbers of all regions.

        Raises:
            TooMuchWorkError: the text takes too many tries; how many depends on nothing else.
        """
        del entities, nlp_artifacts
        work = [0]
        leniency = 1 if self.leniency is None else self.leniency
        digits = len(DIGITS.findall(text))
        regions = [name for name in _regions(self) if _fewest_digits(name) <= digits]
        spans: set[tuple[int, int]] = set()
        for region in regions:
            spans.update((one.start, one.end) for one in _Matcher(text, region, leniency, work))
            if not work[0]:  # nothing to try: what is tried first is the same in every region
                break
        return without_duplicates([Match(self, start, end, self.SCORE) for start, end in spans])
