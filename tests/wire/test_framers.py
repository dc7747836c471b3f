"""Framers cut as the standards say, however the bytes come, and lose none of them."""

from __future__ import annotations

import contextlib
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from wire_run import bytewise, cut, random_cuts

from streamward.errors import FrameTooLargeError
from streamward.wire import NDJSON, PLAIN, SSE, Frame, Framing

LIMIT = 1 << 20
FRAMINGS = pytest.mark.parametrize(
    "framing", [SSE, NDJSON, PLAIN], ids=lambda framing: framing.name
)
Payloads = list[tuple[str, bytes]]


def frames(framing: Framing, chunks: list[bytes], limit: int = LIMIT) -> list[Frame]:
    framer = framing.framer(limit)
    return [*(frame for chunk in chunks for frame in framer.feed(chunk)), *framer.finish()]


def payloads(cut_into: list[Frame]) -> Payloads:
    return [(frame.event, frame.data) for frame in cut_into if frame.data is not None]


def check(framing: Framing, body: bytes, expected: Payloads) -> None:
    """Cut a body whole, byte by byte, at random and with more behind it."""
    trailing = random_cuts(body + body, 5)
    ways = [[body], [body, b""], bytewise(body), *(random_cuts(body, seed) for seed in range(8))]
    for chunks in ways:
        done = frames(framing, chunks)
        assert payloads(done) == expected
        assert b"".join(frame.raw for frame in done) == body
    assert b"".join(frame.raw for frame in frames(framing, trailing)) == body + body


SSE_CASES: dict[str, tuple[bytes, Payloads]] = {
    "lf": (b"data: a\n\ndata: b\n\n", [("", b"a"), ("", b"b")]),
    "crlf": (b"data: a\r\n\r\ndata: b\r\n\r\n", [("", b"a"), ("", b"b")]),
    "cr": (b"data: a\r\rdata: b\r\r", [("", b"a"), ("", b"b")]),
    "mixed": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", [("", b"a"), ("", b"b"), ("", b"c")]),
    "cr then lf ends one line": (b"data: a\r\ndata: b\r\n\r\n", [("", b"a\nb")]),
    "bom": (b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
    "bom and blank line": (b"\xef\xbb\xbf\n\ndata: a\n\n", [("", b"a")]),
    "bom later is a name": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("", b"a")]),
    "half a bom": (b"\xef\xbbdata: a\n\n", []),
    "comment": (b": ping\n\n:\n\n", []),
    "comment glued": (b": ping\ndata: a\n: pong\n\n", [("", b"a")]),
    "one space goes": (b"data:  a \n\n", [("", b" a ")]),
    "no space": (b"data:a\n\n", [("", b"a")]),
    "colon in value": (b"data: a: b\n\n", [("", b"a: b")]),
    "no colon": (b"data\n\n", [("", b"")]),
    "two without colon": (b"data\ndata\n\n", [("", b"\n")]),
    "empty data": (b"data:\n\n", [("", b"")]),
    "three lines": (b"data: a\ndata:\ndata: c\n\n", [("", b"a\n\nc")]),
    "event": (b"event: x\ndata: a\n\ndata: b\n\n", [("x", b"a"), ("", b"b")]),
    "last event counts": (b"event: x\nevent: y\ndata: a\n\n", [("y", b"a")]),
    "event alone": (b"event: x\n\ndata: a\n\n", [("", b"a")]),
    "id alone": (b"id: 7\n\n", []),
    "id with nul": (b"id: \x00\ndata: a\n\n", [("", b"a")]),
    "retry": (b"retry: 5\n\nretry: x\ndata: a\n\n", [("", b"a")]),
    "names have a case": (b"DATA: a\n\n", []),
    "a space is part of the name": (b" data: a\n\ndata : b\n\n", []),
    "other line ends are text": (
        "data: a\u2028b\u0085c\x0bd\x0ce\x1cf\n\n".encode(),
        [("", "a\u2028b\u0085c\x0bd\x0ce\x1cf".encode())],
    ),
    "blank lines": (b"\n\n\r\n\rdata: a\n\n\n", [("", b"a")]),
    "invalid utf-8": (b"data: \xff\xc3\n\n", [("", b"\xff\xc3")]),
    "cut inside": (b"data: a\n\ndata: b\n", [("", b"a"), ("", b"b")]),
    "cut in a line": (b"data: a\n\nda", [("", b"a")]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("case", SSE_CASES)
def test_sse_is_cut_as_the_standard_says(case: str) -> None:
    check(SSE, *SSE_CASES[case])


def test_what_is_cut_off_is_marked() -> None:
    whole, rest = frames(SSE, [b"data: a\n\ndata: b\n"])

    assert (whole.ended, rest.ended) == (True, False)


def test_cr_at_the_end_of_a_chunk_ends_its_line_at_once() -> None:
    framer = SSE.framer(LIMIT)

    assert payloads(framer.feed(b"data: a\r\n\r")) == [("", b"a")]
    assert payloads(framer.feed(b"\ndata: b\n\n")) == [("", b"b")]


def test_what_no_client_reads_is_kept_aside() -> None:
    (frame,) = frames(SSE, [b"\xef\xbb\xbf: c\r\nid: 7\r\ndata: a\r\nx: y\r\n\r\n"])

    assert frame.aside == b": c\nid: 7\nx: y"
    assert SSE.without_aside(frame).raw == b"data: a\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"data: a\n\n", b"data: new\n\n"),
        (b"data:a\r\n\r\n", b"data: new\r\n\r\n"),
        (b"event: x\rdata: a\rdata: b\rid: 7\r\r", b"event: x\rdata: new\rid: 7\r\r"),
        (b"\xef\xbb\xbfdata: a\n\n", b"\xef\xbb\xbfdata: new\n\n"),
        (b"data: a", b"data: new"),
        (b"data: a\ndata: b", b"data: new\n"),
    ],
)
def test_a_new_payload_takes_the_place_of_the_old(raw: bytes, expected: bytes) -> None:
    (frame,) = frames(SSE, [raw])

    assert SSE.with_data(frame, b"new") == expected


def test_a_bom_in_the_middle_of_a_stream_names_another_field() -> None:
    _, frame = frames(SSE, [b"data: a\n\n\xef\xbb\xbfdata: x\ndata: b\n\n"])

    assert SSE.with_data(frame, b"new") == b"\xef\xbb\xbfdata: x\ndata: new\n\n"
    assert SSE.without_aside(frame).raw == b"data: b\n\n"


def test_a_payload_of_several_lines_becomes_several_lines() -> None:
    (frame,) = frames(SSE, [b"data: a\r\n\r\n"])

    new = SSE.with_data(frame, b"b\n\nc")

    assert payloads(frames(SSE, [new])) == [("", b"b\n\nc")]
    assert SSE.build(b"b\nc", "x") == b"event: x\ndata: b\ndata: c\n\n"


NDJSON_CASES: dict[str, tuple[bytes, Payloads]] = {
    "lines": (b'{"a":1}\n{"b":2}\n', [("", b'{"a":1}'), ("", b'{"b":2}')]),
    "crlf": (b"1\r\n2\r\n", [("", b"1"), ("", b"2")]),
    "blank lines": (b"\n1\n \n\n2\n", [("", b"1"), ("", b"2")]),
    "spaces in front": (b"   1\n", [("", b"1")]),
    "last line without lf": (b"1\n2", [("", b"1"), ("", b"2")]),
    "other line ends are text": (
        '"\u2028\u0085\x0b"\n'.encode(),
        [("", '"\u2028\u0085\x0b"'.encode())],
    ),
    "lone cr is text": (b'"a\rb"\n', [("", b'"a\rb"')]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("case", NDJSON_CASES)
def test_ndjson_is_cut_at_lf(case: str) -> None:
    check(NDJSON, *NDJSON_CASES[case])


def test_ndjson_keeps_the_line_end_of_an_edited_line() -> None:
    crlf, bare = frames(NDJSON, [b"1\r\n2"])

    assert NDJSON.with_data(crlf, b"3") == b"3\r\n"
    assert NDJSON.with_data(bare, b"3") == b"3"
    assert NDJSON.build(b"3", "x") == b"3\n"
    assert NDJSON.without_aside(crlf) is crlf


@given(text=st.text(st.characters(codec="utf-8")), at=st.lists(st.integers(0, 1000), max_size=8))
def test_plain_text_is_never_cut_inside_a_character(text: str, at: list[int]) -> None:
    done = frames(PLAIN, cut(text.encode(), at))

    assert "".join((frame.data or b"").decode() for frame in done) == text


@pytest.mark.parametrize("char", ["é", "€", "😀"])
def test_half_a_character_waits_for_its_other_half(char: str) -> None:
    data = char.encode()
    for middle in range(1, len(data)):
        framer = PLAIN.framer(LIMIT)

        assert framer.feed(b"a" + data[:middle])[0].data == b"a"
        assert framer.feed(data[middle:])[0].data == data
        assert framer.finish() == []


def test_half_a_character_at_the_end_is_delivered_and_marked() -> None:
    *_, rest = frames(PLAIN, [b"a\xe2\x82"])

    assert (rest.data, rest.ended) == (b"\xe2\x82", False)


@FRAMINGS
@given(body=st.binary(max_size=60), at=st.lists(st.integers(0, 60), max_size=8))
def test_no_byte_is_lost(framing: Framing, body: bytes, at: list[int]) -> None:
    assert b"".join(frame.raw for frame in frames(framing, cut(body, at))) == body


ALPHABET = st.sampled_from(
    [b"data", b":", b" ", b"\n", b"\r", b"\xef\xbb\xbf", b"x", b"id", b"event"]
)


@given(parts=st.lists(ALPHABET, max_size=16), at=st.lists(st.integers(0, 60), max_size=8))
def test_sse_payloads_do_not_depend_on_the_chunks(parts: list[bytes], at: list[int]) -> None:
    body = b"".join(parts)

    assert payloads(frames(SSE, cut(body, at))) == payloads(frames(SSE, [body]))


def sized(framing: Framing, size: int) -> bytes:
    """A frame of exactly this many bytes."""
    if framing is SSE:
        return b"data: " + b"x" * (size - 8) + b"\n\n"
    return b"x" * (size - 1) + b"\n"


@pytest.mark.parametrize("framing", [SSE, NDJSON], ids=lambda framing: framing.name)
def test_a_frame_may_be_as_large_as_the_limit(framing: Framing) -> None:
    body = sized(framing, 64)

    for chunks in ([body], bytewise(body)):
        assert [frame.raw for frame in frames(framing, chunks, 64)] == [body]


@pytest.mark.parametrize("framing", [SSE, NDJSON], ids=lambda framing: framing.name)
def test_a_larger_frame_raises_however_it_comes(framing: Framing) -> None:
    body = sized(framing, 65)

    for chunks in ([body], bytewise(body), [body[:30], body[30:]], [body[:-1], body[-1:]]):
        with pytest.raises(FrameTooLargeError) as caught:
            frames(framing, chunks, 64)
        assert caught.value.limit == 64


@pytest.mark.parametrize("framing", [SSE, NDJSON], ids=lambda framing: framing.name)
def test_what_comes_before_a_large_frame_is_delivered(framing: Framing) -> None:
    body = sized(framing, 20) + sized(framing, 65) + sized(framing, 20)
    for chunks in ([body], bytewise(body), [body[:20], body[20:]]):
        framer = framing.framer(64)
        out: list[bytes] = []

        with contextlib.suppress(FrameTooLargeError):
            for chunk in chunks:
                out += [frame.raw for frame in framer.feed(chunk)]
        with pytest.raises(FrameTooLargeError):
            framer.feed(b"x")
        with pytest.raises(FrameTooLargeError):
            framer.finish()

        assert out == [body[:20]]


@FRAMINGS
def test_single_bytes_are_linear_work(framing: Framing) -> None:
    dice = random.Random(1)
    body = b"data: " + dice.randbytes(1 << 20).replace(b"\n", b"x").replace(b"\r", b"y") + b"\n\n"

    done = frames(framing, bytewise(body), 2 << 20)

    assert b"".join(frame.raw for frame in done) == body
