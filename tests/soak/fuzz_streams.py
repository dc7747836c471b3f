"""Streams of every dialect, damaged and cut: only documented errors come of it, and no byte is lost.

And much of a kind: frames of a mebibyte, and a million of a few bytes.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.answers import ANSWERS, Answer
from support.guard import WordGuard

from streamward import Limits
from streamward.errors import FrameTooLargeError, StreamwardError
from streamward.middleware.pipeline import Pipeline
from streamward.wire import CODED, EVENT_STREAM, JSON_ARRAY, NDJSON, PLAIN, SSE, Framing

FRAMINGS = (SSE, NDJSON, CODED, JSON_ARRAY, EVENT_STREAM, PLAIN)
every_framing = pytest.mark.parametrize("framing", FRAMINGS, ids=lambda framing: framing.name)
every_dialect = pytest.mark.parametrize("answer", ANSWERS, ids=str)
SYNTAX = st.sampled_from(
    [
        b"data",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\xef\xbb\xbf",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b'"',
        b"\\",
        b"0",
    ]
)
BODIES = st.lists(SYNTAX | st.binary(max_size=9), max_size=24).map(b"".join)


def chunks(data: st.DataObject, body: bytes) -> list[bytes]:
    at = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=9)))
    return [body[a:b] for a, b in zip([0, *at], [*at, len(body)], strict=True)]


@every_framing
@given(data=st.data())
def test_a_framer_loses_no_byte_and_knows_one_error(framing: Framing, data: Any) -> None:
    body, limit = data.draw(BODIES), data.draw(st.sampled_from([8, 64, 1 << 20]))
    framer = framing.framer(limit)
    left = b""
    try:
        for chunk in chunks(data, body):
            left += b"".join(frame.raw for frame in framer.feed(chunk))
        left += b"".join(frame.raw for frame in framer.finish())
    except FrameTooLargeError:
        assert body.startswith(left)
        return
    assert left == body


def stream_of(answer: Answer, chance: Random) -> bytes:
    words = ["fine ", "S3C", "RET-421 ", "\u2028", "\U0001f600", "x"]
    said = {voice: chance.choices(words, k=4) for voice in answer.voices}
    if "tool" in said:
        said["tool"] = ['{"a":"', *(json.dumps(one)[1:-1] for one in said["tool"]), '"}']
    return answer.write(said, chance)


@every_dialect
@given(data=st.data())
def test_a_damaged_stream_leaves_or_is_refused(answer: Answer, data: Any) -> None:
    """Guarded it ends with an error of ours at worst; without guards it leaves as it came."""
    body = bytearray(stream_of(answer, data.draw(st.randoms(use_true_random=False))))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(body)))
        size = data.draw(st.integers(0, 40))
        body[at : at + size] = data.draw(BODIES | st.just(bytes(body[:size])))
    pieces = chunks(data, bytes(body))
    for guards in ([WordGuard()], []):
        pipeline = Pipeline(answer.framing, headers={}, path="/", guards=guards, limits=Limits())
        out = b"".join(b"".join(pipeline.feed(piece)) for piece in pieces)
        out += b"".join(pipeline.finish())
        assert pipeline.failure is None or isinstance(pipeline.failure, StreamwardError)
        if pipeline.failure is not None:
            pipeline.fail(pipeline.failure)
        elif not guards:
            assert out == bytes(body)


@every_framing
@pytest.mark.parametrize("inside", [b"x", b" ", b"\\", b"\r"], ids=["x", "space", "escape", "cr"])
def test_a_mebibyte_by_the_byte_is_one_pass(framing: Framing, inside: bytes) -> None:
    """Were every byte looked at again for each that comes, it would not end."""
    framer = framing.framer(1 << 24)
    for at in range(1 << 20):
        framer.feed(b'{"a":"' if at == 0 else inside)
    framer.feed(b'"}\n')

    framer.finish()


@every_framing
def test_a_million_tiny_frames(framing: Framing) -> None:
    unit = framing.build(b"{}", "0")
    framer = framing.framer(1 << 20)

    count = sum(len(framer.feed(unit * 10_000)) for _ in range(100))

    assert count == (100 if framing is PLAIN else 1_000_000)
