"""Where a text is cut into windows, and what the scanner makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamward.guardrails import Finding
from streamward.guardrails.toxicity.scanner import WindowScanner
from streamward.guardrails.toxicity.windows import Window, Windows

PIECES = (
    "You fool", " bad", ". ", "\n", " ", "  \t", "! ", "?!", '." ', "Dr. ", "e.g. ", "...", "\u2026 ", ")",
    "\u3002", "\uff01\u300d", "word " * 9, "x" * 70, ",", "a", "\r\n\r\n", "No. 5 ", "\u2028", "bad",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=16).map("".join)


def windows(*pieces: str, limit: int = 64, overlap: int = 20) -> list[Window]:
    cutter = Windows(limit, overlap)
    found = [window for piece in pieces for window in cutter.feed(piece)]
    return [*found, *cutter.finish()]


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces: list[str] = []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    return [*pieces, text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One two. Three!", ["One two.", "Three!"]),
        ("Dr. Who met J. Smith, e.g. here. Yes.", ["Dr. Who met J. Smith, e.g. here.", "Yes."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("A line\nanother line\n\n", ["A line", "another line"]),
        ("3.14 is pi, v1.2.3 is not.", ["3.14 is pi, v1.2.3 is not."]),
        ("\u4f60\u597d\u3002\u518d\u89c1\uff01", ["\u4f60\u597d\u3002", "\u518d\u89c1\uff01"]),
        ("What?! Really... Yes", ["What?!", "Really...", "Yes"]),
        (" \n\t ", []),
        ("", []),
    ],
)
def test_a_window_is_a_sentence(text: str, expected: list[str]) -> None:
    assert expected == [window.text for window in windows(text)]


def test_a_sentence_is_settled_with_the_space_behind_it() -> None:
    cutter = Windows(64, 20)

    assert cutter.feed("It is so.") == []
    assert cutter.settled == 0
    assert [one.text for one in cutter.feed(" ")] == ["It is so."]
    assert cutter.settled == len("It is so. ")


def test_a_long_sentence_comes_in_parts_that_overlap() -> None:
    text = " ".join(f"word{n:03}" for n in range(40))
    parts = windows(text)

    assert len(parts) > 4
    for one, following in pairwise(parts):
        assert len(one.text) <= 64
        assert one.settled == following.start < one.end
        assert one.end - following.start <= 20
    assert text == "".join(one.text[: one.settled - one.start] for one in parts)


def test_a_run_without_space_is_bounded() -> None:
    cutter = Windows(64, 20)
    for count in range(1, 2_000):
        cutter.feed(".")
        assert count - cutter.settled <= 64


@given(texts, st.lists(st.integers(0, 9), max_size=40))
def test_cuts_do_not_matter(text: str, sizes: list[int]) -> None:
    whole = windows(text)

    assert whole == windows(*cut(text, sizes))
    assert whole == windows(*text)


@given(texts)
def test_nothing_but_white_space_is_left_out(text: str) -> None:
    seen = [False] * len(text)
    for window in windows(text):
        assert text[window.start : window.end] == window.text
        seen[window.start : window.end] = [True] * len(window.text)

    assert all(one or char.isspace() for one, char in zip(seen, text, strict=True))


# The scanner


def judge(texts: list[str]) -> list[list[tuple[str, float]]]:
    return [[("BAD", 0.9)] if "bad" in text else [] for text in texts]


def scan(*pieces: str, edits: bool) -> list[Finding]:
    scanner = WindowScanner(judge, lambda _: edits, Windows(64, 20))
    found: list[Finding] = []
    arrived = decided = 0
    for piece in [*pieces, None]:
        new = scanner.finish() if piece is None else scanner.feed(piece)
        arrived += len(piece or "")
        assert decided <= scanner.decided <= arrived
        assert all(decided <= one.start and one.end <= scanner.decided for one in new)
        decided = scanner.decided
        found += new
    assert arrived == decided
    return found


@given(texts, st.lists(st.integers(0, 9), max_size=40), st.booleans())
def test_stream_equals_whole(text: str, sizes: list[int], edits: Any) -> None:
    whole = scan(text, edits=edits)

    assert whole == scan(*cut(text, sizes), edits=edits)
    assert all(one.end <= two.start for one, two in pairwise(whole))


@given(texts)
def test_no_word_that_is_found_is_outside_a_finding(text: str) -> None:
    found = scan(text, edits=True)
    at = text.find("bad")
    while at >= 0:
        assert any(one.start <= at and at + 3 <= one.end for one in found)
        at = text.find("bad", at + 1)


def test_a_phrase_over_a_cut_is_found_as_a_whole() -> None:
    text = "x" * 62 + "bad" + "y" * 50

    for edits in (True, False):
        found = scan(text, edits=edits)
        assert any(one.start <= 62 and one.end >= 65 for one in found)


def test_a_flag_leaves_what_windows_share_to_an_edit() -> None:
    def two(texts: Sequence[str]) -> list[list[tuple[str, float]]]:
        marked = [[("FLAG", 0.9)] * ("mark" in text) for text in texts]
        return [
            had + [("EDIT", 0.9)] * ("bad tail" in text)
            for had, text in zip(marked, texts, strict=True)
        ]

    text = "mark " + "x" * 52 + " bad tail"
    scanner = WindowScanner(two, lambda entity: entity == "EDIT", Windows(64, 20))
    found = [*scanner.feed(text), *scanner.finish()]

    assert [(one.entity, text[one.start : one.end]) for one in found] == [
        ("FLAG", text[:58]),
        ("EDIT", "bad tail"),
    ]
