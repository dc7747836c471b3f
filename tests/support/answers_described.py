"""Answers in the dialects that are described and not programmed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from streamward.wire import CODED, EVENT_STREAM, JSON_ARRAY, SSE

from .answer import Answer, Frames, Pieces, event_of, interleaved, json_of
from .streams import DONE

__all__ = ["DESCRIBED"]


# Gemini: the thoughts of a candidate, then its text.


def _gemini(pieces: Pieces, chance: Random) -> bytes:
    del chance
    return b"".join(event_of(chunk) for chunk in _generated(pieces))


def _gemini_array(pieces: Pieces, chance: Random) -> bytes:
    del chance
    return b"[" + b",\r\n".join(json_of(chunk) for chunk in _generated(pieces)) + b"]"


def _generated(pieces: Pieces) -> Iterable[dict[str, Any]]:
    for piece in pieces["reasoning"]:
        yield _candidate({"text": piece, "thought": True}, piece)
    for piece in pieces["content"]:
        yield _candidate({"text": piece}, piece)
    yield {"candidates": [{"index": 0, "finishReason": "STOP"}], "modelVersion": "m"}


def _candidate(part: dict[str, Any], piece: str) -> dict[str, Any]:
    tokens = [{"token": char, "logProbability": -0.5} for char in piece]
    return {
        "candidates": [
            {
                "content": {"parts": [part], "role": "model"},
                "index": 0,
                "logprobsResult": {"chosenCandidates": tokens},
            }
        ],
        "modelVersion": "m",
    }


# One voice, a token a frame.


def _completions(pieces: Pieces, chance: Random) -> bytes:
    del chance
    told = [{"tokens": [*piece], "top_logprobs": []} for piece in pieces["content"]]
    said = zip(pieces["content"], told, strict=True)
    frames = [{"text": one, "logprobs": spelled, "index": 0} for one, spelled in said]
    end = {"text": "", "index": 0, "finish_reason": "stop"}
    return b"".join(event_of({"choices": [choice]}) for choice in (*frames, end)) + DONE


def _tgi(pieces: Pieces, chance: Random) -> bytes:
    del chance
    said = pieces["content"]
    frames: list[dict[str, Any]] = [
        {"token": {"id": 7, "text": one}, "top_tokens": [{"text": one}], "generated_text": None}
        for one in said
    ]
    details = {"finish_reason": "eos_token", "generated_tokens": len(said)}
    end: dict[str, Any] = {
        "token": {"id": 1, "text": "</s>", "special": True},
        "generated_text": "".join(said),
        "details": details,
    }
    return b"".join(event_of(one) for one in (*frames, end))


def _llama_cpp(pieces: Pieces, chance: Random) -> bytes:
    del chance
    frames = [{"content": one, "tokens": [1], "stop": False} for one in pieces["content"]]
    end = {"content": "", "stop": True, "stop_type": "eos"}
    return b"".join(event_of(one) for one in (*frames, end))


# Cohere: contents and tool calls by index.


def _cohere(pieces: Pieces, chance: Random) -> bytes:
    tracks = [
        [
            *_cohere_content(0, "thinking", pieces["reasoning"]),
            *_cohere_content(1, "text", pieces["content"]),
        ],
        _cohere_call(pieces["tool"]),
    ]
    begin = _named({"type": "message-start", "delta": {"message": {"role": "assistant"}}})
    end = _named({"type": "message-end", "delta": {"finish_reason": "COMPLETE"}})
    return begin + interleaved(tracks, chance) + end


def _cohere_content(index: int, name: str, pieces: list[str]) -> Frames:
    return [
        _named({"type": "content-start", "index": index}),
        *(
            _named(
                {
                    "type": "content-delta",
                    "index": index,
                    "delta": {"message": {"content": {name: one}}},
                }
            )
            for one in pieces
        ),
        _named({"type": "content-end", "index": index}),
    ]


def _cohere_call(pieces: list[str]) -> Frames:
    def part(kind: str, **function: str) -> bytes:
        delta = {"message": {"tool_calls": {"function": function}}}
        return _named({"type": kind, "index": 0, "delta": delta})

    said = [part("tool-call-delta", arguments=one) for one in pieces]
    return [part("tool-call-start", name="f", arguments=""), *said, part("tool-call-end")]


def _named(event: Mapping[str, Any]) -> bytes:
    return event_of(event, event["type"])


# Assistants: a message says its text again when it is complete, and so does a step its arguments.


def _assistants(pieces: Pieces, chance: Random) -> bytes:
    text, arguments = "".join(pieces["content"]), "".join(pieces["tool"])
    step = {"id": "s", "object": "thread.run.step"}
    tracks = [
        [
            *(
                event_of(
                    {"id": "m", "delta": {"content": [{"index": 0, "text": {"value": one}}]}},
                    "thread.message.delta",
                )
                for one in pieces["content"]
            ),
            event_of(
                {"id": "m", "content": [{"text": {"value": text}}]}, "thread.message.completed"
            ),
        ],
        [
            *(
                event_of(
                    {"id": "s", "delta": {"step_details": _calls(one)}}, "thread.run.step.delta"
                )
                for one in pieces["tool"]
            ),
            event_of({**step, "step_details": _calls(arguments)}, "thread.run.step.completed"),
        ],
    ]
    begin = event_of({"id": "r", "object": "thread.run"}, "thread.run.created")
    end = event_of({"id": "r", "object": "thread.run"}, "thread.run.completed")
    chance.shuffle(tracks)  # a step is over before the message begins, or begins behind it
    return begin + b"".join(map(b"".join, tracks)) + end + b"event: done\n" + DONE


def _calls(arguments: str) -> dict[str, Any]:
    call = {"index": 0, "id": "c", "type": "function", "function": {"arguments": arguments}}
    return {"type": "tool_calls", "tool_calls": [call]}


# Interactions: steps by index, and all of them again at the end.


def _interactions(pieces: Pieces, chance: Random) -> bytes:
    tracks = [
        _step(0, [{"content": {"text": one}} for one in pieces["reasoning"]]),
        _step(1, [{"text": one} for one in pieces["content"]]),
        _step(2, [{"arguments": one} for one in pieces["tool"]]),
    ]
    said = {"text": "".join(pieces["content"])}
    end = {"status": "completed", "outputs": [said]}
    return (
        event_of({"event_type": "interaction.created", "interaction": {"status": "in_progress"}})
        + interleaved(tracks, chance)
        + event_of({"event_type": "interaction.completed", "interaction": end})
    )


def _step(index: int, deltas: list[dict[str, Any]]) -> Frames:
    return [
        event_of({"event_type": "step.start", "index": index}),
        *(event_of({"event_type": "step.delta", "index": index, "delta": d}) for d in deltas),
        event_of({"event_type": "step.stop", "index": index}),
    ]


# The AI SDK's data stream: codes, and the arguments of a tool again as an object.


def _data_stream(pieces: Pieces, chance: Random) -> bytes:
    del chance
    call = {"toolCallId": "c", "toolName": "f"}
    parts: list[tuple[str, Any]] = [
        ("f", {"messageId": "m"}),
        *(("g", one) for one in pieces["reasoning"]),
        *(("0", one) for one in pieces["content"]),
        ("b", call),
        *(("c", {"toolCallId": "c", "argsTextDelta": one}) for one in pieces["tool"]),
        ("9", {**call, "args": json.loads("".join(pieces["tool"]))}),
        ("d", {"finishReason": "stop"}),
    ]
    return b"".join(CODED.build(json_of(value), code) for code, value in parts)


# Bedrock: blocks by index, and reasoning that is signed.


def _bedrock(pieces: Pieces, chance: Random) -> bytes:
    reasoning = [{"reasoningContent": {"text": one}} for one in pieces["reasoning"]]
    tracks = [
        _block(0, [*reasoning, {"reasoningContent": {"signature": "c2ln"}}]),
        _block(1, [{"text": one} for one in pieces["content"]]),
        _block(2, [{"toolUse": {"input": one}} for one in pieces["tool"]]),
    ]
    begin = _message("messageStart", {"role": "assistant"})
    end = _message("messageStop", {"stopReason": "end_turn"})
    return begin + interleaved(tracks, chance) + end + _message("metadata", {"usage": {}})


def _block(index: int, deltas: list[dict[str, Any]]) -> Frames:
    at = {"contentBlockIndex": index}
    said = [_message("contentBlockDelta", {**at, "delta": delta}) for delta in deltas]
    return [*said, _message("contentBlockStop", at)]


def _message(kind: str, value: dict[str, Any]) -> bytes:
    return EVENT_STREAM.build(json_of(value), kind)


_THREE = ("reasoning", "content", "tool")

DESCRIBED: tuple[Answer, ...] = (
    Answer("gemini", SSE, ("reasoning", "content"), _gemini),
    Answer(
        "gemini_array",
        JSON_ARRAY,
        ("reasoning", "content"),
        _gemini_array,
        begins=b',{"a":"',
        ends=b"]",
    ),
    Answer("openai_completions", SSE, ("content",), _completions),
    Answer("tgi", SSE, ("content",), _tgi),
    Answer("llama_cpp", SSE, ("content",), _llama_cpp),
    Answer("cohere_v2", SSE, _THREE, _cohere),
    Answer("openai_assistants", SSE, ("content", "tool"), _assistants),
    Answer("gemini_interactions", SSE, _THREE, _interactions),
    Answer("ai_sdk_data", CODED, _THREE, _data_stream, begins=b'0:"'),
    Answer(
        "bedrock_converse",
        EVENT_STREAM,
        _THREE,
        _bedrock,
        signed=("reasoning",),
        begins=EVENT_STREAM.build(b"x" * 9000, "messageStop")[:12],
    ),
)
"""One answer in each of them."""
