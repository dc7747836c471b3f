"""With a language model: named entities, sentence by sentence."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from presidio_analyzer.nlp_engine import SpacyNlpEngine

from streamward.errors import ConfigurationError
from streamward.guardrails import Blocking, Finding
from streamward.guardrails.pii import PII

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
    scanner = PII(model=model).scanner()
    arrived = 0
    for _ in range(1_000):
        scanner.feed("word ")
        arrived += 5
        assert arrived - scanner.decided <= 410


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
