"""Presidio's telephone recogniser, with the tries that cannot succeed left out.

It reads a text eight times, once for each region, and parses every group of digits in every way a
number could be grouped. Here the groups are taken from the library once for all regions, and one
regular expression for each region asks first whether the digits can be a number at all. What is
found stays the same; the tests compare.
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

__all__ = ["Candidate", "Candidates", "RegionMatcher", "SparingPhoneRecognizer", "fewest_digits_of"]

_SHORTEST_INTERNATIONAL = 8
"""An international prefix (``00``) and the shortest country code with number, in digits."""

# What parsing drops. A candidate with anything else (a plus sign, an extension, digits of another
# script) is parsed without being asked.
_PUNCTUATION = str.maketrans("", "", " \xa0.()[]/-\u2010\u2011\u2012\u2013\u2014\u2015")

# A valid number is of one of these kinds (``phonenumberutil.number_type``).
_KINDS = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip",
    "pager", "uan", "voicemail",
)  # fmt: skip

_MOST_TRIES = 3000
_PARSE = 10
"""What a call may cost, in tries; parsing costs ten. It is about 12 ms."""


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

    A number is international, or optional prefixes and what one of its kinds allows.
    """
    own: Any = PhoneMetadata.metadata_for_region(name)
    regions: tuple[str, ...] = COUNTRY_CODE_TO_REGION_CODE[own.country_code]
    found: list[Any] = [PhoneMetadata.metadata_for_region(one) for one in regions]
    general: list[Any] = [one.general_desc for one in found]
    kinds = [getattr(one, kind) for one in found for kind in _KINDS]
    patterns = [*dict.fromkeys(kind.national_number_pattern for kind in kinds if kind)]
    prefix: str = own.national_prefix_for_parsing or ""
    fewest = min(_SHORTEST_INTERNATIONAL, *(n for one in general for n in one.possible_length))
    if rule := own.national_prefix_transform_rule:  # behind the prefix digits change: any will do
        patterns.append(rf"(?:{prefix})\d*")
        fewest -= len(re.sub(r"\$\d", "", rule))
    return _Region(
        fewest=fewest,
        digits=re.compile(
            rf"(?=\d{{{_SHORTEST_INTERNATIONAL}}})(?:{own.international_prefix or '(?!)'})\d+"
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """Groups of digits that could be a number, or hold some.

    Attributes:
        end: where the next one is looked for, if there is no number in this one.
        tries: what to try, in this order: the text, its offset, and its digits if it has nothing
            but digits and common punctuation.
    """

    end: int
    tries: list[tuple[str, int, str | None]]


class Candidates(PhoneNumberMatcher):
    """Finds out what the library would try, without trying it: it is the same in all regions.

    Args:
        text: what to search.
        fewest: leaves out what has fewer digits.
    """

    def __init__(self, text: str, fewest: int) -> None:
        super().__init__(text, None, max_tries=2 * _MOST_TRIES)
        self._fewest = fewest
        self._known: dict[int, Any] = {}
        self._tries: list[tuple[str, int, str | None]] = []
        self.work = 0

    def behind(self, index: int) -> Candidate | None:
        """Return the first candidate from an offset on."""
        if index not in self._known:
            self._known[index] = self._find(index)
        found: Candidate | None = self._known[index]
        return found

    def spend(self, work: int) -> None:
        """Count work.

        Raises:
            TooMuchWorkError: it was the last straw.
        """
        self.work += work
        if self.work > _MOST_TRIES:
            raise TooMuchWorkError

    def _extract_match(self, candidate: str, offset: int) -> Any:
        self._tries = []
        super()._extract_match(candidate, offset)
        return Candidate(offset + len(candidate), self._tries)

    def _parse_and_verify(self, candidate: str, offset: int) -> None:
        self.spend(1)
        digits = candidate.translate(_PUNCTUATION)
        if len(digits) < self._fewest:
            return
        plain = digits.isascii() and digits.isdigit()
        self._tries.append((candidate, offset, digits if plain else None))


class RegionMatcher(PhoneNumberMatcher):
    """Finds the numbers of one region."""

    def __init__(self, text: str, region: str, leniency: int, candidates: Candidates) -> None:
        super().__init__(text, region, leniency=leniency)
        self._digits = _region(region).digits
        self._candidates = candidates

    def _find(self, index: int) -> PhoneNumberMatch | None:
        while candidate := self._candidates.behind(index):
            if found := self.first(candidate):
                return found
            index = candidate.end
        return None

    def first(self, candidate: Candidate) -> PhoneNumberMatch | None:
        """Return the number in a candidate.

        Raises:
            TooMuchWorkError: the text takes too many tries.
        """
        for said, offset, digits in candidate.tries:
            if digits is None or self._digits.fullmatch(digits):
                self._candidates.spend(_PARSE)
                if found := self._parse_and_verify(said, offset):
                    return found
        return None


class SparingPhoneRecognizer(PhoneRecognizer):
    """The same recogniser; it gives up on a text that would take too long."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:
        """Return the telephone numbers of all regions.

        Raises:
            TooMuchWorkError: the text takes too many tries; how many depends on nothing else.
        """
        del entities, nlp_artifacts
        _, matchers = self.matchers(text)
        spans = {(one.start, one.end) for matcher in matchers for one in matcher}
        return without_duplicates([Match(self, start, end, self.SCORE) for start, end in spans])

    def matchers(self, text: str) -> tuple[Candidates, list[RegionMatcher]]:
        """Return what looks for the numbers in a text: for each region that may have one there."""
        leniency = 1 if self.leniency is None else self.leniency
        digits = len(DIGITS.findall(text))
        regions = [name for name in _regions(self) if _fewest_digits(name) <= digits]
        candidates = Candidates(text, min(map(_fewest_digits, regions), default=digits))
        return candidates, [RegionMatcher(text, name, leniency, candidates) for name in regions]
