"""Recognisers with code of their own: in overlapping windows of a sentence, or of the whole text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from presidio_analyzer import (
    AnalysisExplanation,
    AnalyzerEngine,
    EntityRecognizer,
    Pattern,
    PatternRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer import predefined_recognizers as shipped
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import SpacyRecognizer
from support.scanning import random_pieces, scanned

from streamward.errors import ConfigurationError
from streamward.guardrails import Blocking, Finding
from streamward.guardrails.pii import PII
from streamward.guardrails.pii.merging import merge
from streamward.guardrails.pii.tokens import WordEngine

REACH = 40


class Parcel(EntityRecognizer):
    """Finds "from … to …", over sentences and lines; knows nothing that a pattern could be made of.

    Args:
        source: the expression, in the shape of a function that nobody can look into.
        score: of what is found.
    """

    SOURCE: ClassVar[str] = r"\bfrom\s+[a-e. \n]{1,20}\s+to\s+[a-e]{1,9}\b"

    def __init__(self, source: str = SOURCE, score: float = 0.7, **settings: Any) -> None:
        super().__init__(["PARCEL"], name="Parcel", **settings)
        self._source = re.compile(source)
        self._score = score
        # Presidio's context enhancer fails without one.
        self._why = AnalysisExplanation(recognizer="Parcel", original_score=score)
        self.read: list[str] = []

    def load(self) -> None:
        """Do nothing: there is nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts
    ) -> list[RecognizerResult]:
        """Return what is found; it reads the words, too, as code may."""
        assert "PARCEL" in entities
        assert bool(nlp_artifacts.tokens) or not text.strip()
        self.read.append(text)
        return [
            RecognizerResult("PARCEL", *found.span(), self._score, self._why)
            for found in self._source.finditer(text)
        ]


def streamed(guard: PII, text: str, seed: int) -> list[Finding]:
    """Feed a text in random pieces; hold the scanner to its contract."""
    return scanned(guard, *random_pieces(text, seed, (1, 2, 5, 9, 70)))


@cache
def presidio(*own: EntityRecognizer) -> AnalyzerEngine:
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if not isinstance(r, SpacyRecognizer)]
    registry.recognizers += own
    return AnalyzerEngine(registry=registry, nlp_engine=WordEngine("en"))


def whole(own: Sequence[EntityRecognizer], text: str) -> list[Finding]:
    """Return what Presidio finds."""
    results = presidio(*own).analyze(text, "en", score_threshold=0.4)
    return merge(r for r in results if r.entity_type != "URL" or r.score >= 0.6)


def sentence(own: EntityRecognizer, text: str) -> list[Finding]:
    """Return what the recogniser finds when it sees a text at once."""
    return merge(own.analyze(text, ["PARCEL"], WordEngine("en").process_text(text, "en")))


PIECES = ("from ", "from a.", " b\n", "c. ", " to ", "to d", " e ", "abc", ", ", "! Then ", "\n", "parcel ",
    "212-555-0123", " ada@example.com", " and nothing else of interest is in here, ", " ID 77-77 ",
    "word " * 12)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)

# With a word in front that it needs; with a pattern that goes on behind a result of the code.
PARCELS = (
    Parcel(),
    Parcel(r"\bID \d\d-\d\d", 0.2, context=["parcel"]),
    PatternRecognizer("ROUTE", patterns=[Pattern("route", r"to [a-e]+, ada", 0.9)]),
)


@cache
def reaching() -> PII:
    return PII(recognizers=PARCELS, reach=REACH)


@settings(deadline=None, max_examples=200)
@given(texts, st.integers(0, 9999))
def test_within_its_reach_it_equals_presidio(text: str, seed: int) -> None:
    found = reaching().find(text)

    assert found == streamed(reaching(), text, seed)
    assert found == whole(PARCELS, text)


@pytest.mark.parametrize("after", [" and on it goes", "", "k and on it goes"])
def test_a_match_as_long_as_the_reach_is_found_at_every_place(after: str) -> None:
    own = Parcel(r"(?<![k.])[k.]{39}(?!k)")
    guard = PII(recognizers=[own], entities=["PARCEL"], reach=40)

    for before in range(3 * 40):
        text = "w " * (before // 2) + "," * (before % 2) + "k." * 19 + "k" + after
        assert guard.find(text) == sentence(own, text)
        assert bool(guard.find(text)) == (not after.startswith("k"))


def test_text_waits_for_twice_the_reach() -> None:
    scanner = reaching().scanner()
    arrived = 0
    for word in ("a ", "long ", "sentence", ", ") * 200:
        scanner.feed(word)
        arrived += len(word)
        assert arrived - scanner.decided <= 2 * REACH + len(word)


def test_what_it_is_asked_is_bounded() -> None:
    own = Parcel()
    text = "nothing " * 500
    PII(recognizers=[own], reach=REACH).find(text)

    assert max(map(len, own.read)) == 3 * REACH
    assert sum(map(len, own.read)) <= 3 * len(text)


# Expressions that cannot be searched in linear time are asked about the windows, too.

NUMBERS = ("abcpk1234e", "ABCPK1234E", "1234", " pan ", ". ", "\n", ", ", "permanent account number", "x")  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(NUMBERS), max_size=4).map("".join), st.integers(0, 9999))
def test_a_wide_look_ahead_waits_for_its_reach(text: str, seed: int) -> None:
    own = [shipped.InPanRecognizer(supported_language="en")]
    guard = PII(recognizers=own, reach=128)

    found = guard.find(text)

    assert found == streamed(guard, text, seed)
    assert found == whole(own, text)


def test_without_a_reach_a_wide_look_ahead_waits_for_the_end() -> None:
    own = [shipped.InPanRecognizer(supported_language="en")]
    text = "Nothing of interest is in here. " * 20
    waits = [PII(recognizers=own, reach=reach).scanner() for reach in (None, 64)]
    for scanner in waits:
        scanner.feed(text)

    assert waits[0].decided < 10
    assert waits[1].decided > len(text) - 128


# Without a reach: sentence by sentence, in windows.

LONG = ("from a b", "from a", " to c", " d to e", ", and so on", " word" * 20, " word" * 7, "x" * 150, " Ada",
    " 212-555-0123")  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(LONG), max_size=20).map("".join), st.integers(0, 9999))
def test_no_cut_of_a_sentence_hides_a_match(text: str, seed: int) -> None:
    own = Parcel(r"\bfrom[a-e ]{1,60}to [a-e]+\b")
    guard = PII(recognizers=[own], entities=["PARCEL"])

    found = guard.find(text)

    assert found == streamed(guard, text, seed)
    assert found == sentence(own, text)


def test_what_the_end_of_a_window_seems_to_be_is_not_found() -> None:
    """What stands in the part that is repeated is what the next window says."""
    own = Parcel(r"\bno \d+\b(?! kg)")
    guard = PII(recognizers=[own], entities=["PARCEL"])

    for words in range(70, 82):
        text = "word " * words + "no 5 kg and no 7 km and on it goes" + " word" * 20
        assert [text[one.start : one.end] for one in guard.find(text)] == ["no 7"]


@pytest.mark.parametrize("length", [90, 200, 350, 900])
@pytest.mark.parametrize("before", range(0, 440, 40))
def test_what_is_longer_than_the_overlap_is_found_as_far_as_it_is_seen(
    length: int, before: int
) -> None:
    """It reaches over the end of a window: what this window shows of it is redacted."""
    secret = ("k" * 9 + " ") * (length // 10)
    own = Parcel(r"(?<!\S)k[k ]+")
    text = "word " * (before // 5) + secret + "and on it goes"
    guard = PII(recognizers=[own], entities=["PARCEL"])

    covered = {place for one in guard.find(text) for place in range(one.start, one.end)}

    assert covered >= set(range(before, before + len(secret) - 1))
    assert guard.find(text) == streamed(guard, text, before)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"reach": 0}, "1 or more"),
        ({"reach": "far"}, "whole number"),
        ({"reach": 2000}, "max_hold"),
    ],
)
def test_a_wrong_reach_says_what_to_write(settings: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        PII(recognizers=[Parcel()], **settings)


def test_the_reach_is_part_of_the_fingerprint() -> None:
    prints = {PII(recognizers=[Parcel()], reach=reach).fingerprint() for reach in (None, 9, 10)}

    assert len(prints) == 3


def test_what_may_take_long_runs_off_the_loop() -> None:
    quick = PatternRecognizer("X", patterns=[Pattern("x", r"\bx\d+\b", 0.9)])
    slow = PatternRecognizer("Y", patterns=[Pattern("y", r"(y+)-\1", 0.9)])
    limits = Blocking(time_limit=3.0)

    assert PII(recognizers=[quick], reach=9).blocking is False
    assert PII(recognizers=[quick, slow]).blocking == Blocking()
    assert PII(recognizers=[slow], reach=9, blocking=limits).blocking == limits
    assert PII(recognizers=[Parcel()], reach=9).blocking == Blocking()


class Loud(Parcel):
    """Lifts its own scores by what stands around, as a recogniser may."""

    def enhance_using_context(
        self,
        text: str,
        raw_recognizer_results: list[RecognizerResult],
        other_raw_recognizer_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        """Lift what stands before an exclamation mark."""
        for one in raw_recognizer_results:
            if text[one.end : one.end + 1] == "!":
                one.score = 0.9
        return raw_recognizer_results


@pytest.mark.parametrize("reach", [None, REACH])
def test_it_may_lift_its_own_scores(reach: int | None) -> None:
    own = [Loud(score=0.1)]
    text = "from a to b, from a to c! from d to e"

    found = PII(recognizers=own, reach=reach).find(text)

    assert [text[one.start : one.end] for one in found] == ["from a to c"]
    assert found == whole(own, text)
