"""Every dialect keeps the promises of the design on every example stream."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from wire_run import LIMIT, Run, bytewise, cut, random_cuts, run
from wire_vectors import VECTORS, Vector
from word_guard import BLOCKING, EDITING, FINDING_NOTHING, GONE, SECRET, cleaned

from streamward.errors import UnreadableFrameError
from streamward.guardrails import Channels
from streamward.guardrails.ward import Ward
from streamward.wire import (
    DIALECTS,
    PLAIN,
    Channel,
    Frame,
    JsonProjection,
    SoFar,
    Text,
    TextProjection,
    detect,
    expect,
    loads,
)
from streamward.wire import SSE as SSE_FRAMING

# Dialects that end with the marker; to others it says nothing.
MARKED = ("openai_chat", "openai_completions", "ai_sdk_ui")
# What tells a text in another form and goes with an edit.
TOLD = (
    *("logprobs", "logprobsResult", "context", "token_ids", "prompt_token_ids", "tokens"),
    *("completion_probabilities", "top_tokens"),
)
BY_NAME = {vector.name: vector for vector in VECTORS}
SECRETS = [vector for vector in VECTORS if vector.secret]
named = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
secrets = pytest.mark.parametrize("vector", SECRETS, ids=lambda vector: vector.name)


def read_back(vector: Vector, body: bytes) -> tuple[dict[Channel, str], list[Any]]:
    """Read a stream as its client does: the text of each channel, and every JSON payload."""
    texts: dict[Channel, str] = {}
    values: list[Any] = []
    dialect = run(vector, FINDING_NOTHING).dialect
    assert dialect is not None
    reader = dialect.reader()
    for frame in frames_of(vector, body):
        for step in reader.read(frame):
            if isinstance(step, Text):
                texts[step.channel] = texts.get(step.channel, "") + step.text
            elif isinstance(step, SoFar):
                texts[step.channel] = step.text
        data = frame.data or b""
        if dialect.framing is not PLAIN and data.startswith((b"{", b"[{", b'"')):
            values.append(json.loads(data))
    return texts, values


def readable(channel: Channel, text: str) -> list[str]:
    """The runs of a channel's text as a person reads them."""
    projection = JsonProjection() if channel.form == "json" else TextProjection()
    runs = [""]
    for run_ in (*projection.feed(text), *projection.finish()):
        runs[-1] += run_.text
        if run_.closes:
            runs.append("")
    return [run_ for run_ in runs if run_]


def strings(value: Any) -> Iterator[str]:
    """Every string and name in a value, those inside of JSON text and tokens too."""
    if isinstance(value, str):
        yield value
        if value.startswith(("{", "[")):
            try:
                yield from strings(json.loads(value))
            except ValueError:
                return
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        yield from (text for inner in value for text in strings(inner))
        if value and all(isinstance(inner, dict) and "token" in inner for inner in value):
            yield "".join(inner["token"] for inner in value)
            yield bytes(byte for inner in value for byte in inner.get("bytes", ())).decode()


@named
def test_dialect_is_recognised(vector: Vector) -> None:
    recognised = run(vector, FINDING_NOTHING).dialect

    assert recognised is not None
    assert recognised.name == vector.dialect


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if "run ahead" not in vector.name],  # these tokens always go
    ids=lambda vector: vector.name,
)
def test_stream_without_findings_leaves_byte_for_byte(vector: Vector) -> None:
    passing = Channels(audio="pass")
    whole = run(vector, FINDING_NOTHING, channels=passing).out
    by_bytes = run(vector, FINDING_NOTHING, bytewise(vector.body), passing).out

    assert whole == vector.body
    assert by_bytes == vector.body


@named
def test_only_a_good_end_is_complete(vector: Vector) -> None:
    reader = run(vector, EDITING).reader

    assert reader is not None
    assert (reader.complete, reader.failed) == (vector.complete, vector.failed)


@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS if v.complete and not v.dialect.startswith(("unknown", "raw", "plain"))],
    ids=lambda vector: vector.name,
)
def test_a_truncated_stream_is_never_complete(vector: Vector) -> None:
    going = Run(vector, [EDITING])
    frames = frames_of(vector, vector.body)
    last = next(
        number
        for number, frame in reversed(list(enumerate(frames)))
        if frame.event != "ping" and (frame.data != b"[DONE]" or vector.dialect in MARKED)
    )

    for frame in frames[:last]:
        going._frame(frame)

    assert going.reader is None or not going.reader.complete


@secrets
def test_secret_occurs_nowhere(vector: Vector) -> None:
    out = run(vector, EDITING).out
    texts, values = read_back(vector, out)

    assert SECRET.encode() not in out
    assert not [text for value in values for text in strings(value) if SECRET in text]
    assert not [
        text
        for channel, text in texts.items()
        for text in readable(channel, text)
        if SECRET in text
    ]


def decided(channel: Channel, text: str) -> str:
    """Return what a text becomes; nothing is ever written into one that is signed."""
    return cleaned(text).partition(GONE)[0] if channel.signed else cleaned(text)


@secrets
def test_decided_text_equals_the_guard_on_the_whole_text(vector: Vector) -> None:
    before, _ = read_back(vector, vector.body)
    after, _ = read_back(vector, run(vector, EDITING).out)

    expected = {
        channel: [decided(channel, text) for text in readable(channel, text)]
        for channel, text in before.items()
    }
    assert {channel: readable(channel, text) for channel, text in after.items()} == expected
    signed = any(channel.signed for channel in before)
    assert GONE.encode() in run(vector, EDITING).out or signed or "run ahead" in vector.name


@named
def test_every_frame_that_parsed_still_parses(vector: Vector) -> None:
    before, after = frames_of(vector, vector.body), frames_of(vector, run(vector, EDITING).out)
    if vector.name.startswith(("raw", "plain")):  # an edit may leave nothing, and no frame
        return

    assert [frame.event for frame in after] == [frame.event for frame in before]
    for old, new in zip(before, after, strict=True):
        assert shape(old.data or b"") == shape(new.data or b"")


def frames_of(vector: Vector, body: bytes) -> list[Frame]:
    framer = vector.framing.framer(LIMIT)
    frames = (*framer.feed(body), *framer.finish())
    return [frame for frame in frames if frame.data is not None]


def shape(data: bytes) -> Any:
    """A payload without its texts and lists of numbers: what an edit never changes."""

    def blank(value: Any) -> Any:
        if isinstance(value, dict):
            ids = ("id",) if "special" in value else ()  # of a token
            left = value.keys() - {*TOLD, *ids}
            return {name: blank(inner) for name, inner in value.items() if name in left}
        if isinstance(value, list):
            return [blank(inner) for inner in value]
        return "" if isinstance(value, str) else value

    try:
        return blank(json.loads(data))
    except ValueError:
        return None


@named
def test_arguments_that_were_json_still_are(vector: Vector) -> None:
    before, _ = read_back(vector, vector.body)
    after, _ = read_back(vector, run(vector, EDITING).out)

    for channel, text in before.items():
        if channel.form != "json":
            continue
        try:
            value = json.loads(text)
        except ValueError:
            continue
        assert json.loads(after[channel]) == json.loads(
            re.sub(r"S3CRET-[0-9]+", GONE, json.dumps(value))
        )


@named
@settings(max_examples=6, deadline=None)
@given(at=st.lists(st.integers(0, 1 << 16), max_size=12))
def test_output_does_not_depend_on_the_chunks(vector: Vector, at: list[int]) -> None:
    whole = run(vector, EDITING).out
    going = Run(vector, [EDITING])

    for chunk in cut(vector.body, at):
        going.feed(chunk)
        assert whole.startswith(going.out)
    going.finish()

    assert whole == going.out


@named
def test_output_does_not_depend_on_single_bytes(vector: Vector) -> None:
    assert run(vector, EDITING, bytewise(vector.body)).out == run(vector, EDITING).out


@secrets
def test_a_blocked_answer_says_nothing_of_what_blocked_it(vector: Vector) -> None:
    whole = run(vector, BLOCKING)

    assert whole.ward.blocked is not None
    assert SECRET.encode() not in whole.out
    if "error" not in vector.name:  # an error may cut a secret short, which makes it none
        assert b"S3C" not in whole.out
    for seed in range(3):
        assert run(vector, BLOCKING, random_cuts(vector.body, seed)).out == whole.out


@pytest.mark.parametrize("seed", range(3))
@named
def test_no_part_of_the_secret_leaves_early(vector: Vector, seed: int) -> None:
    going = Run(vector, [EDITING])
    final = run(vector, EDITING).out

    for chunk in random_cuts(vector.body, seed):
        going.feed(chunk)

        assert final.startswith(going.out)


def test_signature_of_an_edited_block_goes_and_of_another_stays() -> None:
    edited = run(BY_NAME["anthropic thinking *"], EDITING).out
    clean = run(BY_NAME["anthropic signed and clean"], EDITING).out

    assert b"c2lnbmF0dXJl" not in edited
    assert b"c2lnbmF0dXJl" in clean
    assert b"b3BhcXVl" in edited


def test_context_goes_with_any_edit_and_stays_without_one() -> None:
    edited = run(BY_NAME["ollama generate *"], EDITING).out
    clean = run(BY_NAME["ollama context"], EDITING).out

    assert b'"context":[]' in edited
    assert b'"context":[1,2,3]' in clean


def test_sequence_numbers_and_encrypted_fields_stay() -> None:
    vector = BY_NAME["responses reasoning *"]
    _, values = read_back(vector, run(vector, EDITING).out)

    assert [value["sequence_number"] for value in values] == list(range(len(values)))
    assert values[-1]["response"]["output"][0]["encrypted_content"] == "opaque"


def test_files_pass() -> None:
    ui = run(BY_NAME["ui data and sources *"], EDITING).out

    assert b"data:image/png;base64,QUJD" in ui


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("chat short", (11, 7)),
        ("chat audio and extras *", (11, 7)),
        ("responses text *", (5, 3)),
        ("anthropic short", (25, 5)),
        ("ollama short", (11, 37)),
        ("ui short", None),
    ],
)
def test_usage_is_read(name: str, tokens: tuple[int, int] | None) -> None:
    reader = run(BY_NAME[name], EDITING).reader
    assert reader is not None

    usage = reader.usage

    assert (None if usage is None else (usage.input_tokens, usage.output_tokens)) == tokens


def test_repeated_texts_are_counted_once() -> None:
    text = run(BY_NAME["responses text *"], EDITING).ward.findings
    tool = run(BY_NAME["ui tools *"], EDITING).ward.findings

    assert text.total() == 2  # the instructions, and the answer
    assert tool.total() == 5  # three inputs and two outputs


@pytest.mark.parametrize(
    ("first", "dialect"),
    [
        ({"type": "message_start"}, "anthropic"),
        ({"type": "message-start", "id": "x"}, "unknown_json"),  # Cohere
        ({"type": "start", "messageId": "m"}, "ai_sdk_ui"),
        ({"type": "start"}, "ai_sdk_ui"),
        ({"type": "start", "run": 1}, "unknown_json"),
        ({"type": "ping"}, "unknown_json"),
        ({"type": "content-delta"}, "cohere_v2"),
        ({"type": "message-start", "delta": {"message": {"role": "x"}}}, "cohere_v2"),
        ({"type": "text-delta", "id": "1", "delta": "x"}, "ai_sdk_ui"),
        ({"type": "data-x", "data": 1}, "ai_sdk_ui"),
        ({"type": "response.created"}, "openai_responses"),
        ({"type": "response.created", "event_id": "e"}, "unknown_json"),  # Realtime
        ({"choices": []}, "openai_chat"),
        ({"choices": [{"delta": {}}]}, "openai_chat"),
        ({"choices": [{"text": "x"}]}, "openai_completions"),
        ([1], "unknown_json"),
        ("text", "unknown_json"),
        (5, "raw_sse"),
        ({"error": {"message": "x"}}, "unknown_json"),
    ],
)
def test_first_frame_is_told_apart(first: Any, dialect: str) -> None:
    framer = SSE_FRAMING.framer(LIMIT)
    (frame,) = framer.feed(SSE_FRAMING.build(json.dumps(first).encode(), ""))

    assert detect(SSE_FRAMING, {}, "/x", frame).name == dialect


def test_header_and_path_are_believed_before_the_first_frame() -> None:
    header = {"x-vercel-ai-ui-message-stream": "v1"}

    assert expect(SSE_FRAMING, "/api/chat", header).name == "ai_sdk_ui"
    assert expect(SSE_FRAMING, "/v1/chat/completions/").name == "openai_chat"
    assert expect(SSE_FRAMING, "/v1/messages").name == "anthropic"
    assert expect(SSE_FRAMING, "/v1/responses").name == "openai_responses"
    assert expect(SSE_FRAMING, "/api/chat").name == "raw_sse"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_reads_its_own_heartbeat(dialect: Any) -> None:
    framer = dialect.framing.framer(LIMIT)
    reader = dialect.reader()

    for frame in (*framer.feed(dialect.heartbeat), *framer.finish()):
        if frame.data is not None:
            assert [step for step in reader.read(frame) if isinstance(step, Text)] == []
    assert not reader.failed


@pytest.mark.parametrize(
    "data",
    [
        b"5",
        b'"x"',
        b"[]",
        b"{",
        b"\xff",
        b'{"choices":3}',
        b'{"choices":[1]}',
        b'{"choices":[{"index":"x"}]}',
        b'{"choices":[{"delta":{"tool_calls":[1]}}]}',
        b'{"type":"content_block_stop","index":"x"}',
        b'{"type":1}',
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_reader_reads_or_refuses_whatever_comes(dialect: Any, data: bytes) -> None:
    framer = dialect.framing.framer(LIMIT)
    frames = (*framer.feed(dialect.framing.build(data, "")), *framer.finish())
    with contextlib.suppress(UnreadableFrameError):
        dialect.reader().read(frames[0])


NAMES = st.sampled_from(
    [
        *(
            "choices",
            "delta",
            "content",
            "reasoning",
            "tool_calls",
            "function",
            "arguments",
            "index",
        ),
        *("logprobs", "token", "bytes", "finish_reason", "usage", "error", "type", "event", "item"),
        *("part", "response", "output", "item_id", "message", "content_block", "signature", "text"),
        *("thinking", "done", "context", "id", "toolCallId", "input", "data", "audio", "custom"),
        *("reasoning_details", "stop_reason", "name", "images", "image", "citation", "x_groq"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
TYPES = st.sampled_from(
    [
        *("content_block_start", "content_block_delta", "content_block_stop", "message_start"),
        *("message_delta", "error", "response.output_text.delta", "response.output_item.done"),
        *("response.completed", "response.content_part.added", "text-delta", "tool-input-start"),
        *("tool-input-delta", "tool-input-available", "data-x", "finish", "start", "abort", "x"),
    ]
)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.tuples(TYPES, st.dictionaries(NAMES, JSON, max_size=6)), max_size=4))
def test_a_reader_never_breaks(dialect: Any, values: list[tuple[str, dict[str, Any]]]) -> None:
    reader, ward = dialect.reader(), Ward([EDITING], dialect.framing)
    framer = dialect.framing.framer(LIMIT)
    for kind, value in values:
        data = json.dumps({"type": kind, **value}).encode()
        for frame in framer.feed(dialect.framing.build(data, kind)):
            try:
                steps = reader.read(frame)
            except UnreadableFrameError:
                continue
            for out in ward.feed(frame, steps):
                if dialect.framing is not PLAIN:
                    loads(dialect.framing.framer(LIMIT).feed(out)[0].data)


def test_a_secret_in_a_field_that_nobody_described_is_joined_over_the_chunks() -> None:
    """A delta is a piece, whatever its members are called."""
    pieces = ["S3C", "RET-1", "23 x", "assistant", "assistant", "assistant"]
    frames = [
        b'data: {"choices":[{"index":0,"delta":{"content":"","note":"' + p.encode() + b'"}}]}\n\n'
        for p in pieces
    ]
    end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    chat = next(row for row in DIALECTS if row.name == "openai_chat")
    ward, reader = Ward([EDITING], SSE_FRAMING), chat.reader()
    left = [
        b"".join(ward.feed(frame, reader.read(frame)))
        for frame in SSE_FRAMING.framer(10_000).feed(b"".join(frames) + end)
    ]

    body = b"".join(left)
    assert b"S3C" not in body
    assert b"RET-1" not in body
    assert body.count(b'"assistant"') == 3
    assert left[-4]  # a label that stays the same is not waited for
