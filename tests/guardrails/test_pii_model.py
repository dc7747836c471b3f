"""With a language model: named entities, sentence by sentence."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import SpacyRecognizer

from streamward.errors import ConfigurationError
from streamward.guardrails import Blocking, Finding
from streamward.guardrails.pii import PII
from streamward.guardrails.pii.tokens import WordEngine

PIECES = (
    "Ada Lovelace", "Ada", " met ", "Charles Babbage", " in London", ". ", "\n", " ", ", ", "Dr. ",
    "call 212-555-0123", "ada@example.com", "! Then she said: ", "4111 1111 1111 1111", "。", "x" * 90,
    "word " * 30, "1 2 ", "e.g. ",
)  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A spaCy pipeline on disk whose named entities come from a list."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    names = (("PERSON", "Ada Lovelace"), ("PERSON", "Charles Babbage"), ("GPE", "London"))
    ruler.add_patterns([{"label": label, "pattern": name} for label, name in names])
    path = tmp_path_factory.mktemp("model") / "names"
    nlp.to_disk(path)
    return str(path)


def test_named_entities(model: str) -> None:
    guard = PII(model=model)
    text = "Ada Lovelace met Charles Babbage in London. Call 212-555-0123 now."

    assert guard.blocking == Blocking()
    assert [f.entity for f in guard.find(text)] == ["PERSON", "PERSON", "LOCATION", "PHONE_NUMBER"]
    assert text[guard.find(text)[1].start : guard.find(text)[1].end] == "Charles Babbage"


def test_only_named_entities(model: str) -> None:
    found = PII(model=model, entities=["PERSON"]).find("Ada Lovelace: ada@example.com")

    assert [one.entity for one in found] == ["PERSON"]


def test_the_hold_is_the_sentence(model: str) -> None:
    scanner = PII(model=model).scanner()

    assert [*scanner.feed("So it was Ada Love")] == []
    assert scanner.decided == 0
    assert [*scanner.feed("lace who wrote it. ")][1:] == []
    assert len("So it was Ada Lovelace who wrote it. ") == scanner.decided
    scanner.feed("A line\n")
    assert len("So it was Ada Lovelace who wrote it. A line\n") == scanner.decided


def test_a_sentence_without_end_is_bounded(model: str) -> None:
    scanner = PII(model=model, max_hold=400).scanner()
    found: list[Finding] = []
    arrived = 0
    for _ in range(1_000):
        found += scanner.feed("word ")
        arrived += 5
        assert arrived - scanner.decided <= 410
    assert {one.entity for one in found} == {"UNDECIDED"}


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.integers(0, 9999))
def test_stream_equals_whole(model: str, text: str, seed: int) -> None:
    guard = PII(model=model, max_hold=128)
    whole = guard.find(text)
    chance = random.Random(seed)

    scanner = guard.scanner()
    found: list[Finding] = []
    at = decided = 0
    while at < len(text):
        size = chance.choice((1, 2, 4, 9))
        new = scanner.feed(text[at : at + size])
        at += size
        assert all(decided <= one.start and one.end <= scanner.decided for one in new)
        assert decided <= scanner.decided <= at
        decided = scanner.decided
        found += new
    found += scanner.finish()

    assert len(text) == scanner.decided
    assert whole == found


def test_another_language() -> None:
    """Recognisers that the barriers were not checked against."""
    guard = PII(language="es")

    found = guard.find("Mi NIF es 12345678Z. Y nada más.")
    assert "ES_NIF" in [one.entity for one in found]


def test_fingerprint_names_the_model(model: str) -> None:
    assert Path(model).name in PII(model=model).fingerprint()


def test_an_engine_of_presidio(model: str) -> None:
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    text = "Ada Lovelace met Charles Babbage in London."

    assert PII(model=engine).find(text) == PII(model=model).find(text)
    assert Path(model).name in PII(model=engine).fingerprint()
    with pytest.raises(ConfigurationError, match="language='en'"):
        PII(model=engine, language="es")


class Named(NamedTuple):
    """What Presidio asks of a named entity; spaCy's and stanza's spans have it, too."""

    label_: str
    start_char: int
    end_char: int


class Names(NlpEngine):
    """An engine of the user's own, in the shape of those for stanza and transformers.

    It loads late, gives a score to each entity, and has its own words for the kinds.
    """

    def __init__(self) -> None:
        self.models = [{"lang_code": "en", "model_name": "names"}]
        self._loaded = False
        self._words = WordEngine("en")
        self.read: list[str] = []

    def load(self) -> None:
        """Remember that it was asked to."""
        self._loaded = True

    def is_loaded(self) -> bool:
        """Answer whether it was."""
        return self._loaded

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Return the words of a text, and two names with what is said to be their score."""
        assert self._loaded
        self.read.append(text)
        artifacts = self._words.process_text(text, language)
        found = [*re.finditer(r"\bAda(?: Lovelace)?|\bBob\b", text)]
        artifacts.entities = cast("Any", [Named("PERSON", *one.span()) for one in found])
        artifacts.scores = [0.2 if one.group() == "Bob" else 0.9 for one in found]
        return artifacts

    def process_batch(
        self, texts: Iterable[str], language: str, *_: Any, **__: Any
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """Yield each text with what is in it."""
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:
        """Answer as the engine without a model does."""
        return self._words.is_stopword(word, language)

    def is_punct(self, word: str, language: str) -> bool:
        """Answer as the engine without a model does."""
        return self._words.is_punct(word, language)

    def get_supported_entities(self) -> list[str]:
        """Return the one kind."""
        return ["PERSON"]

    def get_supported_languages(self) -> list[str]:
        """Return the one language."""
        return ["en"]


def test_an_engine_of_the_users() -> None:
    engine = Names()
    guard = PII(model=engine)
    text = "So Ada Lovelace met Bob. " + "and then " * 70 + "Ada wrote to ada@example.com. Ada!"

    found = guard.find(text)

    said = [(one.entity, text[one.start : one.end]) for one in found]
    assert said == [
        ("PERSON", "Ada Lovelace"),
        ("PERSON", "Ada"),
        ("EMAIL_ADDRESS", "ada@example.com"),
        ("PERSON", "Ada"),
    ]
    assert guard.blocking == Blocking()
    assert max(map(len, engine.read)) < len(text)
    scanner = guard.scanner()
    pieces = [scanner.feed(character) for character in text]
    assert [*(one for piece in pieces for one in piece), *scanner.finish()] == found


@pytest.mark.parametrize("before", range(330, 420, 3))
def test_no_name_is_seen_in_halves_only(before: int) -> None:
    """A sentence is read as a whole; one that is too long is taken for personal data as a whole."""
    engine = Names()
    guard = PII(model=engine, entities=["PERSON"], max_hold=400)
    first = ("and so on, " * 40)[: before - 1] + " Ada Lovelace"
    text = first + ". So Ada left."

    found = guard.find(text)

    name = found.pop()
    assert text[name.start : name.end] == "Ada"
    if len(first) < 400:
        assert [(one.start, one.end) for one in found] == [(before, before + 12)]
    else:
        assert {one.entity for one in found} == {"UNDECIDED"}
        assert {at for one in found for at in range(one.start, one.end)} == set(
            range(len(first) + 1)
        )
        assert not any("Ada" in read and "so on" in read for read in engine.read)


class Nosy(SpacyRecognizer):
    """Has code of its own, though it is made from what reads a model's names."""

    def analyze(self, text: str, entities: Any, nlp_artifacts: Any = None) -> list[Any]:
        """Find nothing."""
        return []


def test_names_need_a_model_and_code_a_reach(model: str) -> None:
    with pytest.raises(ConfigurationError, match="PII\\(model='en_core_web_sm'"):
        PII(recognizers=[SpacyRecognizer()])
    with pytest.raises(ConfigurationError, match="code of its own"):
        PII(model=model, recognizers=[Nosy()])
    PII(model=model, recognizers=[SpacyRecognizer()])
