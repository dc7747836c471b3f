"""The framers of arrays, of lines with codes, and of AWS event streams, cut every way."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from test_framers import check, frames, payloads
from wire_run import bytewise, cut, random_cuts

from streamward.errors import FrameTooLargeError
from streamward.wire import CODED, EVENT_STREAM, JSON_ARRAY, NDJSON, PLAIN, SSE, Frame, Framing

OTHERS = (CODED, EVENT_STREAM, JSON_ARRAY)
others = pytest.mark.parametrize("framing", OTHERS, ids=lambda framing: framing.name)
every = pytest.mark.parametrize(
    "framing", [*OTHERS, NDJSON, PLAIN, SSE], ids=lambda framing: framing.name
)

ARRAYS = {
    "elements": (b'[{"a":1},\r\n{"b":[2]}]', [b'{"a":1}', b'{"b":[2]}']),
    "strings": (b'[{"a":"}]\\"{"},{"b\\\\":"]"}]\n', [b'{"a":"}]\\"{"}', b'{"b\\\\":"]"}']),
    "spaces and a bom": (b"\xef\xbb\xbf \r\n[ {} \t, {} ] \n\n", [b"{}", b"{}"]),
    "empty": (b"[]", []),
    "one object": (b'{"error":{}}', [b'{"error":{}}']),
    "not ended": (b'[{"a":1},{"b', [b'{"a":1}', b',{"b']),
    "only begun": (b"[ \n", []),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_are_cut_into_their_elements(case: str) -> None:
    body, expected = ARRAYS[case]

    ways = [[body], bytewise(body), *(random_cuts(body, seed) for seed in range(9))]
    for chunks in ways:
        done = frames(JSON_ARRAY, chunks)
        assert [frame.data for frame in done if frame.data is not None] == expected
        assert b"".join(frame.raw for frame in done) == body


@pytest.mark.parametrize("body", [b"5", b"[5]", b'["x"]', b"[{}]{}", b"[{}]]", b"[{},,{}]", b"]x"])
def test_what_is_no_array_of_objects_passes_and_cannot_be_read(body: bytes) -> None:
    done = frames(JSON_ARRAY, bytewise(body))

    assert b"".join(frame.raw for frame in done) == body
    assert not done[-1].ended


CODES = {
    "parts": (b'0:"a"\n2:[1]\n', [("0", b'"a"'), ("2", b"[1]")]),
    "crlf and blank lines": (b'0:"a"\r\n\r\n\n0:"b"', [("0", b'"a"'), ("0", b'"b"')]),
    "no code": (b"hello\n", [("", b"hello")]),
    "nothing behind a code": (b"0:\n", [("0", b"")]),
    "other line ends are text": ('0:"\u2028\u0085"\n'.encode(), [("0", '"\u2028\u0085"'.encode())]),
}


@pytest.mark.parametrize("case", CODES)
def test_lines_are_cut_at_their_code(case: str) -> None:
    check(CODED, *CODES[case])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b'0:"a"\r\n', b'0:"b"\r\n'), (b"word \n", b'"b" \n'), (b"g:1", b'g:"b"')],
)
def test_a_code_and_the_line_end_stay(raw: bytes, expected: bytes) -> None:
    (frame,) = frames(CODED, [raw])

    assert CODED.with_data(frame, b'"b"') == expected
    assert CODED.without_aside(frame) is frame


def message(headers: dict[str, Any], payload: bytes = b"{}") -> bytes:
    """Write a message with headers of other types than the usual ones."""
    written = b""
    for name, (kind, value) in headers.items():
        sized = len(value).to_bytes(2, "big") + value if kind in (6, 7) else value
        written += bytes([len(name)]) + name.encode() + bytes([kind]) + sized
    prelude = (16 + len(written) + len(payload)).to_bytes(4, "big") + len(written).to_bytes(
        4, "big"
    )
    body = prelude + crc32(prelude).to_bytes(4, "big") + written + payload
    return body + crc32(body).to_bytes(4, "big")


EVERY_TYPE = {
    ":event-type": (7, b"x"),
    "true": (0, b""),
    "false": (1, b""),
    "byte": (2, b"1"),
    "short": (3, b"12"),
    "int": (4, b"1234"),
    "long": (5, b"12345678"),
    "bytes": (6, b"abc"),
    "note": (7, b"S3CRET-421"),
    "time": (8, b"12345678"),
    "uuid": (9, b"1234567812345678"),
}


def by_botocore(body: bytes) -> list[tuple[dict[str, Any], bytes]]:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [(one.headers, one.payload) for one in buffer]


def test_messages_are_cut_as_botocore_cuts_them() -> None:
    body = EVENT_STREAM.build(b'{"a":1}', "x") + message(EVERY_TYPE) + EVENT_STREAM.build(b"", "y")

    check(EVENT_STREAM, body, [("x", b'{"a":1}'), ("x", b"{}"), ("y", b"")])
    assert [payload for _, payload in by_botocore(body)] == [b'{"a":1}', b"{}", b""]


def test_an_edited_message_has_new_sums_and_the_same_headers() -> None:
    (frame,) = frames(EVENT_STREAM, [message(EVERY_TYPE)])
    ((before, _),) = by_botocore(frame.raw)

    ((after, payload),) = by_botocore(EVENT_STREAM.with_data(frame, b'{"b":22}'))

    assert (after, payload) == (before, b'{"b":22}')
    assert frame.aside == b"S3CRET-421"
    ((less, _),) = by_botocore(EVENT_STREAM.without_aside(frame).raw)
    assert before.keys() - less.keys() == {"note"}


def broken(at: int) -> Callable[[bytes], bytes]:
    def breaks(body: bytes) -> bytes:
        changed = bytearray(body)
        changed[at] ^= 1
        return bytes(changed)

    return breaks


@pytest.mark.parametrize(
    "breaks",
    [broken(0), broken(5), broken(9), broken(14), broken(-6), broken(-1), lambda body: body[:-1]],
    ids=["length", "headers", "prelude sum", "header", "payload", "sum", "cut"],
)
def test_a_broken_message_passes_and_cannot_be_read(breaks: Callable[[bytes], bytes]) -> None:
    good = EVENT_STREAM.build(b'{"a":1}', "x")
    body = good + breaks(good)

    done = frames(EVENT_STREAM, [body])

    assert b"".join(frame.raw for frame in done) == body
    assert [frame.ended for frame in done] == [True, False]


@pytest.mark.parametrize("headers", [{"x": (10, b"")}, {"x": (7, b"")}])
def test_headers_of_another_shape_are_broken(headers: dict[str, Any]) -> None:
    raw = message(headers)
    if headers["x"][0] == 7:  # a length that goes beyond the headers
        raw = message({"x": (3, b"\xff\xff")}).replace(b"x\x03", b"x\x07")
        body = raw[:-4]
        raw = body + crc32(body).to_bytes(4, "big")

    (frame,) = frames(EVENT_STREAM, [raw])

    assert (frame.raw, frame.ended) == (raw, False)


SIZED: dict[str, Callable[[int], bytes]] = {
    "json_array": lambda size: b'{"a":"' + b"x" * (size - 8) + b'"}',
    "coded": lambda size: b"0:" + b"1" * (size - 3) + b"\n",
    "event_stream": lambda size: message({}, b"x" * (size - 16)),
}


@others
def test_a_frame_may_be_as_large_as_the_limit_and_no_larger(framing: Framing) -> None:
    fits, over = SIZED[framing.name](64), SIZED[framing.name](65)

    for chunks in ([fits], bytewise(fits)):
        assert [frame.raw for frame in frames(framing, chunks, 64)] == [fits]
    for chunks in ([over], bytewise(over), [over[:30], over[30:]]):
        with pytest.raises(FrameTooLargeError):
            frames(framing, chunks, 64)


@others
def test_what_comes_before_a_large_frame_is_delivered(framing: Framing) -> None:
    sized = SIZED[framing.name]
    fits, over = sized(20), sized(65)
    for chunks in ([fits + over], bytewise(fits + over)):
        framer = framing.framer(64)
        out: list[bytes] = []
        with contextlib.suppress(FrameTooLargeError):
            for chunk in chunks:
                out += [frame.raw for frame in framer.feed(chunk)]
        with pytest.raises(FrameTooLargeError):
            framer.finish()
        assert out == [fits]


@others
@given(body=st.binary(max_size=80), at=st.lists(st.integers(0, 80), max_size=8))
def test_no_byte_is_lost(framing: Framing, body: bytes, at: list[int]) -> None:
    for prefix in (b"", SIZED[framing.name](24)):
        whole = prefix + body
        try:
            done = frames(framing, cut(whole, at))
        except FrameTooLargeError:
            continue
        assert b"".join(frame.raw for frame in done) == whole


def calls(framing: Framing, chunks: list[bytes]) -> int:
    """Count the calls, of Python and of C, that framing takes."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    framer = framing.framer(1 << 24)
    sys.setprofile(note)
    try:
        for chunk in chunks:
            framer.feed(chunk)
        framer.finish()
    finally:
        sys.setprofile(None)
    return count


def tiny(framing: Framing, count: int) -> bytes:
    if framing is JSON_ARRAY:
        return b"[" + b",".join([b"{}"] * count) + b"]"
    return framing.build(b"{}", "0") * count


@every
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_work_grows_with_the_frames_and_no_faster(framing: Framing, size: int) -> None:
    """Frames of a few bytes, byte by byte and all at once."""
    some, twice, four = (
        calls(framing, [body[i : i + size] for i in range(0, len(body), size)])
        for body in (tiny(framing, count) for count in (250, 500, 1000))
    )

    assert four - twice <= 2.1 * (twice - some) + 20


@every
@pytest.mark.parametrize("inside", [b"x", b" ", b"\\", b"\r"], ids=["x", "space", "\\", "cr"])
def test_a_large_frame_by_the_byte_is_one_pass(framing: Framing, inside: bytes) -> None:
    """128 KiB, byte by byte: were each byte looked at again for each that comes, it would not end."""
    body = b'0:"' + inside * (1 << 17) + b'"'
    if framing is JSON_ARRAY:
        body = b"[" + b" " * (1 << 17) + b'{"a":"' + inside * (1 << 17)

    done = frames(framing, bytewise(body), 1 << 20)

    assert b"".join(frame.raw for frame in done) == body


def test_frames_are_the_same_for_every_cut() -> None:
    body = message(EVERY_TYPE) * 3

    whole: list[Frame] = frames(EVENT_STREAM, [body])

    assert frames(EVENT_STREAM, bytewise(body)) == whole
    assert payloads(whole) == [("x", b"{}")] * 3
