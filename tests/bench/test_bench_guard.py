"""The comparison with other guards counts what it says it counts. No peer is needed."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("presidio_analyzer")
pytest.importorskip("presidio_anonymizer")

ROOT = Path(__file__).parents[2]
SECRET = "4111 1111 1111 1234"
NAMES = ("streamward", "presidio", "langchain", "litellm", "sether", "nemo", "nemo, check first")


@pytest.fixture(scope="module")
def bench():
    """The modules of the measurement, which is no part of the package."""
    sys.path.insert(0, str(ROOT))
    try:
        modules = ("adapter", "compare", "leaks", "peers", "planted")
        yield SimpleNamespace(**{name: import_module(f"bench.guard.{name}") for name in modules})
    finally:
        sys.path.remove(str(ROOT))


@pytest.fixture(scope="module")
def document(bench):
    text = f"The first words of the text, then {SECRET} and the last words of it."
    start = text.index(SECRET)
    value = bench.planted.Value(start, start + len(SECRET), "CREDIT_CARD", SECRET)
    return bench.planted.Document(text, (value,))


def peer(bench, stream):
    return bench.adapter.Peer("scripted", "1", frozenset({"CREDIT_CARD"}), stream, "for the test")


@pytest.mark.parametrize(
    ("instead", "leak"),
    [
        (SECRET, "whole"),
        ("4111 1<CREDIT_CARD>", "fragment"),
        ("<CREDIT_CARD>11 1234", "fragment"),
        ("411<CREDIT_CARD>234", None),
        ("<CREDIT_CARD>", None),
    ],
)
def test_a_leak_is_four_characters_of_the_value_at_either_end(bench, document, instead, leak):
    counter = bench.leaks.LeakCounter([document])

    found = counter.leaks(document, document.text.replace(SECRET, instead))

    assert list(found.values()) == ([leak] if leak else [])


def test_what_stands_elsewhere_in_the_texts_is_no_leak(bench, document):
    twin = bench.planted.Document("4111 1, 111 1, 1111, 1 1234, 1 12", ())
    counter = bench.leaks.LeakCounter([document, twin])

    assert not counter.leaks(document, document.text.replace(SECRET, "1 1234"))


def test_lost_words_are_counted_and_names_of_findings_are_not(bench, document):
    shown = document.text.replace(SECRET, "<CREDIT_CARD>")

    assert bench.leaks.damaged_words(document, shown) == 0
    assert bench.leaks.damaged_words(document, shown.replace("first words", "first")) == 1
    assert bench.leaks.damaged_words(document, "") == 13


def test_a_token_waits_until_its_last_character_is_shown(bench):
    document = bench.planted.Document("one two three", ())
    pieces = ["one ", "two ", "three"]

    def waits(*steps):
        return bench.leaks.waits(document, pieces, steps)

    assert waits("one ", "two ", "three", "") == [0, 0, 0]
    assert waits("", "one t", "wo thre", "e") == [1, 1, 0]
    assert waits("", "", "", "one two three") == [2, 1, 0]


def test_ours_and_presidio_leak_nothing_and_show_the_same(bench):
    corpus = bench.planted.corpora()["dense"][:2]
    ours, whole = bench.adapter.streamward("1"), bench.adapter.presidio_whole("1")

    result = bench.compare.figures((ours, whole), {"dense": corpus}, cuttings=2)

    for row in result.values():
        figures = row["texts"]["dense"]
        assert figures["leaks"]["whole"] + figures["leaks"]["fragment"] == 0
        assert figures["worst_leaks"]["whole"] + figures["worst_leaks"]["fragment"] == 0
        assert figures["leaks"]["of"] == figures["leaks"]["claimed_of"] == 56
        assert figures["differs_from_presidio"] == figures["words_damaged"] == 0
    assert result["streamward"]["texts"]["dense"]["token_p50"] == 1
    assert result["presidio"]["texts"]["dense"]["token_p50"] > 300


def test_a_guard_that_edits_too_early_is_found_out(bench, document):
    def hasty():
        class Hasty:
            held = ""

            def feed(self, piece):
                self.held += piece
                self.held = self.held.replace("4111 1111", "<CREDIT_CARD>")
                out, self.held = self.held[:-13], self.held[-13:]
                return out

            def finish(self):
                return self.held

        return Hasty()

    counter = bench.leaks.LeakCounter([document])
    shown = "".join(bench.compare.shown(peer(bench, hasty), document.text))

    assert set(counter.leaks(document, shown).values()) == {"fragment"}


def test_a_peer_that_is_an_async_generator_is_driven_without_a_loop(bench):
    async def loud(source):
        async for piece in source:
            if piece == "stop":
                return
            yield piece.upper()

    def opened():
        return bench.adapter.Pumped(loud, lambda piece: piece or "end", str)

    assert bench.compare.shown(peer(bench, opened), ["a", "b"]) == ["A", "B", "END"]
    assert bench.compare.shown(peer(bench, opened), ["a", "stop", "b"]) == ["A", "", "", ""]


def test_every_peer_is_measured_or_named_as_missing(bench):
    here, missing = bench.peers.all_peers()

    assert {one.name for one in here} | set(missing) == set(NAMES)
    assert all(missing.values())
