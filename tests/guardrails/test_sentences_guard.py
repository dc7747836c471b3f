"""A guard from a function that is asked about sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import ask
from support.scanning import scanned
from support.streams import ScriptedApp, chat

from streamward import Streamward
from streamward.errors import ConfigurationError, GuardFailedError
from streamward.guardrails import Blocking, Finding, Guard
from streamward.guardrails.panel import Panel
from streamward.guardrails.sentences import Sentences

TEXTS = st.text('ab.. !")\n', max_size=30)


@given(TEXTS, st.integers(0, 30), st.integers(1, 9))
def test_the_function_sees_the_same_sentences_for_every_cut(text, cut, longest):
    asked = []

    def minds(sentence):
        asked[-1].append(sentence)
        return "b" in sentence

    guard = Sentences("test", minds, max_sentence=longest)
    found = []
    for pieces in ([text], [text[:cut], text[cut:]], [*text]):
        asked.append([])
        found.append(scanned(guard, *pieces))

    assert asked[0] == asked[1] == asked[2]
    assert found[0] == found[1] == found[2]
    assert all(0 < len(sentence) <= longest for sentence in asked[0])


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", " Two!", " Three?"]),
        ('He said "no." Then', ['He said "no."', " Then"]),
        ("Version 1.2, e.g. this. End", ["Version 1.2, e.g. this.", " End"]),
        ("a line\n\nanother", ["a line\n", "another"]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("", []),
    ],
)
def test_where_sentences_end(text, sentences):
    asked = []
    Sentences("test", asked.append).find(text)

    assert asked == sentences


def test_the_limit_and_one_more():
    asked = []
    guard = Sentences("test", asked.append, max_sentence=10)
    guard.find("a" * 9 + ".")
    guard.find("a" * 10 + ".")
    guard.find("aaa bbb ccc ddd.")

    assert asked == ["a" * 9 + ".", "a" * 10, ".", "aaa bbb ", "ccc ddd."]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (True, [Finding(3, 7, "TEST")]),
        ("RUDE", [Finding(3, 7, "RUDE")]),
        (False, []),
        (None, []),
        ("", []),
        ([], []),
        (
            [Finding(3, 4, "B"), Finding(1, 2, "A", 0.5)],
            [Finding(4, 5, "A", 0.5), Finding(6, 7, "B")],
        ),
    ],
)
def test_what_a_function_may_answer(answer, found):
    guard = Sentences("test", lambda sentence: answer if "o" not in sentence else None)

    assert guard.find("No. an.") == found


def boom(sentence):
    raise RuntimeError("the function is broken")


@pytest.mark.parametrize(
    "function",
    [
        boom,
        lambda sentence: 7,
        lambda sentence: [1],
        lambda sentence: [Finding(0, len(sentence) + 1, "A")],
        lambda sentence: [Finding(2, 2, "A")],
        lambda sentence: [Finding(-1, 2, "A")],
    ],
    ids=["raises", "number", "numbers", "too far", "empty", "before"],
)
def test_a_function_that_fails_ends_the_stream_or_the_guard(function):
    with pytest.raises(GuardFailedError):
        Panel([Sentences("test", function)]).scanner().feed("One. Two")
    scanner = Panel([Sentences("test", function, on_error="open")]).scanner()

    assert scanner.feed("One. Two") == []
    assert scanner.decided == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"function": 1}, "takes a function"),
        ({"max_sentence": 0}, "1 or more"),
        ({"on_error": "ajar"}, "write 'closed' or 'open'"),
    ],
)
def test_settings_that_cannot_work(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        Sentences(**{"name": "test", "function": bool, **arguments})


def test_it_is_a_guard_and_its_fingerprint_tells_settings_apart():
    guards = [
        Sentences("test", bool), Sentences("test", boom), Sentences("test", bool, version="2"),
        Sentences("test", bool, max_sentence=9), Sentences("test", bool, action="block"),
    ]  # fmt: skip

    assert all(isinstance(guard, Guard) for guard in guards)
    assert len({guard.fingerprint() for guard in guards}) == len(guards)
    assert guards[0].blocking == Blocking() and not Sentences("test", bool, blocking=False).blocking


@pytest.mark.parametrize("blocking", [False, True])
async def test_through_the_door(blocking):
    guard = Sentences("rude", lambda sentence: "fool" in sentence, blocking=blocking)
    door = Streamward(ScriptedApp(chat(["Hi. You f", "ool! By", "e."])), guards=[guard])

    body = (await ask(door)).body

    assert b"<RUDE>" in body and b"ool" not in body and b"e." in body
