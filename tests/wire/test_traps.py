"""What is easily got wrong about a dialect, one test each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.asgi import ask, scope_of
from support.streams import ScriptedApp

sys.path.insert(0, str(Path(__file__).parent))

from vector import PIECES, Vector, sse
from wire_run import Run, run
from wire_vectors import VECTORS
from word_guard import EDITING

from streamward import Limits, Streamward
from streamward.errors import UnreadableFrameError
from streamward.middleware.pipeline import Pipeline
from streamward.wire import (
    CODED,
    DIALECTS,
    EVENT_STREAM,
    JSON_ARRAY,
    MESSAGE,
    PLAIN,
    SSE,
    Problem,
    Usage,
    detect,
    expect,
    framing_of,
    may_be_coded,
)

BY_NAME = {vector.name: vector for vector in VECTORS}
ROWS = {row.name: row for row in DIALECTS}
PROBLEM = Problem("upstream_timeout", "The upstream took too long to answer.")


def first(value: Any, event: str = "") -> str:
    """Return the dialect of a stream that begins so."""
    (frame,) = SSE.framer(1 << 20).feed(SSE.build(json.dumps(value).encode(), event))
    return detect(SSE, {}, "/x", frame).name


@pytest.mark.parametrize(
    ("value", "event", "dialect"),
    [
        ({"type": "message-start", "delta": {"message": {}}}, "message-start", "cohere_v2"),
        ({"type": "message_start"}, "message_start", "anthropic"),
        ({"type": "start"}, "", "ai_sdk_ui"),
        ({"type": "RUN_STARTED", "runId": "r"}, "", "ag_ui"),
        ({"type": "RUN_ERROR", "message": "x"}, "", "ag_ui"),
        ({"object": "text_completion", "choices": []}, "", "openai_chat"),
        ({"choices": [{"text": ""}]}, "", "openai_completions"),
        ({"object": "thread.run"}, "thread.run.created", "openai_assistants"),
        ({"candidates": [{"content": {}}]}, "", "gemini"),
        ({"promptFeedback": {"blockReason": "x"}}, "", "gemini"),
        ({"usageMetadata": {"a": 1}, "modelVersion": "m"}, "", "gemini"),
        ({"event_type": "interaction.created"}, "interaction.created", "gemini_interactions"),
        ({"event_type": "step.start"}, "", "gemini_interactions"),
        ({"token": {"text": "", "id": 1}}, "", "tgi"),
        ({"content": "", "stop": False}, "", "llama_cpp"),
        ({"content": "x"}, "", "unknown_json"),
        ({"jsonrpc": "2.0", "result": {"task": {"id": "t"}}}, "", "a2a"),
        ({"jsonrpc": "2.0", "result": {"kind": "message"}}, "", "a2a"),
        ({"jsonrpc": "2.0", "result": {"content": []}}, "message", "mcp"),
        ({"jsonrpc": "2.0", "error": {"code": 1}}, "", "mcp"),
        ({"statusUpdate": {"taskId": "t"}}, "", "a2a"),
        ({"run_id": "r", "attempt": 1}, "metadata", "langgraph"),
        ({"run_id": "r"}, "metadata", "langserve"),
        ([{"content": ""}, {}], "messages", "langgraph"),
        ([{"content": ""}], "messages/partial", "langgraph"),
        ({"ops": []}, "data", "langserve"),
        ({"event": "on_chain_start", "run_id": "r"}, "data", "langserve"),
    ],
)
def test_dialects_that_look_alike_are_told_apart(value: Any, event: str, dialect: str) -> None:
    assert first(value, event) == dialect


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1/completions", "openai_completions"),
        ("/v1/chat/completions", "openai_chat"),
        ("/v2/chat", "cohere_v2"),
        ("/v1beta/models/x:streamGenerateContent", "gemini"),
        ("/generate_stream", "tgi"),
        ("/threads/t/runs/stream", "langgraph"),
        ("/agent/stream_log", "langserve"),
        ("/mcp", "mcp"),
        ("/v1/message:stream", "a2a"),
    ],
)
def test_an_error_alone_is_of_the_dialect_that_the_path_says(path: str, dialect: str) -> None:
    assert expect(SSE, path).name == dialect


@pytest.mark.parametrize(
    ("content_type", "path", "headers", "framing"),
    [
        ("application/json", "/v1/models/x:streamGenerateContent", {}, JSON_ARRAY),
        ("application/json; charset=UTF-8", "/x:streamGenerateContent", {}, JSON_ARRAY),
        ("application/json", "/v1/models", {}, None),
        ("text/plain; charset=utf-8", "/", {"x-vercel-ai-data-stream": "v1"}, CODED),
        ("text/plain", "/", {"x-vercel-ai-data-stream": "v2"}, PLAIN),
        ("application/vnd.amazon.eventstream", "/", {}, EVENT_STREAM),
        ("application/vnd.ag-ui.event+proto", "/", {}, None),
    ],
)
def test_how_a_response_is_cut(content_type: str, path: str, headers: Any, framing: Any) -> None:
    assert framing_of(content_type, path, headers) is framing


async def test_json_is_a_stream_only_where_it_is_known_to_come_as_one() -> None:
    body = b'[{"candidates":[{"content":{"parts":[{"text":"S3CRET-421 "}]}}]}]'
    app = Streamward(ScriptedApp([body], content_type="application/json"), guards=[EDITING])

    guarded = await ask(app, scope_of("/v1/models/m:streamGenerateContent"))
    untouched = await ask(app, scope_of("/v1/models"))

    assert b"S3CRET" not in guarded.body
    assert json.loads(guarded.body)
    assert untouched.body == body


async def test_a_data_stream_under_its_header_fails_in_its_own_words() -> None:
    said = [b"0:" + json.dumps(piece).encode() + b"\n" for piece in PIECES]
    app = ScriptedApp(
        [*said, RuntimeError("internal")],
        content_type="text/plain; charset=utf-8",
        headers=[(b"x-vercel-ai-data-stream", b"v1")],
    )

    answer = await ask(Streamward(app, guards=[EDITING]), scope_of("/api/chat"))

    assert b"S3C" not in answer.body
    assert answer.body.endswith(b'3:"The upstream failed before the answer was complete."\n')
    assert not answer.ended


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_data_stream_is_known_by_its_beginning(size: int) -> None:
    body = b'f:{"messageId":"m"}\n' + b"".join(
        b"0:" + json.dumps(piece).encode() + b"\n" for piece in PIECES
    )
    pipeline = Pipeline(PLAIN, headers={}, path="/", guards=[EDITING], limits=Limits())

    out = b"".join(b"".join(pipeline.feed(body[i : i + size])) for i in range(0, len(body), size))
    out += b"".join(pipeline.finish())

    assert pipeline.dialect == "ai_sdk_data"
    assert b"S3C" not in out
    assert b"[GONE]" in out


@pytest.mark.parametrize("text", ["fine", "f:", 'f:{"message":1}', "0:1", "for S3CRET-421"])
def test_other_text_stays_text(text: str) -> None:
    pipeline = Pipeline(PLAIN, headers={}, path="/", guards=[EDITING], limits=Limits())

    out = b"".join(pipeline.feed(text.encode())) + b"".join(pipeline.finish())

    assert pipeline.dialect == "plain_text"
    assert out.decode() == text.replace("S3CRET-421", "[GONE]")
    assert may_be_coded(text.encode()) is not True


@pytest.mark.parametrize(
    "name",
    [
        "langgraph partial *",
        "langgraph partial tool calls *",
        "langgraph partial of two *",
        "langserve log *",
        "ag-ui growing state *",
        "a2a said anew *",
        "a2a both *",
    ],
)
def test_what_is_said_from_its_beginning_never_shows_what_is_held(name: str) -> None:
    going = Run(BY_NAME[name], [EDITING])
    body = BY_NAME[name].body

    for at in range(0, len(body), 9):
        going.feed(body[at : at + 9])
        assert b"S3C" not in going.out
        assert b"RET-4" not in going.out
    going.finish()

    assert b"[GONE]" in going.out


@pytest.mark.parametrize("name", ["mcp", "a2a", "openai_completions", "openai_assistants"])
def test_no_heartbeat_follows_an_id_where_it_would_fire_an_empty_event(name: str) -> None:
    vector = next(v for v in VECTORS if v.dialect == name)
    pipeline = Pipeline(SSE, headers={}, path="/", guards=(), limits=Limits())
    frames = vector.body.replace(b"\r\n", b"\n").split(b"\n\n")
    dispatched = [frame for frame in frames if b"data" in frame and not frame.endswith(b"data: ")]

    pipeline.feed(dispatched[0] + b"\n\n")
    before = pipeline.heartbeat()
    pipeline.feed(b"id: 7\n" + dispatched[-1] + b"\n\n")

    assert before
    assert pipeline.heartbeat() == b""


@pytest.mark.parametrize("name", ["gemini", "gemini_interactions", "ai_sdk_data"])
def test_clients_that_fail_on_comments_get_a_blank_line(name: str) -> None:
    assert ROWS[name].heartbeat == b"\n"


def test_a_gemini_error_begins_with_its_name_and_has_a_number_for_a_code() -> None:
    error = ROWS["gemini"].reader().error(PROBLEM)

    assert error.startswith(b'data: {"error":{"code":500,')
    assert b"upstream_timeout" in error


@pytest.mark.parametrize("row", DIALECTS, ids=lambda row: row.name)
def test_an_error_is_a_frame_of_its_own_framing_and_of_one_data_line(row: Any) -> None:
    written = row.reader().error(PROBLEM)

    frames = row.framing.framer(1 << 20).feed(written)
    assert b"".join(frame.raw for frame in frames) == written
    assert b"data" * 2 not in written
    for frame in frames:
        assert frame.data is None or b"\n" not in frame.data
        assert "\u2028" not in (frame.data or b"").decode()


@pytest.mark.parametrize("row", DIALECTS, ids=lambda row: row.name)
def test_an_error_is_read_as_one(row: Any) -> None:
    """Also behind a proxy that is one of ours: it keeps no such answer."""
    reader = row.reader()
    written = reader.error(PROBLEM)
    if not written:
        return
    for frame in row.framing.framer(1 << 20).feed(written):
        if frame.data not in (None, b"[DONE]"):
            reader.read(frame)

    assert reader.failed or row.framing is MESSAGE  # a session outlives most errors
    assert not reader.complete


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("gemini short", Usage(9, 2)),
        ("interactions short", Usage(11, 7)),
        ("completions short", Usage(11, 7)),
        ("tgi short", Usage(11, 37)),
        ("llama short", Usage(11, 7)),
        ("cohere short", Usage(11, 7)),
        ("data stream short", Usage(11, 7)),
        ("bedrock short", Usage(11, 7)),
        ("groq, usage of its own and token ids *", Usage(11, 7)),
        ("vllm, usage on every chunk and token ids *", Usage(11, 7)),
        ("mcp short", None),
    ],
)
def test_usage_is_read(name: str, usage: Usage | None) -> None:
    reader = run(BY_NAME[name], EDITING).reader

    assert reader is not None
    assert reader.usage == usage


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("gemini function call *", b'"thoughtSignature":"b3BhcXVl"'),
        ("interactions thoughts, text and a call *", b'"signature":"c2ln"'),
        ("data stream reasoning and text *", b'"signature":"c2ln"'),
        ("data stream data and annotations *", b'"mimeType":"image/png"'),
        ("gemini everything else *", b'"data":"' + b"QUJD" * 40),
        ("ag-ui reasoning, text and tools *", b'"encryptedValue":"QUJD"'),
        ("mcp progress, logs and a result *", b'"n":1.5'),
        ("cohere plan and tools *", b'"id":"f_1"'),
    ],
)
def test_what_is_left_alone(name: str, stays: bytes) -> None:
    out = run(BY_NAME[name], EDITING).out

    assert stays in out


@pytest.mark.parametrize(
    ("framing", "good", "bad"),
    [
        (
            EVENT_STREAM,
            EVENT_STREAM.build(b'{"delta":{"text":"fine "}}', "contentBlockDelta"),
            EVENT_STREAM.build(b'{"delta":{"text":"S3CRET-421"}}', "contentBlockDelta")[:-1] + b"!",
        ),
        (JSON_ARRAY, b'[{"candidates":[]}', b',"S3C'),
        (CODED, b'0:"fine "\n', b'0:"S3C\n'),
    ],
    ids=["event_stream", "json_array", "coded"],
)
def test_what_is_damaged_ends_a_guarded_stream(framing: Any, good: bytes, bad: bytes) -> None:
    guarded = Pipeline(framing, headers={}, path="/", guards=[EDITING], limits=Limits())
    bare = Pipeline(framing, headers={}, path="/", guards=(), limits=Limits())

    out = b"".join(guarded.feed(good + bad)) + b"".join(guarded.finish())
    same = b"".join(bare.feed(good + bad)) + b"".join(bare.finish())

    assert isinstance(guarded.failure, UnreadableFrameError)
    assert b"S3C" not in out
    assert same == good + bad
    assert not bare.complete


def test_text_in_base64_is_refused_with_guards_and_passes_without() -> None:
    frame = EVENT_STREAM.build(b'{"bytes":"UzNDUkVULTQyMQ=="}', "chunk")
    outs: list[bytes] = []
    failures: list[Any] = []
    for guards in ([EDITING], []):
        pipeline = Pipeline(EVENT_STREAM, headers={}, path="/", guards=guards, limits=Limits())
        outs.append(b"".join(pipeline.feed(frame)) + b"".join(pipeline.finish()))
        failures.append(pipeline.failure)

    assert outs == [b"", frame]
    assert isinstance(failures[0], UnreadableFrameError)
    assert failures[1] is None


def test_a_signature_goes_with_reasoning_that_was_cut() -> None:
    edited = run(BY_NAME["bedrock signed thoughts *"], EDITING).out

    assert b"c2lnbmVk" not in edited
    assert b'"signature":""' in edited


def test_a_resumed_stream_is_another_one() -> None:
    """The id of an event stays with it, edited or not; none is added."""
    body = b"id: 5\n" + sse({"run_id": "r", "attempt": 1}).replace(
        b"data", b"event: metadata\ndata"
    )
    body += b"id: 6\nevent: messages\n" + sse([{"id": "m", "content": "S3CRET-421 "}, {}])

    out = run(Vector("resumed", "langgraph", body), EDITING).out

    assert [line for line in out.split(b"\n") if line.startswith(b"id")] == [b"id: 5", b"id: 6"]
    assert b"S3CRET" not in out
