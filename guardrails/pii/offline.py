"""Three of Presidio's recognisers, made fit for a stream; what they find stays the same.

* The e-mail recogniser asks ``tldextract``, which fetches the public suffix list from the network
  at its first call. Here it uses the list that came with the package.
* The telephone recogniser: see :mod:`.phones`.
* The URL recogniser tries 675 top-level domains, one after the other, behind every dot: 1.8 ms per
  *character* of a row of dots. Here a look-ahead, in the shape of a tree, asks first whether one of
  them can match at all.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast

import tldextract
from presidio_analyzer import EntityRecognizer, Pattern
from presidio_analyzer.predefined_recognizers import EmailRecognizer, PhoneRecognizer, UrlRecognizer

from .phones import SparingPhoneRecognizer

__all__ = ["tamed"]

_DOMAINS = re.compile(r"\[\.\]\(\?:(\(\?:[a-z]+\)(?:\|\(\?:[a-z]+\))*)\)")


def tamed(recognizer: Any) -> EntityRecognizer:
    """Return the recogniser, or its stand-in of the same name, language and context."""
    kind = cast(
        "object", type(recognizer)
    )  # isinstance() would narrow to attributes that have no types
    if kind is EmailRecognizer:
        return _OfflineEmailRecognizer(
            patterns=recognizer.patterns,
            supported_entity=recognizer.supported_entities[0],
            context=recognizer.context,
            supported_language=recognizer.supported_language,
            name=recognizer.name,
        )
    if kind is PhoneRecognizer:
        return SparingPhoneRecognizer(
            context=recognizer.context,
            supported_language=recognizer.supported_language,
            supported_regions=recognizer.supported_regions,
            leniency=recognizer.leniency,
            name=recognizer.name,
        )
    if kind is UrlRecognizer:
        recognizer.patterns = [
            Pattern(pattern.name, _with_look_ahead(pattern.regex), pattern.score)
            for pattern in recognizer.patterns
        ]
    return cast("EntityRecognizer", recognizer)


@cache
def _suffixes() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())


class _OfflineEmailRecognizer(EmailRecognizer):
    def validate_result(self, pattern_text: str) -> bool:
        return bool(_suffixes()(pattern_text).fqdn)


def _with_look_ahead(pattern: str) -> str:
    found = _DOMAINS.search(pattern)
    if found is None:
        return pattern
    domains = re.findall(r"[a-z]+", found.group(1))
    at = found.start() + len("[.]")
    return f"{pattern[:at]}(?={_tree(domains)}){pattern[at:]}"


def _tree(words: list[str]) -> str:
    """Return a pattern that matches where one of the words begins, in one pass."""
    if "" in words:
        return ""
    branches: dict[str, list[str]] = {}
    for word in words:
        branches.setdefault(word[0], []).append(word[1:])
    return "(?:" + "|".join(letter + _tree(rest) for letter, rest in branches.items()) + ")"
