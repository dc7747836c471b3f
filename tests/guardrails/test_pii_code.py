"""Recognisers with code of their own: nobody asks them but as the user says how far they look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

import pytest
from hypothesis import example, given, settings
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
        super().__init__(["PARCEL"], **{"name": "Parcel", **settings})
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


# What nobody declared, or declared falsely, is never silent.


@pytest.mark.parametrize(
    ("own", "reach"),
    [
        (Parcel(), None),
        (Parcel(), {}),
        (
            PatternRecognizer("X", name="Parcel", patterns=[Pattern("x", r"(?:ab){e<=1}", 0.9)]),
            None,
        ),
    ],
)
def test_without_a_reach_it_says_what_to_write(own: EntityRecognizer, reach: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"'Parcel'.* write PII\(reach=\{'Parcel': 100\}\)"
    ):
        PII(recognizers=[own], reach=reach)

    PII(recognizers=[own], reach={"Parcel": 100})
    PII(recognizers=[own], reach={"Parcel": "sentence"})
    PII(recognizers=[own], entities=["EMAIL_ADDRESS"])  # it is never asked


@pytest.mark.parametrize("before", range(0, 120, 7))
def test_a_match_longer_than_was_said_fails_the_guard(before: int) -> None:
    own = Parcel(r"(?<!k)k{30,}")
    text = "," * before + "k" * 100 + "," * 150
    guard = PII(recognizers=[own], reach=REACH, entities=["PARCEL"])

    with pytest.raises(ConfigurationError, match=r"'Parcel' matched .* write a larger reach"):
        streamed(guard, text, before)


@pytest.mark.parametrize("reach", ["sentence", REACH])
@pytest.mark.parametrize("span", [(-1, 4), (0, 999), (4, 2)])
def test_what_is_not_in_the_text_fails_the_guard(reach: Any, span: tuple[int, int]) -> None:
    class Lost(Parcel):
        """Counts from somewhere else."""

        def analyze(
            self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts
        ) -> list[RecognizerResult]:
            """Return what is no place in the text."""
            return [RecognizerResult("PARCEL", *span, 0.9)] if "parcel" in text else []

    guard = PII(recognizers=[Lost()], reach=reach)

    with pytest.raises(ValueError, match="not in the text"):
        guard.find("A parcel.")


# reach="sentence": each is read as a whole, or fails closed.

LONG = ("from a b", "from a", " to c", " d to e", ", and so on", " word" * 20, " word" * 7, "x" * 150, " Ada",
    " 212-555-0123", ". Then ", "!\n", "\n", " e.g. ", "k", "k k ", " " * 50)  # fmt: skip
ONE_SENTENCE = (
    Parcel(r"\bfrom[a-e ]{1,60}to [a-e]+\b", name="From", context=["word"]),
    Parcel(r"(?<!\S)k[k ]*", 0.3, name="Long", context=["then"]),
)


@cache
def sentences(max_hold: int) -> PII:
    return PII(recognizers=ONE_SENTENCE, reach="sentence", max_hold=max_hold)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(LONG), max_size=16).map("".join), st.integers(0, 9999))
def test_a_sentence_equals_presidio_on_the_whole_text(text: str, seed: int) -> None:
    found = sentences(9999).find(text)

    assert found == streamed(sentences(9999), text, seed)
    assert found == whole(ONE_SENTENCE, text)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(LONG), max_size=24).map("".join), st.integers(0, 9999))
@example("k" + " " * 300 + "\nk k", 1)
@example("from a " + "x" * 201 + " to d", 1)
def test_what_is_too_long_fails_closed(text: str, seed: int) -> None:
    found = sentences(200).find(text)

    assert found == streamed(sentences(200), text, seed)
    clear = [one for one in found if one.entity != "UNDECIDED"]
    covered = {place for one in found for place in range(one.start, one.end)}
    expected = whole(ONE_SENTENCE, text)
    assert [one for one in expected if one in clear] == clear
    for one in expected:
        assert covered >= set(range(one.start, one.end))


@pytest.mark.parametrize("length", [90, 200, 350, 900, 5_000])
@pytest.mark.parametrize("before", range(0, 440, 40))
def test_no_length_and_no_place_hides_a_match(length: int, before: int) -> None:
    """Not over what used to be windows, and not into a piece that never ends."""
    secret = ("k" * 9 + " ") * (length // 20) + "k" * (length // 2)
    own = Parcel(r"(?<!\S)k[k ]+")
    guard = PII(recognizers=[own], entities=["PARCEL"], reach="sentence")
    text = "word " * (before // 5) + secret + " and on it goes. And then k k. "

    found = guard.find(text)

    covered = {place for one in found for place in range(one.start, one.end)}
    assert covered >= set(range(before, before + len(secret)))
    assert text[found[-1].start : found[-1].end] == "k k"
    assert found == streamed(guard, text, before)


@pytest.mark.parametrize(
    "inside", ["Inc., ", "e.g. ", "Dr. ", "now!(", '"so." ', "2.5 ", "(so.), "]
)
@pytest.mark.parametrize("behind", ["", ".", ".) ", ' ("', ".\u201d "])
def test_where_a_sentence_ends(inside: str, behind: str) -> None:
    own = Parcel(r"from [^\n]*?to d")
    guard = PII(recognizers=[own], entities=["PARCEL"], reach="sentence")

    assert len(guard.find(f"It is from {inside}to d{behind}")) == ('." ' not in inside)
    for end in (". ", "!\n", '." ', ".) ", "?\u201d\n", "\u2026", "\u3002", "\n", "\u2028"):
        text = f"It is from here{end}{inside}to d{behind}"
        assert guard.find(text) == streamed(guard, text, 0) == []


@pytest.mark.parametrize("piece", ["word ", "x", " ", "k k", "a.", "1 "])
def test_a_sentence_waits_for_max_hold(piece: str) -> None:
    scanner = sentences(200).scanner()
    scanner.feed("So ")
    arrived = 3
    for _ in range(1_000):
        scanner.feed(piece)
        arrived += len(piece)
        assert arrived - scanner.decided <= 2 * 200


def test_each_may_have_its_own_reach() -> None:
    own = [Parcel(name="Near"), Parcel(r"\bto [a-e]+, [a-z, ]+\bon\b", name="Far")]
    guard = PII(recognizers=own, reach={"Near": REACH, "Far": "sentence"}, entities=["PARCEL"])
    text = "Now from a.\nb to c, " + "word " * 30 + "and on. "

    said = [text[one.start : one.end] for one in guard.find(text)]

    assert said == [text[text.index("from") : text.index("on.") + 2]]  # merged
    assert guard.find(text) == streamed(guard, text, 1) == whole(own, text)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"reach": 0}, "1 or more"),
        ({"reach": "far"}, "'sentence'"),
        ({"reach": {"Parcel": "far"}}, "'sentence'"),
        ({"reach": {"Parsel": 9}}, r"write one of \['Parcel'\]"),
        ({"reach": {"SpacyRecognizer": 9}, "recognizers": ()}, "leave it out"),
        ({"reach": 2000}, "max_hold"),
    ],
)
def test_a_wrong_reach_says_what_to_write(settings: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        PII(**{"recognizers": [Parcel()], **settings})


REACHES: tuple[Any, ...] = (9, 10, "sentence", {"Parcel": 9})


def test_the_reach_is_part_of_the_fingerprint() -> None:
    prints = {PII(recognizers=[Parcel()], reach=reach).fingerprint() for reach in REACHES}

    assert len(prints) == len(REACHES)


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


@pytest.mark.parametrize("reach", ["sentence", REACH])
def test_it_may_lift_its_own_scores(reach: Any) -> None:
    own = [Loud(score=0.1)]
    text = "from a to b, from a to c! from d to e"

    found = PII(recognizers=own, reach=reach).find(text)

    assert [text[one.start : one.end] for one in found] == ["from a to c"]
    assert found == whole(own, text)
