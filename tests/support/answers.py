"""One answer in every dialect: several voices, cut into pieces, with all that says them again.

A voice is one channel: the content, the reasoning, a refusal, the arguments of a tool, code. Voices
that a model would speak one after another keep their order; others are interleaved by chance.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import count
from random import Random
from typing import Any

from streamward.wire import NDJSON, PLAIN, SSE

from .answer import Answer, Frames, Pieces, event_of, interleaved, json_of, tokens, values_in
from .answers_agents import AGENTS
from .answers_described import DESCRIBED
from .streams import DONE, chat_frame

__all__ = ["ANSWERS", "Answer", "Pieces", "values_in"]

# OpenAI chat: one choice reasons and answers, one refuses, one calls two tools.


def _chat(pieces: Pieces, chance: Random) -> bytes:
    first = [
        *(chat_frame({"reasoning_content": piece}) for piece in pieces["reasoning"]),
        *(_with_logprobs({"content": piece}, piece) for piece in pieces["content"]),
        chat_frame({}, "stop"),
    ]
    second = [chat_frame({"refusal": piece}, index=1) for piece in pieces["refusal"]]
    called = {"index": 0, "id": "call_1", "type": "function"}
    third = [
        chat_frame(
            {"tool_calls": [{**called, "function": {"name": "f", "arguments": ""}}]}, None, 2
        ),
        *(
            chat_frame({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, None, 2)
            for piece in pieces["tool"]
        ),
    ]
    ends = [chat_frame({}, "stop", 1), chat_frame({}, "tool_calls", 2), DONE]
    hello = chat_frame({"role": "assistant", "content": ""})
    return hello + interleaved([first, second, third], chance) + b"".join(ends)


def _with_logprobs(delta: dict[str, Any], piece: str) -> bytes:
    chunk = json.loads(chat_frame(delta)[6:])
    chunk["choices"][0]["logprobs"] = {"content": tokens(piece), "refusal": None}
    return event_of(chunk)


# OpenAI responses: each item says its text in deltas, in three events at its end, and once more in
# the last event of all.


def _responses(pieces: Pieces, chance: Random) -> bytes:
    items = [
        _part_item("rs_1", 0, "reasoning", "reasoning_text", pieces["reasoning"]),
        _part_item("msg_1", 1, "message", "output_text", pieces["content"]),
        _part_item("msg_2", 2, "message", "refusal", pieces["refusal"]),
        _call_item("fc_1", 3, "function_call", "arguments", pieces["tool"]),
        _call_item("ci_1", 4, "code_interpreter_call", "code", pieces["code"]),
    ]
    order = [number for number, events in enumerate(items) for _ in events]
    chance.shuffle(order)
    waiting = [iter(events) for events in items]
    events = [next(waiting[number]) for number in order]
    response: dict[str, Any] = {
        "id": "resp_1",
        "object": "response",
        "status": "in_progress",
        "output": [],
    }
    done = {**response, "status": "completed", "output": [one[-1]["item"] for one in items]}
    events.insert(0, {"type": "response.created", "response": response})
    events.append({"type": "response.completed", "response": done})
    return b"".join(
        event_of({**event, "sequence_number": number}, event["type"])
        for number, event in enumerate(events)
    )


def _part_item(name: str, at: int, kind: str, part: str, pieces: list[str]) -> list[dict[str, Any]]:
    text = "".join(pieces)
    field = "refusal" if part == "refusal" else "text"
    spelled = part == "output_text"

    def said(words: str) -> dict[str, Any]:
        return {"logprobs": tokens(words)} if spelled else {}

    where = {"item_id": name, "output_index": at, "content_index": 0}
    item = {"id": name, "type": kind, "status": "completed"}
    whole = {"type": part, field: text, **said(text)}
    return [
        {"type": "response.output_item.added", "output_index": at, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **where, "part": {"type": part, field: ""}},
        *(
            {"type": f"response.{part}.delta", **where, "delta": piece, **said(piece)}
            for piece in pieces
        ),
        {"type": f"response.{part}.done", **where, field: text, **said(text)},
        {"type": "response.content_part.done", **where, "part": whole},
        {
            "type": "response.output_item.done",
            "output_index": at,
            "item": {**item, "content": [whole]},
        },
    ]


def _call_item(
    name: str, at: int, kind: str, field: str, pieces: list[str]
) -> list[dict[str, Any]]:
    text = "".join(pieces)
    where = {"item_id": name, "output_index": at}
    item = {"id": name, "type": kind, "call_id": "call_1", "name": "f"}
    stem = f"response.{kind}_{field}"
    return [
        {"type": "response.output_item.added", "output_index": at, "item": {**item, field: ""}},
        *({"type": f"{stem}.delta", **where, "delta": piece} for piece in pieces),
        {"type": f"{stem}.done", **where, field: text},
        {"type": "response.output_item.done", "output_index": at, "item": {**item, field: text}},
    ]


# Anthropic: blocks by index.


def _anthropic(pieces: Pieces, chance: Random) -> bytes:
    blocks = [
        _block(0, {"type": "thinking", "thinking": ""}, "thinking", pieces["reasoning"]),
        _block(1, {"type": "text", "text": ""}, "text", pieces["content"]),
        _block(
            2,
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
            "partial_json",
            pieces["tool"],
        ),
    ]
    usage = {"input_tokens": 5, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "usage": usage,
    }
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    ends: list[dict[str, Any]] = [
        {"type": "message_delta", "delta": stop, "usage": usage},
        {"type": "message_stop"},
    ]
    return (
        _named({"type": "message_start", "message": message})
        + interleaved(blocks, chance)
        + b"".join(_named(event) for event in ends)
    )


def _block(index: int, begin: dict[str, Any], name: str, pieces: list[str]) -> Frames:
    kind = "input_json_delta" if name == "partial_json" else f"{name}_delta"
    signed = [{"type": "signature_delta", "signature": "c2lnbmVk"}] if name == "thinking" else []
    deltas = [*({"type": kind, name: piece} for piece in pieces), *signed]
    return [
        _named({"type": "content_block_start", "index": index, "content_block": begin}),
        *(
            _named({"type": "content_block_delta", "index": index, "delta": delta})
            for delta in deltas
        ),
        _named({"type": "content_block_stop", "index": index}),
    ]


def _named(event: Mapping[str, Any]) -> bytes:
    return event_of(event, event["type"])


# Ollama: one object a line, its thinking first.


def _ollama_chat(pieces: Pieces, chance: Random) -> bytes:
    del chance
    return _lines(
        {"message": {"role": "assistant", **said}}
        for said in (
            *({"content": "", "thinking": piece} for piece in pieces["reasoning"]),
            *({"content": piece} for piece in pieces["content"]),
        )
    )


def _ollama_generate(pieces: Pieces, chance: Random) -> bytes:
    del chance
    return _lines(
        [
            *({"response": "", "thinking": piece} for piece in pieces["reasoning"]),
            *({"response": piece} for piece in pieces["content"]),
        ]
    )


def _lines(said: Iterable[dict[str, Any]]) -> bytes:
    lines: list[bytes] = []
    for one in said:
        message = one.get("message", one)
        spoken = message.get("content", message.get("response")) or message.get("thinking", "")
        told = {"model": "m", **one, "logprobs": tokens(spoken), "done": False}
        lines.append(NDJSON.build(json_of(told), ""))
    shape: dict[str, Any] = (
        {"message": {"role": "assistant", "content": ""}} if b'"message"' in lines[0] else {}
    )
    end: dict[str, Any] = {
        "model": "m",
        "response": "",
        **shape,
        "done": True,
        "done_reason": "stop",
    }
    if shape:
        del end["response"]
    else:
        end["context"] = [1, 2, 3]
    return b"".join([*lines, NDJSON.build(json_of(end), "")])


# The AI SDK's UI messages: the input of a tool comes again as an object.


def _ui(pieces: Pieces, chance: Random) -> bytes:
    tool = {"toolCallId": "call_1", "toolName": "f"}
    spoken = json.loads("".join(pieces["tool"]))
    tracks = [
        _ui_part("reasoning", "0", pieces["reasoning"]),
        _ui_part("text", "1", pieces["content"]),
        [
            event_of({"type": "tool-input-start", **tool}),
            *(
                event_of(
                    {"type": "tool-input-delta", "toolCallId": "call_1", "inputTextDelta": piece}
                )
                for piece in pieces["tool"]
            ),
            event_of({"type": "tool-input-available", **tool, "input": spoken}),
        ],
    ]
    begin = event_of({"type": "start", "messageId": "m"}) + event_of({"type": "start-step"})
    ends = event_of({"type": "finish-step"}) + event_of({"type": "finish", "finishReason": "stop"})
    return begin + interleaved(tracks, chance) + ends + DONE


def _ui_part(sort: str, name: str, pieces: list[str]) -> Frames:
    return [
        event_of({"type": f"{sort}-start", "id": name}),
        *(event_of({"type": f"{sort}-delta", "id": name, "delta": piece}) for piece in pieces),
        event_of({"type": f"{sort}-end", "id": name}),
    ]


# Text without a dialect.


def _raw(pieces: Pieces, chance: Random) -> bytes:
    del chance
    return (
        SSE.build(_GREETING.encode(), "")
        + b"".join(SSE.build(piece.encode(), "") for piece in pieces["content"])
        + DONE
    )


def _plain(pieces: Pieces, chance: Random) -> bytes:
    del chance
    return "".join((_GREETING, *pieces["content"])).encode()


def _unknown_sse(pieces: Pieces, chance: Random) -> bytes:
    del chance
    numbers = count()
    return (
        b"".join(event_of({"token": piece, "n": next(numbers)}) for piece in pieces["data"]) + DONE
    )


def _unknown_ndjson(pieces: Pieces, chance: Random) -> bytes:
    del chance
    return b"".join(NDJSON.build(json_of({"text": piece}), "") for piece in pieces["data"])


_GREETING = "Well: "  # tells raw text from a JSON string, and plain text from SSE
_OBJECT = b'{"a":"'
_THREE = ("reasoning", "content", "tool")

ANSWERS: tuple[Answer, ...] = (
    Answer("openai_chat", SSE, (*_THREE, "refusal"), _chat),
    Answer("openai_responses", SSE, (*_THREE, "refusal", "code"), _responses),
    Answer("anthropic", SSE, _THREE, _anthropic, signed=("reasoning",)),
    Answer("ollama chat", NDJSON, ("reasoning", "content"), _ollama_chat, begins=_OBJECT),
    Answer("ollama generate", NDJSON, ("reasoning", "content"), _ollama_generate, begins=_OBJECT),
    Answer("ai_sdk_ui", SSE, _THREE, _ui),
    *DESCRIBED,
    *AGENTS,
    Answer("raw_sse", SSE, ("content",), _raw, json=False, greeting=_GREETING),
    Answer("plain_text", PLAIN, ("content",), _plain, json=False, greeting=_GREETING),
    Answer("unknown_json", SSE, ("data",), _unknown_sse, leaves_alone=True),
    Answer("unknown_ndjson", NDJSON, ("data",), _unknown_ndjson, leaves_alone=True, begins=_OBJECT),
)
"""Every dialect that there is; a test holds the table to that."""
