"""The user's own recognisers: patterns, deny-lists, and Presidio's made anew."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.predefined_recognizers import (
    EmailRecognizer,
    PhoneRecognizer,
    SpacyRecognizer,
)
from support.scanning import random_pieces, scanned

from streamward.errors import ConfigurationError
from streamward.guardrails import Finding
from streamward.guardrails.pii import PII
from streamward.guardrails.pii.merging import merge
from streamward.guardrails.pii.offline import tamed
from streamward.guardrails.pii.tokens import WordEngine


def badge(score: float = 0.8) -> PatternRecognizer:
    pattern = Pattern("badge", r"\bB-\d{3}(?: [A-Z]{2})?\b", score)
    return PatternRecognizer("BADGE", patterns=[pattern], context=["badge"])


def names(*words: str) -> PatternRecognizer:
    return PatternRecognizer("NAME", name="names", deny_list=list(words))


OWN = (badge(), names("Ada Lovelace", "Ada", "Mr. X"))
PIECES = ("Ada", " Lovelace", "Ada Lovelace", " B-123", " B-123 XY", "Mr. X", " x ", ", ", ". ",
          "! Then ", "\n", " ", "212-555-0123", " ada@example.com", " badge ", " main.rs ")  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@cache
def guard() -> PII:
    return PII(recognizers=OWN)


@cache
def presidio() -> AnalyzerEngine:
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if not isinstance(r, SpacyRecognizer)]
    registry.recognizers += [badge(), names("Ada Lovelace", "Ada", "Mr. X")]
    return AnalyzerEngine(registry=registry, nlp_engine=WordEngine("en"))


def test_own_entities() -> None:
    found = guard().find("Ada Lovelace has B-123 XY, or ada@example.com.")

    assert [one.entity for one in found] == ["NAME", "BADGE", "EMAIL_ADDRESS"]


@settings(deadline=None, max_examples=150)
@given(texts, st.integers(0, 9999))
def test_stream_equals_whole(text: str, seed: int) -> None:
    chance = random.Random(seed)
    scanner = guard().scanner()
    found: list[Finding] = []
    at = 0
    while at < len(text):
        size = chance.choice((1, 2, 4, 9))
        found += scanner.feed(text[at : at + size])
        at += size

    assert guard().find(text) == [*found, *scanner.finish()]


@settings(deadline=None, max_examples=150)
@given(texts.map(lambda text: text.translate({ord(c): " " for c in ".!\n"}) + "."))
def test_a_sentence_equals_presidio(text: str) -> None:
    results = presidio().analyze(text, "en", score_threshold=0.4)

    assert merge(r for r in results if r.entity_type != "URL" or r.score >= 0.6) == guard().find(
        text
    )


def test_what_they_find_is_part_of_the_fingerprint() -> None:
    prints = {
        PII(recognizers=own).fingerprint()
        for own in ((), (badge(),), (badge(0.7),), (names("Ada"),), (names("Bob"),))
    }

    assert len(prints) == 5
    assert PII(recognizers=[badge()]).fingerprint() in prints


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ("badge", "PatternRecognizer"),
        (
            PatternRecognizer("X", deny_list=["x"], supported_language="es"),
            "supported_language='en'",
        ),
    ],
)
def test_wrong_recognisers_say_what_to_write(own: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        PII(recognizers=[own])


def test_a_known_name_is_no_known_recogniser() -> None:
    """A recogniser of the user's that is called as one of Presidio's is asked about all text."""
    own = PatternRecognizer("CITY", name="IbanRecognizer", deny_list=["Paris"])

    assert [one.entity for one in PII(recognizers=[own]).find("in Paris")] == ["CITY"]


# Those of Presidio that the user makes anew.

REGIONS = ("NZ", "GB", "US")
CALLS = ("021 123 4567", "020 7946 0958", "212-555-0123", "+64 21 123 456 7", "1", " 09 ", " or ", ". ", ", ", "\n",
    " phone ", "(09) 366", " 1234", "-", "ada@example.com", "!{x}@mail.acme.org")  # fmt: skip


@cache
def remade() -> tuple[PhoneRecognizer, EmailRecognizer]:
    return PhoneRecognizer(supported_regions=REGIONS), EmailRecognizer(supported_entity="MAIL")


@cache
def regions() -> PII:
    return PII(recognizers=remade(), entities=["PHONE_NUMBER", "MAIL"])


@cache
def presidio_with_regions() -> AnalyzerEngine:
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if isinstance(r, PhoneRecognizer)]
    email = tamed(remade()[1])  # the same, without the network
    registry.recognizers += [remade()[0], email]
    return AnalyzerEngine(registry=registry, nlp_engine=WordEngine("en"))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(CALLS), max_size=10).map("".join), st.integers(0, 9999))
def test_numbers_of_other_regions_equal_presidio(text: str, seed: int) -> None:
    found = regions().find(text)

    assert found == scanned(regions(), *random_pieces(text, seed, (1, 2, 4, 9)))
    assert found == merge(presidio_with_regions().analyze(text, "en", score_threshold=0.4))


def test_numbers_that_are_not_checked_need_a_reach() -> None:
    loose = PhoneRecognizer(supported_regions=REGIONS, leniency=0)

    with pytest.raises(ConfigurationError, match="reach"):
        PII(recognizers=[loose])
