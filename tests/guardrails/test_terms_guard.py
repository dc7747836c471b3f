"""A guard from a list of terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import ask
from support.scanning import scanned
from support.streams import ScriptedApp, chat

from streamward import Streamward
from streamward.errors import ConfigurationError
from streamward.guardrails import Finding, Guard
from streamward.guardrails.terms import Terms

LISTS = st.lists(st.text("ab +", min_size=1, max_size=6).filter(str.strip), min_size=1, max_size=5)
TEXTS = st.text("aabbA +\n", max_size=20)


def is_word(character):
    return character.isalnum() or character == "_"


def plainly(terms, text, whole_words):
    """Find the longest term at each place by asking for all of them."""
    text, terms = text.lower().replace("\n", " "), {term.strip() for term in terms}
    found, at = [], 0
    while at < len(text):
        ends = [at + len(term) for term in terms if text.startswith(term, at)]
        if whole_words:
            inside = at and is_word(text[at]) and is_word(text[at - 1])
            ends = [
                end for end in ends if not inside
                and not (end < len(text) and is_word(text[end - 1]) and is_word(text[end]))
            ]  # fmt: skip
        if ends:
            found.append((at, max(ends)))
        at = max(ends, default=at + 1)
    return found


@given(LISTS, TEXTS, st.integers(0, 20), st.booleans())
def test_the_longest_terms_are_found_for_every_cut(terms, text, cut, whole_words):
    guard = Terms("test", terms, whole_words=whole_words)
    whole = scanned(guard, text)

    assert [(one.start, one.end) for one in whole] == plainly(terms, text, whole_words)
    assert scanned(guard, text[:cut], text[cut:]) == whole
    assert scanned(guard, *text) == whole


@pytest.mark.parametrize(
    ("terms", "text", "settings", "spans"),
    [
        (["New York", "York"], "In NEW\nYORK, york; Yorkshire", {}, [(3, 11), (13, 17)]),
        (["c++", ".net"], "C++ and .NET, c+++", {}, [(0, 3), (8, 12), (14, 17)]),
        (["ass"], "class assess ass", {}, [(13, 16)]),
        (["ass"], "class", {"whole_words": False}, [(2, 5)]),
        (["Ada"], "ada Ada", {"ignore_case": False}, [(4, 7)]),
        (["东京"], "我爱东京。", {"whole_words": False}, [(2, 4)]),
        (["ΟΔΟΣ"], "οδος οδοσ", {}, [(0, 4), (5, 9)]),
        (["İzmir"], "i İZMIR", {}, [(2, 7)]),
        (["New York"], "New  York New_York", {}, []),
    ],
)
def test_what_is_found(terms, text, settings, spans):
    guard = Terms("test", terms, **settings)

    assert [(one.start, one.end) for one in guard.find(text)] == spans
    assert scanned(guard, *text) == guard.find(text)


def test_text_waits_only_while_a_term_could_go_on():
    scanner = Terms("city", ["New York", "New York City"]).scanner()

    assert (scanner.feed("The new "), scanner.decided) == ([], 4)
    assert (scanner.feed("moon, new york"), scanner.decided) == ([], 14)
    assert (scanner.feed(" c"), scanner.decided) == ([], 14)
    assert scanner.feed("a") == [Finding(14, 22, "CITY")]


def test_a_million_terms():
    terms = [f"word{number * 7919:x}" for number in range(1_000_000)]
    guard = Terms("million", terms)
    text = f"nothing wordy here, but {terms[123456]} and {terms[-1].upper()}"

    assert len(guard) == 1_000_000
    assert [text[one.start : one.end].lower() for one in scanned(guard, *text)] == [
        terms[123456], terms[-1],
    ]  # fmt: skip


def test_the_state_is_bounded():
    scanner = Terms("test", ["a" * 1024], whole_words=False).scanner()
    for _ in range(5000):
        scanner.feed("aaab")
        assert len(scanner._text) < 2048


@pytest.mark.parametrize(
    ("terms", "message"),
    [("word", "takes a list"), ([], "finds nothing"), ([" "], "1 to 1024"), (["a" * 1025], "1025")],
)
def test_settings_that_cannot_work(terms, message):
    with pytest.raises(ConfigurationError, match=message):
        Terms("test", terms)


def test_a_term_of_the_greatest_length():
    assert Terms("test", ["a" * 1024]).find("a" * 1024) == [Finding(0, 1024, "TEST")]


def test_it_is_a_guard_and_its_fingerprint_tells_settings_apart():
    guards = [
        Terms("test", ["a"]), Terms("test", ["b"]), Terms("test", ["a"], whole_words=False),
        Terms("test", ["a"], ignore_case=False), Terms("test", ["a"], action="block"),
    ]  # fmt: skip

    assert all(isinstance(guard, Guard) for guard in guards)
    assert len({guard.fingerprint() for guard in guards}) == len(guards)
    assert Terms("test", ["A", "a"]).fingerprint() == guards[0].fingerprint()


async def test_through_the_door():
    door = Streamward(
        ScriptedApp(chat(list("In New York now"))), guards=[Terms("city", ["new york"])]
    )

    body = (await ask(door)).body

    assert b"<CITY>" in body and b'"Y"' not in body
