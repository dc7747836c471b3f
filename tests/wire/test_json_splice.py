"""New values in old JSON: everything else stays as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamward.errors import UnreadableFrameError
from streamward.wire import Name, Path, dumps, loads, splice
from streamward.wire.deep import deep_scan, is_base64

TEXT = st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)
BASE64 = "QUJD" * 30


def places(value: Any, path: Path = ()) -> list[Path]:
    """Every path in a value."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    return [path, *(inner for name, one in pairs for inner in places(one, (*path, name)))]


def changed(value: Any, path: Path, new: Any) -> Any:
    """The value with another one in its place, the plain way."""
    if not path:
        return new
    step: Any = path[0]
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[step] = changed(value[step], path[1:], new)
    return copy


@given(value=VALUES, new=VALUES, indent=st.sampled_from([None, 2]), data=st.data())
def test_one_value_is_replaced(
    value: Any, new: Any, indent: int | None, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(places(value)))
    body = json.dumps(value, indent=indent).encode()

    assert json.loads(splice(body, {path: new})) == changed(value, path, new)


@given(value=VALUES, indent=st.sampled_from([None, 2]), data=st.data())
def test_nothing_else_changes(value: Any, indent: int | None, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(places(value)))
    body = json.dumps(value, indent=indent).encode()
    marked = splice(body, {path: "stands nowhere else"})
    begin, end = marked.split(b'"stands nowhere else"', 1)

    assert body.startswith(begin)
    assert body.endswith(end)


def test_forms_that_a_parser_would_lose_stay() -> None:
    body = b' { "a" : 1e400 , "b":123456789012345678901234567890, "\\u0063":"x", "d" : [ 1.0 , "y" ] } '

    assert splice(body, {("c",): "new", ("d", 1): "z"}) == (
        b' { "a" : 1e400 , "b":123456789012345678901234567890, "\\u0063":"new", "d" : [ 1.0 , "z" ] } '
    )


def test_a_path_that_is_not_there_is_ignored() -> None:
    body = b'{"a":[1,{"b":"x"}]}'

    for path in [("x",), ("a", 5), ("a", 0, "b"), ("a", 1, "b", "c"), ("a", "b"), (0,)]:
        assert splice(body, {path: "new"}) == body


def test_a_name_that_comes_twice_is_replaced_twice() -> None:
    assert splice(b'{"a":1,"a":2}', {("a",): "x"}) == b'{"a":"x","a":"x"}'


def test_a_name_is_replaced_and_names_stay_apart() -> None:
    body = b'{ "x" : {"y": 1} , "\\u0079":2,"z":3}'
    edits = {(Name("x"),): "n", (Name("y"),): "n", ("x", "y"): 5, ("x", Name("y")): "n", ("y",): 6}

    assert splice(body, edits) == b'{ "n" : {"n": 5} , "n_2":6,"z":3}'


def test_the_outer_of_two_edits_counts() -> None:
    assert splice(b'{"a":{"b":1}}', {("a", "b"): "x", ("a",): None}) == b'{"a":null}'


def test_large_strings_and_many_escapes_are_read() -> None:
    text = '\\"\n' * 200_000
    body = json.dumps({"a": text, "b": "x"}).encode()

    assert json.loads(splice(body, {("b",): "y"})) == {"a": text, "b": "y"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a"', b'{"a":', b'{"a":"x', b"[1", b"[", b'{"b":1,"a":', b"{[]", b"{{}:1}"],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableFrameError):
        splice(body, {("a",): "x", (0,): "y", (5,): "z"})


@pytest.mark.parametrize("text", ["\ud83d", "\u2028\u2029\u0085", "é😀", '"\\\n'])
def test_what_is_written_is_one_line_of_ascii(text: str) -> None:
    written = dumps({"a": text})

    assert written.isascii()
    assert b"\n" not in written
    assert loads(written) == {"a": text}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'"\\ud83d"', "\ud83d"),
        (b"1e400", float("inf")),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_what_fast_parsers_refuse_is_read(body: bytes, value: Any) -> None:
    assert loads(body) == value


@pytest.mark.parametrize("body", [b"", b"{", b"x", b'"\xff"', b"[" * 100_000])
def test_what_nobody_can_read_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableFrameError):
        loads(body)


def test_every_string_is_found_and_no_identifier() -> None:
    value = {
        "id": "no",
        "a": "one",
        "b": [{"type": "no", "c": "two"}, "three", "", 5],
        "arguments": '{"x":1}',
        "metadata": {"id": "four"},
    }

    found = [(whole.path, whole.text, whole.form) for whole in deep_scan(value, ("v",))]

    assert found == [
        (("v", "a"), "one", "text"),
        (("v", "b", 0, "c"), "two", "text"),
        (("v", "b", 1), "three", "text"),
        (("v", "arguments"), '{"x":1}', "json"),
        (("v", "metadata", Name("id")), "id", "text"),
        (("v", "metadata", "id"), "four", "text"),
    ]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("data:image/png;base64,QUJD", []),
        ("data:text/html,hello", ["data:text/html,hello"]),
        ("data:x;base64,QUJD and more", ["data:x;base64,QUJD and more"]),
        ({"type": "base64", "data": BASE64}, []),
        ({"mimeType": "image/png", "data": BASE64}, []),
        ({"mimeType": "image/png", "data": "short"}, ["image/png", "short"]),
        ({"data": BASE64}, [BASE64]),
        ({"type": "base64", "data": BASE64 + "!"}, [BASE64 + "!"]),
    ],
)
def test_files_are_left_out(value: Any, found: list[str]) -> None:
    texts = [whole.text for whole in deep_scan(value)]

    assert [text for text in texts if text != "image/png" or "image/png" in found] == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [(BASE64, True), (BASE64 + "QQ==", True), (BASE64 + "Q", False), ("QUJD", False), ("", False)],
)
def test_base64_is_recognised(text: str, *, expected: bool) -> None:
    assert is_base64(text) is expected
