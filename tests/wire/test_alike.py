"""A frame that is not parsed holds what it would hold if it were."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from wire_vectors import VECTORS, Vector, chat, chunk, contents, sse

from streamward.wire import (
    SSE,
    Alike,
    Frame,
    Reader,
    Text,
    detect,
    is_bare_error,
    is_end_marker,
    splice,
)
from streamward.wire.errors import UnreadableFrameError

WORDS = st.sampled_from(
    [
        " a",
        "S3CRET-4",
        "21 ",
        '"',
        "\\",
        "\\u00",
        "é",
        "\u2028",
        "😀",
        "\ud83d",
        "\ude00",
        "\n",
        "\x7f",
    ]
)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map("".join), min_size=1, max_size=6)


def frames_of(vector: Vector) -> list[Frame]:
    framer = vector.framing.framer(1 << 20)
    return [frame for frame in (*framer.feed(vector.body), *framer.finish()) if frame.data]


def reader_of(vector: Vector, frames: list[Frame]) -> Reader:
    return detect(vector.framing, vector.headers, vector.path, frames[0]).reader()


def parsed(reader: Reader, frame: Frame) -> Any:
    try:
        return reader.read(frame)
    except UnreadableFrameError:
        return "unreadable"


def sparing(reader: Reader, alike: Alike, frame: Frame) -> Any:
    """Read as the pipeline does."""
    if (text := alike.text(frame.raw)) is not None:
        known, steps = alike.frame(frame.raw, text)
        assert known == frame
        return steps
    steps = parsed(reader, frame)
    if steps != "unreadable":
        alike.learn(frame, steps)
    return steps


def state(part: Any) -> Any:
    """Return all that a reader knows."""
    if not hasattr(part, "__dict__"):
        return part
    return {name: state(value) for name, value in vars(part).items()}


def begins(vector: Vector) -> bool:
    """Whether the dialect shows in the first frame."""
    frames = frames_of(vector)
    return bool(frames) and not is_end_marker(frames[0]) and not is_bare_error(frames[0])


# Their frames say more than a piece of text, or the next one depends on it.
NOT_STEADY = {
    *(
        "a2a",
        "ag_ui",
        "langgraph",
        "langserve",
        "ollama",
        "openai_responses",
        "plain_text",
        "raw_sse",
        "unknown_json",
        "unknown_ndjson",
    ),
}
STEADY = [v for v in VECTORS if begins(v) and reader_of(v, frames_of(v)).steady]


@pytest.mark.parametrize("vector", STEADY, ids=lambda vector: f"{vector.dialect}-{vector.name}")
@settings(max_examples=8)
@given(texts=TEXTS)
def test_what_is_not_parsed_is_what_would_be_read(vector, texts):
    """Each piece of text comes again and again, with other words in its place."""
    frames = frames_of(vector)
    one, other = reader_of(vector, frames), reader_of(vector, frames)
    alike = Alike()
    for original in frames:
        steps = parsed(one, original)
        assert sparing(other, alike, original) == steps
        places = [step.path for step in steps if isinstance(step, Text) and step.path != (-1,)]
        for text in texts if len(places) == 1 else ():
            data = splice(original.data or b"", {places[0]: text})
            frame = original._replace(raw=vector.framing.with_data(original, data), data=data)
            assert sparing(other, alike, frame) == parsed(one, frame)
            assert state(other) == state(one)


def test_the_vectors_have_streams_of_every_steady_dialect():
    every = {v.dialect for v in VECTORS if begins(v)}

    assert {"openai_chat", "anthropic", "ai_sdk_ui", "gemini", "tgi", "cohere_v2"} <= {
        v.dialect for v in STEADY
    }
    assert every - {v.dialect for v in STEADY} == NOT_STEADY


def read_by(body: bytes) -> tuple[list[Any], int]:
    """Return the steps of a chat stream, and how many of its frames were parsed."""
    frames = SSE.framer(1 << 20).feed(body)
    reader = detect(SSE, {}, "", frames[0]).reader()
    alike = Alike()
    asked = 0
    steps: list[Any] = []
    for frame in frames:
        text = alike.text(frame.raw)
        if text is None:
            asked += 1
            known = reader.read(frame)
            alike.learn(frame, known)
        else:
            known = alike.frame(frame.raw, text)[1]
        steps += known
    return steps, asked


def test_the_third_of_its_kind_is_not_parsed():
    words = [f" word{n}" for n in range(50)]

    steps, asked = read_by(chat(*contents(words)))

    assert [step.text for step in steps if isinstance(step, Text)] == words
    assert asked == 2 + 2  # and the beginning, and the end marker


def test_escapes_are_parsed():
    steps, asked = read_by(chat(*contents([" a", " b", ' "', " c", "\\"])))

    assert [step.text for step in steps if isinstance(step, Text)] == [" a", " b", ' "', " c", "\\"]
    assert asked == 4 + 2  # the third is like the first two


def test_an_escape_does_not_undo_what_is_known():
    words = [" a", " b", ' "', *[" c"] * 20]

    assert read_by(chat(*contents(words)))[1] == 3 + 2


def test_a_stream_whose_frames_all_differ_is_given_up():
    """Nothing is learnt any more, so nothing is lost by frames that will not come again."""
    differing = [{**chunk({"content": " a"}), "created": n} for n in range(100)]
    alike = [{**chunk({"content": " a"}), "created": 7}] * 10

    _, asked = read_by(sse(*differing, *alike))

    assert asked == 110


@pytest.mark.parametrize(
    "data",
    [
        b'{"choices":[{"index":0,"delta":{"content":"a"}}],"choices":[{"delta":{"content":"a"}}]}',
        b'{"choices":[{"index":0,"delta":{"content":"a","content":"a"}}]}',
        b'{"choices":[{"index":0,"delta":{"content":"a"}}],"\\"content":"a"}',
    ],
)
def test_a_text_that_has_two_places_is_always_parsed(data):
    _, asked = read_by((b"data: " + data + b"\n\n") * 9)

    assert asked == 9


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\xbd", b"a\nb", b'a"b', b"a\\", b""])
def test_what_is_no_inside_of_a_string_is_not_guessed(text):
    def frame(inside: bytes) -> Frame:
        data = b'{"choices":[{"index":0,"delta":{"content":"%b"}}]}' % inside
        return Frame(b"data: " + data + b"\n\n", data)

    alike = Alike()
    reader = detect(SSE, {}, "", frame(b"a")).reader()
    for one in (frame(b"a"), frame(b"b")):
        alike.learn(one, reader.read(one))

    known = frame(b"c")
    assert alike.frame(known.raw, alike.text(known.raw) or "") == (known, reader.read(known))
    assert alike.text(frame(text).raw) is None
