"""A guard from a regular expression: what ``re.finditer`` finds, however the text is cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.asgi import ask
from support.scanning import scanned
from support.streams import ScriptedApp, chat

from streamward import Streamward
from streamward.errors import ConfigurationError, GuardFailedError
from streamward.guardrails import Finding, Guard
from streamward.guardrails.automaton import Automaton, Rule
from streamward.guardrails.panel import Panel
from streamward.guardrails.pattern import Pattern

ATOMS = st.sampled_from(
    [
        "a", "b", "ab", "[ab]", "[^a]", ".", r"\w", r"\b", r"\B", "^", r"\Z", "(?m:$)", "(?m:^)",
        "c", "(?<!a)", "(?<=b)", "(?!b)", r"(?=a|\Z)", r"\s", "(?i:A)", " ", r"\d",
    ]
)  # fmt: skip
REPEATS = st.sampled_from(
    ["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??", "{1,3}?", "{0}"]
)
REGEXES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.builds("(?:{}){}".format, inner, REPEATS),
    ),
    max_leaves=8,
)
TEXTS = st.text("aabbcA 1\n", max_size=24)


def guard_of(regex, **settings):
    try:
        return Pattern("test", regex, **settings)
    except ConfigurationError:
        assume(False)


@given(REGEXES, TEXTS, st.integers(0, 24))
def test_the_findings_are_those_of_finditer_for_every_cut(regex, text, cut):
    guard = guard_of(regex)
    whole = [Finding(*match.span(), "TEST") for match in re.finditer(regex, text)]

    assert scanned(guard, text) == whole
    assert scanned(guard, text[:cut], text[cut:]) == whole
    assert scanned(guard, *text) == whole


@given(REGEXES, TEXTS, st.integers(0, 24), st.integers(1, 5), st.sampled_from([r"\s", "c"]))
def test_over_the_limit_the_cuts_do_not_matter_either(regex, text, cut, limit, barrier):
    guard = guard_of(regex, max_hold=limit, barrier=barrier)
    whole = scanned(guard, text)

    assert scanned(guard, text[:cut], text[cut:]) == whole
    assert scanned(guard, *text) == whole


@pytest.mark.parametrize(
    ("regex", "text", "spans"),
    [
        (r"\bTICKET-[0-9]+\b", "TICKET-12, xTICKET-1, TICKET-3", [(0, 9), (22, 30)]),
        (r"(?i)secret", "A SeCrEt", [(2, 8)]),
        (r"a|ab", "ab", [(0, 1)]),
        (r"<.*?>", "<a> <b>", [(0, 3), (4, 7)]),
        (r"[0-9]{3}(?![0-9])", "1234 12", [(1, 4)]),
        (r"(?x) a  b  # a comment", "ab", [(0, 2)]),
        (r"\w+", "über 漢字", [(0, 4), (5, 7)]),
        (r"(?a)[\w]+", "über", [(1, 4)]),
        (r"never", "nevermore? neve", [(0, 5)]),
    ],
)
def test_what_is_found(regex, text, spans):
    found = Pattern("test", regex).find(text)

    assert [(one.start, one.end) for one in found] == spans


def test_ordinary_text_leaves_at_once_and_a_candidate_waits():
    scanner = Pattern("test", r"TICKET-[0-9]{1,6}").scanner()

    assert [(scanner.feed(piece), scanner.decided) for piece in ("Your T", "I", "n TICKET-1", "2")] == [
        ([], 5), ([], 5), ([], 9), ([], 9),
    ]  # fmt: skip
    assert scanner.feed(" ") == [Finding(9, 18, "TEST")]


def test_a_group_is_found_without_what_is_around_it():
    guard = Pattern("test", r"pin=(?P<pin>[0-9]+);", group="pin")

    assert scanned(guard, *"a pin=123; pin=4") == [Finding(6, 9, "TEST")]


def test_validation_rejects():
    guard = Pattern("test", "[0-9]+", validate=lambda text: text != "12")

    assert scanned(guard, *"12 123") == [Finding(3, 6, "TEST")]


def test_a_validation_that_raises_ends_the_stream_or_the_guard():
    for policy in ("closed", "open"):
        guard = Pattern("test", "[0-9]+", validate=lambda text: 1 / 0, on_error=policy)
        scanner = Panel([guard]).scanner()
        if policy == "closed":
            with pytest.raises(GuardFailedError):
                scanner.feed("12 ")
        else:
            assert scanner.feed("12 ") == [] and scanner.decided == 3


def test_the_limit_and_one_more():
    guard = Pattern("test", "<[a-z]*>", max_hold=10)

    assert scanned(guard, "<" + "a" * 9) == []
    assert scanned(guard, "<" + "a" * 8 + "> b") == [Finding(0, 10, "TEST")]
    assert scanned(guard, "<" + "a" * 10) == [Finding(0, 10, "TEST"), Finding(10, 11, "TEST")]
    assert scanned(guard, "<" + "a" * 10 + "-b c <d>") == [
        Finding(0, 10, "TEST"), Finding(10, 13, "TEST"), Finding(16, 19, "TEST"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        ("(?:a+)+b", "a" * 50_000),
        (r"\w+@\w+", "a" * 50_000),
        (r"[\w.]{1,64}@[\w.]{1,100}", "a@" * 25_000),
        (r"(?:a|a|aa)*c", "a" * 50_000),
        (r"\w+\s*\w+\s*\w+x", "ab " * 17_000),
        (r"(?s:.)*?z", "ab\n" * 17_000),
    ],
)
def test_the_work_is_linear(regex, text):
    """Each character is looked at once, but for what a longer candidate had looked at."""
    guard = Pattern("test", regex)
    scanner = guard.scanner()
    for at in range(0, len(text), 4):
        scanner.feed(text[at : at + 4])
        assert len(scanner._search.text) < 4096
    scanner.finish()

    assert len(guard._automaton._configurations) < 1000


def test_what_is_remembered_is_bounded():
    automaton = Automaton([Rule("(?:a|b)*a(?:a|b){14}c")])
    guard = Pattern("test", "(?:a|b)*a(?:a|b){14}c")
    text = "".join("ab"[n.bit_count() % 2] for n in range(20_000))
    guard.find(text)
    for number in range(20_000):
        automaton.symbol(chr(number))

    assert len(guard._automaton._configurations) <= 4096
    assert len(automaton.characters) <= 16384


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"regex": "("}, "no regular expression"),
        ({"regex": b"a"}, "no regular expression"),
        ({"regex": "a*"}, "can match nothing"),
        ({"regex": r"(a)\1"}, "a back reference"),
        ({"regex": "(?>a+)b"}, "an atomic group"),
        ({"regex": "a++b"}, "a possessive repeat"),
        ({"regex": "(a)?(?(1)b|c)"}, "a condition on a group"),
        ({"regex": "a(?=bc)"}, "more than one character"),
        ({"regex": "a$"}, r"write \\Z instead"),
        ({"regex": "(?:a*)*b"}, "may be nothing"),
        ({"regex": "[a-z]{20000}"}, "too large"),
        ({"regex": "a", "barrier": "ab"}, "one character"),
        ({"regex": "a", "max_hold": 0}, "1 or more"),
        ({"regex": "a", "hold": -1}, "0 or more"),
        ({"regex": "a", "group": 1}, "no such group"),
        ({"regex": "a", "on_error": "ajar"}, "write 'closed' or 'open'"),
        ({"regex": "a", "action": "eat"}, "unknown action"),
        ({"regex": "a", "name": ""}, "write a word"),
    ],
)
def test_settings_that_cannot_work(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        Pattern(**{"name": "test", **arguments})


def test_it_is_a_guard_and_its_fingerprint_tells_settings_apart():
    guards = [
        Pattern("test", "a"), Pattern("test", "b"), Pattern("test", "a", action="mask"),
        Pattern("test", "a", max_hold=5), Pattern("test", "a", barrier=";"), Pattern("t", "a"),
        Pattern("test", "a", validate=bool), Pattern("test", "a", validate=bool, version="2"),
    ]  # fmt: skip

    assert all(isinstance(guard, Guard) for guard in guards)
    assert len({guard.fingerprint() for guard in guards}) == len(guards)
    assert Pattern("test", "a").fingerprint() == guards[0].fingerprint()


async def test_through_the_door():
    door = Streamward(
        ScriptedApp(chat(list("see TICKET-4711 now"))),
        guards=[Pattern("tickets", "TICKET-[0-9]+", entity="TICKET")],
    )

    body = (await ask(door)).body

    assert b"<TICKET>" in body and b"47" not in body
