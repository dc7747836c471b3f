"""JSON text in pieces: what is read, and where it stood."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamward.wire import Edit, JsonProjection, Run
from streamward.wire.json_form import MAX_DEPTH, MAX_SCALAR
from streamward.wire.json_number import plain_number

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)
DOCUMENTS = st.lists(VALUES, max_size=4) | st.dictionaries(TEXT, VALUES, max_size=4) | TEXT
CUTS = st.lists(st.integers(0, 500), max_size=8)
BROKEN = st.text(st.sampled_from('{}[]":,\\u12d8e0tfn -.x\ud83d\ude00\n'), max_size=24)


def cut(text: str, at: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(i % (len(text) + 1) for i in at)})
    return [text[a:b] for a, b in pairwise(edges)]


def read(pieces: list[str]) -> list[Run]:
    projection = JsonProjection()
    runs = [run for piece in pieces for run in projection.feed(piece)]
    runs += projection.finish()
    assert projection.position == sum(map(len, pieces))
    return runs


def joined(runs: list[Run]) -> list[tuple[str, list[int], int]]:
    """Put the pieces of each run together: its text, its positions, its end."""
    out: list[tuple[str, list[int], int]] = []
    text, starts = "", list[int]()
    for run in runs:
        text += run.text
        starts += run.starts
        if run.closes:
            out.append((text, starts, run.end))
            text, starts = "", []
    assert not text
    return out


def texts(pieces: list[str]) -> list[str]:
    return [text for text, _, _ in joined(read(pieces))]


def values(value: Any) -> list[str]:
    """The strings and names of a document in their order, and the numbers of many digits."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for name in value for text in (name, *values(value[name]))]
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = plain_number(json.dumps(value))
        return [number] if number else []
    return [text for one in value for text in values(one)] if isinstance(value, list) else []


@given(document=DOCUMENTS, escaped=st.booleans(), indent=st.sampled_from([None, 1]), at=CUTS)
def test_strings_are_read_as_a_parser_reads_them(
    document: Any, *, escaped: bool, indent: int | None, at: list[int]
) -> None:
    text = json.dumps(document, ensure_ascii=escaped, indent=indent)

    assert texts(cut(text, at)) == values(document)


def test_a_number_is_read_as_it_is_meant() -> None:
    numbers = (
        "[123456, 1234567, -4111111111111111, 4.111111111111111e15, 41.5E5, 1e999, 12345678e-999]"
    )

    assert texts(list(numbers)) == [
        "1234567",
        "-4111111111111111",
        "4111111111111111.0",
        "4150000.0",
        "12345678.0",
    ]


@given(document=DOCUMENTS, escaped=st.booleans(), at=CUTS)
def test_each_character_can_be_cut_out_by_its_position(
    document: Any, *, escaped: bool, at: list[int]
) -> None:
    text = json.dumps(document, ensure_ascii=escaped)

    for value, starts, end in joined(read(cut(text, at))):
        carried = [text[a:b] for a, b in pairwise([*starts, end])]
        if not (value.lstrip("-")[:1].isdigit() and "e" in text[starts[0] : end]):
            assert [json.loads(f'"{piece}"') for piece in carried] == list(value)


@given(text=TEXT)
def test_what_is_written_is_read_again(text: str) -> None:
    projection = JsonProjection()
    projection.feed('{"a":"x')
    ((start, end, carried),) = projection.fit(6, 7, text)

    assert (start, end) == (6, 7)
    assert carried.isascii()
    assert json.loads(f'"{carried}"') == text
    assert texts(['{"a":"', carried, '"}']) == ["a", text]


@given(text=BROKEN, at=CUTS)
def test_the_reading_does_not_depend_on_the_pieces(text: str, at: list[int]) -> None:
    assert joined(read(cut(text, at))) == joined(read([text]))
    assert joined(read(list(text))) == joined(read([text]))


@given(text=BROKEN, secret=st.sampled_from(["SECRET", "12345", "a b", "true love"]), at=CUTS)
def test_a_word_behind_the_first_fault_is_never_skipped(
    text: str, secret: str, at: list[int]
) -> None:
    broken = f"[1}}{text}\x00{secret}"

    assert texts(cut(broken, at)) == ["}" + text + "\x00" + secret]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   ", []),
        ("{}", []),
        ('{"a":1,"b":[true,null,-1.5e3]}', ["a", "b"]),
        ('{"a":"x"}{"b":"y"}', ["a", "x", "b", "y"]),
        ('{"a":"x"} tail', ["a", "x", "tail"]),
        ("hello there", ["hello there"]),
        ("  hello", ["hello"]),
        ("5551234567", ["5551234567"]),
        ("true", ["true"]),
        ('{"a": hello}', ["a", "hello}"]),
        ('{"a": 555 1234}', ["a", "555 1234}"]),
        ('{"a": 12 Main Street}', ["a", "12 Main Street}"]),
        ('{"a": true love}', ["a", "true love}"]),
        ('{"a": 01}', ["a", "01}"]),
        ("{'a': 'x'}", ["'a': 'x'}"]),
        ('{"a" "x"}', ["a", '"x"}']),
        ('{"a":"x" "y"}', ["a", "x", '"y"}']),
        ('{"a":"x",}', ["a", "x", "}"]),
        ('["x",]', ["x", "]"]),
        ("[,]", [",]"]),
        ("[1}", ["}"]),
        ('{"a":]', ["a", "]"]),
        ("]", ["]"]),
        (":", [":"]),
        ('{"a":"x', ["a", "x"]),
        ('{"a":"x\\', ["a", "x\\"]),
        ('{"a":"x\\u00', ["a", "x\\u00"]),
        ('{"a":"x\\ud83d', ["a", "x\\ud83d"]),
        ('{"a":"\\x y"}', ["a", '\\x y"}']),
        ('{"a":"b \\x y"}', ["a", 'b \\x y"}']),
        ('{"a":12', ["a", "12"]),
        ('{"a\\n":"x"}', ["a\n", "x"]),
        ('{"a":"\\ud83d\\n"}', ["a", "\ud83d\n"]),
        ('{"a":"\\ud83d\\ud83d\\ude00"}', ["a", "\ud83d😀"]),
        ('{"a":"\\ude00"}', ["a", "\ude00"]),
        ('{"a":"\ud83d\ude00"}', ["a", "😀"]),
        ('{"a":"\ud83dx\ude00"}', ["a", "\ud83dx\ude00"]),
        ('{"a":"\ud83d', ["a", "\ud83d"]),
        ('{"a":"tab\there"}', ["a", "tab\there"]),
    ],
)
def test_what_is_read(text: str, expected: list[str]) -> None:
    assert texts([text]) == expected
    assert texts(list(text)) == expected


def test_structure_is_no_text() -> None:
    assert texts(['{"a":1,"":{"b":[2,{},true]},"c":"x"}']) == ["a", "", "b", "c", "x"]


def test_depth_is_bounded() -> None:
    deep = "[" * MAX_DEPTH

    assert texts([deep + '"x"']) == ["x"]
    assert texts([deep + '["x"']) == ['["x"']


@pytest.mark.parametrize("pieces", [1, 7, 10_000])
def test_a_number_without_end_is_text(pieces: int) -> None:
    fits = "[" + "1" * (MAX_SCALAR - 1) + " ]"
    too_long = "[" + "1" * MAX_SCALAR + " ]"

    assert texts([fits[i : i + pieces] for i in range(0, len(fits), pieces)]) == [fits[1:-2]]
    assert texts([too_long[i : i + pieces] for i in range(0, len(too_long), pieces)]) == [
        too_long[1:]
    ]


def test_what_is_incomplete_is_not_understood_yet() -> None:
    projection = JsonProjection()

    projection.feed('{"a":"x\\u00')
    assert projection.position == 7
    projection.feed("e9\\ud83d\\u")
    assert projection.position == 13
    projection.feed('de00","b":12')
    assert projection.position == 31
    projection.feed("}")
    assert projection.position == 34


def test_outside_of_json_text_is_written_as_it_is() -> None:
    projection = JsonProjection()
    projection.feed("hello")

    assert projection.fit(1, 3, '"\n') == [Edit(1, 3, '"\n')]
