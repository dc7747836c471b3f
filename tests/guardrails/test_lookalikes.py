"""Characters that look like others, and characters that nobody sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.guard import WordGuard
from support.secrets import cuts, pieces

from streamward.guardrails import PII, Mask
from streamward.guardrails.lookalikes import LookAlikes
from streamward.guardrails.panel import Panel, Verdict

SPELLINGS = [
    "S3CRET-12345",
    "S3C\u200bRET-1\u00ad23\u206045",
    "S%33CRET%2d%31234%35",
    "\uff33\uff13\uff23\uff32\uff25\uff34\uff0d\uff11\uff12\uff13\uff14\uff15",
    "\U0001d412\U0001d7d1\U0001d402\U0001d411\U0001d404\U0001d413-\U0001d7d0\U0001d7d1\u2074",
]
ALPHABET = st.sampled_from(
    [*"S3CRET-12 \n", "\u200b", "\u00ad", "\uff13", "\U0001d7d1", "é", "日", "ﬁ"]
)


def verdicts(guards, text: str, at: list[int]) -> list[Verdict]:
    scanner = Panel(guards).scanner()
    found: list[Verdict] = []
    decided = 0
    for piece in pieces(text, at):
        found += scanner.feed(piece)
        assert decided <= scanner.decided <= len(text)
        decided = scanner.decided
        assert not any(verdict.start < decided < verdict.end for verdict in found)
    found += scanner.finish()
    assert scanner.decided == len(text)
    return found


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_found_where_it_stands(spelling):
    text = f"before \u200b{spelling}\u00ad after"

    found = verdicts([WordGuard()], text, [])

    # Invisible characters right before a finding go with it.
    assert [text[v.start : v.end].lstrip("\u200b") for v in found] == [spelling]


def test_a_mask_covers_what_stood_there():
    text = "a S3C\u200bRET-12 b"

    found = verdicts([WordGuard(Mask())], text, [])

    assert found[0].replacement == "*" * len("S3C\u200bRET-12")


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("card \uff14\uff11\uff11\uff11 1111 1111 1111 now", "CREDIT_CARD"),
        ("mail jane\u200b.doe@exam\u00adple.com now", "EMAIL_ADDRESS"),
        ("mail jane.doe\uff20example.com now", "EMAIL_ADDRESS"),
        ("mail jane%2Edoe%40example.com now", "EMAIL_ADDRESS"),
        ("card %34111 1111 1111 111%31 now", "CREDIT_CARD"),
    ],
)
def test_personal_data_in_disguise_is_found(text, entity):
    found = verdicts([PII()], text, list(range(len(text))))

    assert [verdict.entity for verdict in found] == [entity]


@given(st.data())
def test_verdicts_do_not_depend_on_the_cuts(data):
    text = "".join(data.draw(st.lists(ALPHABET, max_size=60)))
    guards = [WordGuard(), WordGuard(name="second")]

    cut = verdicts(guards, text, data.draw(cuts(len(text))))

    assert cut == verdicts(guards, text, [])


@given(st.lists(ALPHABET, max_size=60).map("".join), st.data())
def test_the_way_back_is_exact(text, data):
    looks, copy = LookAlikes(), ""
    for piece in pieces(text, data.draw(cuts(len(text)))):
        copy += looks.plain(piece)
    copy += looks.finish()

    whole = LookAlikes()
    assert copy == whole.plain(text) + whole.finish()
    for offset, char in enumerate(copy):
        original = text[looks.first(offset) : looks.last(offset)].strip("\u200b\u00ad")
        assert (
            original in (char, f"%{ord(char):02X}", f"%{ord(char):02x}") or not original.isascii()
        )


def test_what_is_dropped_is_not_remembered_for_ever():
    looks = LookAlikes()

    for n in range(1000):
        looks.plain("a\u200b%40")
        looks.forget(2 * n + 2)

    assert len(looks._dropped) <= 3
    assert looks.first(2000) == 5000


def test_plain_text_passes_as_it_is():
    looks = LookAlikes()

    assert (
        looks.plain("caf\u00e9 \u65e5\u672c \u2028 \u2026 \u00a0x") == "café 日本 \u2028 … \u00a0x"
    )
    assert looks.first(3) == 3
    assert looks.last(3) == 4
