"""JSON in a channel: what parsed before parses after, with the same names and types."""

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))

from support.json_values import parsed, same_shape
from word_guard import SECRET, WordGuard

from streamward.guardrails import Flag, Mask, Replace, Ward
from streamward.guardrails.channel import ChannelText
from streamward.guardrails.panel import Panel
from streamward.wire import NDJSON, Frame, deep_scan, dumps

CARD = 4111111111111111
FOUND = re.compile(r"S3CRET-[0-9]+|4[0-9]{15}")
WORDS = st.sampled_from([SECRET, "hello", f"to {SECRET} or", str(CARD), '"', "\\", "é\U0001f600"])
NUMBERS = st.sampled_from([CARD, -CARD, float(CARD), 4.1e15, 0.5, 7, 12345678]) | st.integers()
LEAVES = st.none() | st.booleans() | NUMBERS | WORDS
NAMES = st.sampled_from(["a", "card", "\u00e9", SECRET, SECRET + "1", str(CARD)])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3)
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4) | st.lists(VALUES, max_size=4)
CUTS = st.lists(st.integers(0, 500), max_size=8)
GUARD = WordGuard(FOUND, Replace('a "quoted\\" {entity}\n'))


def guarded(pieces: list[str], guard: WordGuard = GUARD) -> str:
    """Return what the pieces of a channel become."""
    channel = ChannelText("json", Panel([guard]))
    parts = [channel.add(piece)[0] for piece in pieces]
    channel.close()
    rendered = [(channel.render(part), part.text) for part in parts]
    return "".join(text if new is None else new for new, text in rendered)


def cut(text: str, at: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(i % (len(text) + 1) for i in at)})
    return [text[a:b] for a, b in pairwise(edges)]


@given(document=DOCUMENTS, escaped=st.booleans(), at=CUTS)
def test_names_and_types_stay_and_no_finding_does(
    document: Any, *, escaped: bool, at: list[int]
) -> None:
    text = json.dumps(document, ensure_ascii=escaped)

    after = guarded(cut(text, at))

    assert same_shape(parsed(text), parsed(after), FOUND)
    assert not FOUND.search(after)
    assert guarded([text]) == after
    if not FOUND.search(json.dumps(document, ensure_ascii=False)):
        assert json.loads(after) == document


@given(document=DOCUMENTS)
def test_the_same_arguments_as_an_object_become_the_same(document: Any) -> None:
    raw = dumps({"arguments": document})
    ward = Ward([GUARD], NDJSON)
    out = b"".join(ward.feed(Frame(raw + b"\n", raw), deep_scan({"arguments": document})))

    said = dict(parsed(out.decode()))["arguments"]
    assert said == parsed(guarded([json.dumps(document)]))
    assert same_shape(parsed(json.dumps(document)), said, FOUND)


@pytest.mark.parametrize(
    ("action", "number", "after"),
    [
        (Replace("5500000000000004"), "4111111111111111", "5500000000000004"),
        (Replace("5500000000000004"), "4111111111111111.25", "0.0"),
        (Replace("5.5"), "4111111111111111", "0"),
        (Replace("0123"), "4111111111111111", "0"),
        (Replace("9" * 17), "4111111111111111", "0"),
        (Mask(keep_last=4), "4111111111111111", "0"),
        (Mask(char="5"), "4111111111111111", "5555555555555555"),
        (Replace("x"), "-4111111111111111", "0"),
        (Replace("x"), "4.111111111111111E+15", "0.0"),
        (Flag(), "4111111111111111", "4111111111111111"),
    ],
)
def test_a_number_becomes_a_number(action: Any, number: str, after: str) -> None:
    text = f'{{"card": {number} , "n": 7}}'

    assert guarded(list(text), WordGuard(FOUND, action)) == text.replace(number, after)
