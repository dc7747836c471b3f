"""Patterns that nobody described, on a stream: what Presidio finds with them in the whole text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer import predefined_recognizers as shipped
from presidio_analyzer.predefined_recognizers import SpacyRecognizer
from support.scanning import random_pieces, scanned

from streamward.guardrails import Finding
from streamward.guardrails.pii import PII
from streamward.guardrails.pii.merging import merge
from streamward.guardrails.pii.tokens import WordEngine

from .expressions import expressions, texts


def streamed(guard: PII, text: str, seed: int) -> list[Finding]:
    """Feed a text in random pieces; hold the scanner to its contract."""
    return scanned(guard, *random_pieces(text, seed, (1, 1, 2, 3, 5, 9)))


def whole(recognizers: Sequence[Any], text: str, floor: float = 0.4) -> list[Finding]:
    """Return what Presidio finds."""
    registry = RecognizerRegistry(recognizers=list(recognizers), supported_languages=["en"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=WordEngine("en"))
    return merge(analyzer.analyze(text, "en", score_threshold=floor))


drawn = st.lists(
    st.tuples(
        st.lists(st.tuples(expressions, st.sampled_from((0.2, 0.5, 0.8))), min_size=1, max_size=2),
        st.sampled_from((None, ["ab"], ["k"])),
    ),
    min_size=2,
    max_size=2,
)


def recognisers(drawn: Any) -> list[PatternRecognizer]:
    """Return recognisers whose matches overlap, some of which need a context word."""
    return [
        PatternRecognizer(name, patterns=[Pattern(name, *one) for one in patterns], context=context)
        for name, (patterns, context) in zip(("ONE", "TWO"), drawn, strict=True)
    ]


def _blank(recognizer: Any, text: str) -> bool:
    """Answer whether white space is found, whose context Presidio may fail to read."""
    return any(
        text[one.start : one.end].isspace() for one in recognizer.analyze(text, ["ONE", "TWO"])
    )


@settings(deadline=None, max_examples=150)
@given(drawn, texts, st.integers(0, 9999))
def test_a_stream_equals_presidio(drawn: Any, text: str, seed: int) -> None:
    try:
        own = recognisers(drawn)
    except ValueError:  # no expression: a reference to a group that is open
        return
    guard = PII(recognizers=own, entities=["ONE", "TWO"])
    assume(not any(one.context and _blank(one, text) for one in own))

    found = guard.find(text)

    assert found == streamed(guard, text, seed)
    assert found == whole(own, text)


# Those of other countries, as Presidio ships them.

COUNTRIES = ("AuAbn", "AuMedicare", "CaSin", "EsNif", "FiPersonalIdentityCode", "InAadhaar", "ItFiscalCode",
    "KrRrn", "PlPesel", "SgFin", "ThTnin", "TrNationalId", "UkNino", "UkPostcode", "UsClaimNumber",
    "ZaIdNumber")  # fmt: skip
NUMBERS = ("51 824 753 556", "2123 45670 1", "130-692-544", "12345678Z", "131052-308T", "3123 4567 8909",
    "RSSMRA85T10A562S", "960121-1234567", "44051401359", "S1234567D", "AB 12 34 56 C", "SW1A 1AA",
    "8001015009087", "claim number: 123456789", "CLM-55512345", "10000000146")  # fmt: skip
JOINTS = (" ", "", ", ", "\n", ". ", "-", " the number is ", " abn ", " pesel: ", "id ", "nino ", "postcode ", "1", "A",
    " call 212-555-0123 or ada@example.com ", " nothing of interest in here. ")  # fmt: skip


def _recognizers() -> list[Any]:
    kinds = [getattr(shipped, f"{name}Recognizer") for name in COUNTRIES]
    return [kind(supported_language="en") for kind in kinds]


@cache
def abroad() -> PII:
    return PII(recognizers=_recognizers(), threshold=0.3)


@cache
def presidio() -> AnalyzerEngine:
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if not isinstance(r, SpacyRecognizer)]
    registry.recognizers += _recognizers()
    return AnalyzerEngine(registry=registry, nlp_engine=WordEngine("en"))


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.sampled_from(NUMBERS) | st.sampled_from(JOINTS), max_size=8).map("".join),
    st.integers(0, 9999),
)
@example("abn 51 824 753 556, 51 824 753 556", 0)
def test_other_countries_equal_presidio(text: str, seed: int) -> None:
    found = abroad().find(text)

    assert found == streamed(abroad(), text, seed)
    assert found == merge(presidio().analyze(text, "en", score_threshold=0.3))


def test_it_reaches_over_sentences_and_leaves_other_words_alone() -> None:
    pattern = Pattern("note", r"\bBEGIN\b.{0,200}\bEND\b", 0.9)
    scanner = PII(recognizers=[PatternRecognizer("NOTE", patterns=[pattern])]).scanner()

    assert [*scanner.feed("Well, then. ")] == []
    assert len("Well, then. ") == scanner.decided
    assert [*scanner.feed("BEGIN one.\nTwo! ")] == []
    assert len("Well, then. ") == scanner.decided
    found = [*scanner.feed("Three. END of it"), *scanner.finish()]
    assert [one.entity for one in found] == ["NOTE"]


@pytest.mark.parametrize("source", [r"<[^>]*>", r"<(?=(.))\1[^>]*>"])
def test_past_the_limit_it_fails_closed(source: str) -> None:
    own = PatternRecognizer("TAG", patterns=[Pattern("tag", source, 0.9)])
    guard = PII(recognizers=[own], max_hold=128)
    text = "ok <" + "word " * 100 + "> and on it goes"

    found = guard.find(text)

    assert {"UNDECIDED"} == {one.entity for one in found}
    assert (found[0].start, found[-1].end) == (3, text.index(">") + 1)
    assert all(found == streamed(guard, text, seed) for seed in range(10))
