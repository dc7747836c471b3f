"""The rewriting of JSON, fuzzed: values, arguments in pieces, frames of every dialect."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.guard import SECRET
from support.secrets import cuts, pieces

from soak.checks import TABLE, check_arguments, check_content, check_frames, check_splice

TEXTS = st.text(max_size=8) | st.sampled_from(
    [SECRET, f"a {SECRET} b", f'{{"to": "{SECRET}"}}', "\\", '"', "\u2028", "\ud83d", "\ude00", ""]
)
# What dialects call things, so that the fuzzer gets to where they look.
NAMES = TEXTS | st.sampled_from(
    [
        "choices",
        "delta",
        "content",
        "reasoning",
        "refusal",
        "tool_calls",
        "function",
        "arguments",
        "index",
        "logprobs",
        "token",
        "bytes",
        "finish_reason",
        "usage",
        "error",
        "type",
        "event",
        "item",
        "part",
        "response",
        "output",
        "item_id",
        "output_index",
        "content_index",
        "message",
        "content_block",
        "signature",
        "text",
        "thinking",
        "partial_json",
        "done",
        "context",
        "id",
        "toolCallId",
        "input",
        "inputTextDelta",
        "data",
        "audio",
        "transcript",
        "custom",
        "reasoning_details",
        "annotations",
        "metadata",
        "name",
        "images",
        "citation",
        "obfuscation",
        "token_ids",
        "code",
        "summary",
        *(
            "candidates",
            "parts",
            "thought",
            "functionCall",
            "partialArgs",
            "stringValue",
            "jsonPath",
        ),
        *(
            "finishReason",
            "step",
            "event_type",
            "tool_calls",
            "tool_plan",
            "citations",
            "generated_text",
        ),
        *(
            "details",
            "stop",
            "tokens",
            "messageId",
            "snapshot",
            "value",
            "path",
            "ops",
            "chunk",
            "run_id",
        ),
        *("jsonrpc", "result", "artifactUpdate", "artifact", "append", "taskId", "status", "state"),
        *("contentBlockIndex", "toolUse", "reasoningContent", "p", "argsTextDelta", "args"),
    ]
)
TYPES = st.sampled_from(
    [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "error",
        "message_stop",
        "ping",
        "response.created",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.added",
        "response.content_part.done",
        "response.output_item.added",
        "response.output_item.done",
        "response.function_call_arguments.delta",
        "response.completed",
        "start",
        "response.function_call_arguments.done",
        "text-start",
        "text-delta",
        "text-end",
        "tool-input-start",
        "finish",
        "tool-input-delta",
        "tool-input-available",
        "reasoning-delta",
        "data-x",
        "abort",
        "message",
        "text",
        "x",
        *("content-start", "content-delta", "content-end", "tool-call-delta", "message-end"),
        *("TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CHUNK", "TOOL_CALL_ARGS", "STATE_DELTA"),
        *(
            "STATE_SNAPSHOT",
            "RUN_FINISHED",
            "messages",
            "messages/partial",
            "values",
            "data",
            "end",
        ),
        *("thread.message.delta", "contentBlockDelta", "contentBlockStop", "0", "c", "9", "d"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS | st.sampled_from([0, 1, 2]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=16,
)
SYNTAX = st.lists(
    st.sampled_from([*'{}[]":,\\ue0n1.-+ \n', "null", "true", "\\u00", "\\ud83d", SECRET]),
    max_size=20,
).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw JSON text in any spelling, sometimes with a fault in it."""
    indent, escaped = draw(st.sampled_from([None, 0, 2])), draw(st.booleans())
    text = json.dumps(draw(VALUES), indent=indent, ensure_ascii=escaped)
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(SYNTAX) + text[at + draw(st.integers(0, 4)) :]
    return text


@given(documents() | SYNTAX, TEXTS)
def test_edits_of_strings_change_these_strings_only(text, new):
    check_splice(text.encode("utf-8", "surrogatepass"), new)


@given(st.binary(max_size=40))
def test_what_is_no_json_is_refused_and_no_more(data):
    check_splice(data, "x")


@given(st.data())
def test_arguments_that_parse_parse_in_any_pieces(data):
    text = data.draw(documents() | SYNTAX)

    check_arguments(pieces(text, data.draw(cuts(len(text), 12))))


@given(st.data())
def test_answers_in_json_that_parse_parse_in_any_pieces(data):
    text = data.draw(documents() | SYNTAX)

    check_content(pieces(text, data.draw(cuts(len(text), 12))))


@pytest.mark.parametrize("dialect", TABLE.values(), ids=list(TABLE))
@given(st.data())
def test_frames_that_parse_parse_in_every_dialect(dialect, data):
    payloads: list[tuple[str, bytes]] = []
    for _ in range(data.draw(st.integers(1, 5))):
        kind = data.draw(TYPES)
        value = {"type": kind, **data.draw(st.dictionaries(NAMES, VALUES, max_size=6))}
        payloads.append((kind, json.dumps(value).encode()))

    check_frames(dialect, payloads)
