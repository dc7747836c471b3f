"""The delay that a user asks for: in tokens, words or characters, whatever the cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.guard import WordGuard
from support.secrets import cuts, pieces

from streamward.errors import ConfigurationError
from streamward.guardrails import PII, Hold, Pattern, SecretScan, Sentences, Terms, ToxicityScreen
from streamward.guardrails.channel import ChannelText
from streamward.guardrails.hold import HoldLike, WordCount
from streamward.guardrails.panel import Panel

TEXT = " Ten  green\tbottles\nhanging on the wall "


def leaves(hold: HoldLike, *texts: str) -> list[int]:
    """Return how many parts have left after each part that came."""
    channel = ChannelText("text", Panel([Pattern("none", "\x00", hold=hold)]))
    parts = []
    counts = []
    for text in texts:
        part, _ = channel.add(text)
        parts.append(part)
        counts.append(sum(map(channel.ready, parts)))
    channel.close()
    assert all(map(channel.ready, parts))
    return counts


def test_tokens():
    assert leaves(2, "a", "b", "c", "d") == leaves(Hold(2), "a", "b", "c", "d") == [0, 0, 1, 2]


def test_words_count_when_they_are_complete():
    hold = Hold(2, "words")

    assert leaves(hold, "one ", "two", " three", " ", "four") == [0, 0, 0, 1, 1]
    # The rest of a word that a part begins is none of the words behind it.
    assert leaves(hold, "on", "e two", " three", " ") == [0, 0, 0, 1]


def test_characters():
    assert leaves(Hold(3, "characters"), "abcdef", "g", "hi", "j") == [0, 0, 1, 2]


def test_no_hold_lets_everything_leave_at_once():
    assert leaves(0, "a", "b ", "c") == [1, 2, 3]


def test_every_guard_has_its_hold_and_the_longest_counts():
    guards = [WordGuard(hold=1), WordGuard(hold=Hold(4)), WordGuard(hold=Hold(2, "words"))]

    waits = Panel(guards).waits

    assert (waits.tokens, waits.words, waits.characters) == (4, 2, 0)


@pytest.mark.parametrize(
    "guard",
    [
        PII(hold=Hold(2, "words")),
        Pattern("p", "x", hold=Hold(2, "words")),
        SecretScan(hold=Hold(2, "words")),
        Sentences("s", bool, hold=Hold(2, "words")),
        Terms("t", ["x"], hold=Hold(2, "words")),
        ToxicityScreen(hold=Hold(2, "words")),
    ],
    ids=lambda guard: type(guard).__name__,
)
def test_guards_take_a_hold(guard):
    assert Panel([guard]).waits.words == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1,), "0 or more"),
        ((True,), "0 or more"),
        ((1.5,), "0 or more"),
        ((1, "miles"), "'words'"),
    ],
)
def test_a_hold_that_cannot_work(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        Hold(*arguments)


@given(st.data())
def test_words_do_not_depend_on_the_cut(data):
    count = WordCount()
    for piece in pieces(TEXT, data.draw(cuts(len(TEXT)))):
        count.add(piece)

    assert count.complete == count.begun == len(TEXT.split())
