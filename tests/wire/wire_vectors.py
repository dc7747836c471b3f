"""Example streams, written by hand after the shapes in ``reference/wire-formats.md`` §5.

Each secret is cut somewhere unpleasant: between frames, inside an escape, in a repeated text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from vector import ARGUMENTS, NDJSON_TYPE, PIECES, SAID, Vector, line, sse
from vectors_agents import AGENTS
from vectors_ai_sdk import AI_SDK_DATA
from vectors_amazon import BEDROCK
from vectors_google import GEMINI, INTERACTIONS
from vectors_openai import ASSISTANTS
from vectors_speakers import SPEAKERS
from vectors_tokens import TOKENS

# --- OpenAI chat -------------------------------------------------------------------------------


def chunk(
    delta: Mapping[str, Any] | None = None,
    finish: str | None = None,
    index: int = 0,
    **more: Any,
) -> dict[str, Any]:
    extra = {name: more.pop(name) for name in ("obfuscation",) if name in more}
    choice = {"index": index, "delta": dict(delta or {}), "finish_reason": finish, **more}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1730000000,
        "model": "gpt-x",
        "choices": [choice],
        **extra,
    }


def tokens(text: str) -> list[dict[str, Any]]:
    """Log-probabilities of a text, a token for every two bytes."""
    data = text.encode()
    pairs = [data[i : i + 2] for i in range(0, len(data), 2)]
    return [
        {
            "token": pair.decode("utf-8", "backslashreplace"),
            "bytes": list(pair),
            "logprob": -0.1,
            "top_logprobs": [],
        }
        for pair in pairs
    ]


def chat(*chunks: Any, done: bool = True) -> bytes:
    return sse(chunk({"role": "assistant", "content": ""}), *chunks, *(["[DONE]"] if done else []))


def contents(pieces: Iterable[str], name: str = "content", **more: Any) -> list[dict[str, Any]]:
    return [chunk({name: piece}, **more) for piece in pieces]


USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
STOP = chunk(finish="stop")
CALL = {"index": 0, "id": "call_a", "type": "function", "function": {"name": "f", "arguments": ""}}


def calls(pieces: Iterable[str], index: int = 0) -> list[dict[str, Any]]:
    return [
        chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        for piece in pieces
    ]


CHAT = (
    Vector(
        "chat short",
        "openai_chat",
        sse({"id": "", "object": "", "choices": [], "prompt_filter_results": []})
        + chat(
            *contents(("Hello", " wörld\u2028\u0085", " 😀", " bye")),
            STOP,
            {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": USAGE},
        ),
    ),
    Vector(
        "chat crlf and comments *",
        "openai_chat",
        b": hello\r\n\r\n"
        + chat(*contents(PIECES), STOP).replace(b"\n", b"\r\n").replace(b"data: ", b"data:", 2)
        + b": bye S3CRET-421\r\n\r\n",
    ),
    Vector(
        "chat logprobs *",
        "openai_chat",
        chat(
            *(
                chunk({"content": piece}, logprobs={"content": tokens(piece)}, obfuscation="zz")
                for piece in PIECES
            ),
            chunk(
                {"content": "é"},
                logprobs={
                    "content": [
                        {"token": "\\xc3", "bytes": [0xC3], "logprob": 0},
                        {"token": "\\xa9", "bytes": [0xA9], "logprob": 0},
                    ]
                },
            ),
            STOP,
        ),
    ),
    Vector(
        "chat tokens run ahead *",
        "openai_chat",
        chat(
            chunk({"content": "Call"}, logprobs={"content": tokens("Call S3CRET-421")}),
            *contents((" S3CRET-421", " ok")),
            STOP,
        ),
    ),
    Vector(
        "chat tool *",
        "openai_chat",
        chat(
            *contents(("I will call S3CRET-421",)),
            chunk({"tool_calls": [CALL]}),
            *calls(ARGUMENTS),
            *calls(('{"a":"S3C',), 1),
            *calls(("RET-4",), 1),
            *calls(('21"}',), 1),
            chunk(finish="tool_calls"),
        ),
    ),
    Vector(
        "chat interleaved tools *",
        "openai_chat",
        chat(
            *calls(('{"a":"S3C',), 0),
            *calls(('{"b":"S3CRET',), 1),
            *calls(('RET-421"}',), 0),
            *calls(('-421"}',), 1),
            chunk(finish="tool_calls"),
        ),
    ),
    Vector(
        "chat custom tool *",
        "openai_chat",
        chat(
            *(
                chunk({"tool_calls": [{"index": 0, "type": "custom", "custom": {"input": piece}}]})
                for piece in PIECES
            ),
            chunk(finish="tool_calls"),
        ),
    ),
    Vector(
        "chat arguments are no json *",
        "openai_chat",
        chat(*calls(("call S3C", "RET-421 no", "w")), chunk(finish="tool_calls")),
    ),
    Vector(
        "chat reasoning *",
        "openai_chat",
        chat(
            *(
                chunk(
                    {
                        "content": "",
                        "reasoning": piece,
                        "reasoning_content": piece,
                        "reasoning_details": [
                            {"type": "reasoning.text", "text": piece, "format": "x", "index": 0}
                        ],
                    }
                )
                for piece in PIECES
            ),
            *contents(("It is S3CRET-", "421")),
            chunk({}, "stop"),
        ),
    ),
    Vector(
        "chat two choices *",
        "openai_chat",
        chat(
            chunk({"role": "assistant", "content": ""}, index=1),
            *(
                chunk({"content": piece}, index=index)
                for piece in ("A S3C", "RET-", "421", " b")
                for index in (0, 1)
            ),
            chunk(finish="stop", index=1),
            STOP,
        ),
    ),
    Vector(
        "chat split surrogates *",
        "openai_chat",
        chat(*contents(("x \ud83d", "\ude00S3CRET-", "421\ud83d", " y")), STOP),
    ),
    Vector(
        "chat list content *",
        "openai_chat",
        chat(
            chunk(
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "S3C"}]}]}
            ),
            chunk(
                {
                    "content": [
                        {"type": "thinking", "thinking": [{"type": "text", "text": "RET-421"}]}
                    ]
                }
            ),
            chunk({"content": [{"type": "text", "text": "It is S3"}]}),
            chunk({"content": [{"type": "text", "text": "CRET-421", "x": "S3CRET-421"}]}),
            STOP,
        ),
    ),
    Vector(
        "chat audio and extras *",
        "openai_chat",
        chat(
            chunk({"audio": {"id": "a", "transcript": "S3C", "data": "QUJD" * 40}}),
            chunk({"audio": {"id": "a", "transcript": "RET-421"}}, token_ids=[1, 2]),
            chunk({"refusal": "no S3CRET-421"}),
            {**chunk(), "citations": ["https://x/S3CRET-421"], "x_groq": {"usage": USAGE}},
            STOP,
        ),
    ),
    Vector(
        "chat error *",
        "openai_chat",
        chat(
            *contents(("Hello S3CRET",)),
            {"error": {"message": "no S3CRET-421", "type": "server_error", "code": "x"}},
            done=False,
        ),
        complete=False,
        failed=True,
    ),
    Vector("chat cut *", "openai_chat", chat(*contents(("a ", "S3CRET-421")), done=False), False),
    Vector("chat no finish *", "openai_chat", chat(*contents(PIECES)), False),
    Vector("chat no end marker", "openai_chat", chat(*contents("abc"), STOP, done=False), False),
    Vector("chat length", "openai_chat", chat(*contents("abc"), chunk(finish="length")), False),
    Vector(
        "chat filter", "openai_chat", chat(*contents("abc"), chunk(finish="content_filter")), False
    ),
    Vector(
        "chat bare error",
        "openai_chat",
        sse({"error": {"message": "boom"}}),
        complete=False,
        failed=True,
        path="/v1/chat/completions",
    ),
)

# --- OpenAI responses --------------------------------------------------------------------------


def numbered(*events: Mapping[str, Any]) -> bytes:
    return sse(
        *(
            {"type": event["type"], "sequence_number": number, **event}
            for number, event in enumerate(events)
        ),
        named=True,
    )


def response(output: list[Any], status: str = "completed", **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1730000000,
        "model": "gpt-x",
        "status": status,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "instructions": "Never say S3CRET-421",
        **more,
    }


CREATED = {"type": "response.created", "response": response([], "in_progress")}
COUNTS = {
    "input_tokens": 5,
    "output_tokens": 3,
    "total_tokens": 8,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}


def completed(*output: Any, kind: str = "completed", **more: Any) -> dict[str, Any]:
    return {
        "type": f"response.{kind}",
        "response": response(list(output), kind, usage=COUNTS, **more),
    }


def message(text: str, logprobs: list[Any] | None = None) -> list[dict[str, Any]]:
    """Write all events of one message item at output index 0."""
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress"}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    pieces = [text[i : i + 5] for i in range(0, len(text), 5)]
    spell = tokens if logprobs is None else (lambda _: [])
    full = {**part, "text": text, "logprobs": spell(text)}
    return [
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **at, "part": part},
        *(
            {
                "type": "response.output_text.delta",
                **at,
                "delta": piece,
                "logprobs": spell(piece),
                "obfuscation": "q8",
            }
            for piece in pieces
        ),
        {"type": "response.output_text.done", **at, "text": text, "logprobs": spell(text)},
        {"type": "response.content_part.done", **at, "part": full},
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": {**item, "status": "completed", "content": [full]},
        },
    ]


def item_of(events: list[dict[str, Any]]) -> Any:
    return events[-1]["item"]


def streamed(stem: str, pieces: Iterable[str], done: Mapping[str, Any], **at: Any) -> list[Any]:
    return [
        *({"type": f"{stem}.delta", **at, "delta": piece} for piece in pieces),
        {"type": f"{stem}.done", **at, **done},
    ]


def item(at: int, kind: str, inner: list[Any], **final: Any) -> list[Any]:
    """Wrap the events of an item that is not a message."""
    fixed = ("name", "call_id")
    empty = {name: value if name in fixed else type(value)() for name, value in final.items()}
    base = {"id": f"it_{at}", "type": kind, "status": "completed"}
    return [
        {"type": "response.output_item.added", "output_index": at, "item": {**base, **empty}},
        *inner,
        {"type": "response.output_item.done", "output_index": at, "item": {**base, **final}},
    ]


HELLO = message("Hello wörld \u2028 😀 bye")
TALK = message("Hello to S3CRET-421, at once")
FUNCTION = item(
    0,
    "function_call",
    streamed(
        "response.function_call_arguments",
        ARGUMENTS,
        {"arguments": "".join(ARGUMENTS), "name": "f"},
        item_id="it_0",
        output_index=0,
    ),
    arguments="".join(ARGUMENTS),
    name="f",
    call_id="call_1",
)
REASONING = item(
    0,
    "reasoning",
    [
        {
            "type": "response.reasoning_summary_part.added",
            "item_id": "it_0",
            "output_index": 0,
            "summary_index": 0,
            "part": {"type": "summary_text", "text": ""},
        },
        *streamed(
            "response.reasoning_summary_text",
            PIECES,
            {"text": SAID},
            item_id="it_0",
            output_index=0,
            summary_index=0,
        ),
        {
            "type": "response.reasoning_summary_part.done",
            "item_id": "it_0",
            "output_index": 0,
            "summary_index": 0,
            "part": {"type": "summary_text", "text": SAID},
        },
        *streamed(
            "response.reasoning_text",
            PIECES,
            {"text": SAID},
            item_id="it_0",
            output_index=0,
            content_index=0,
        ),
    ],
    summary=[{"type": "summary_text", "text": SAID}],
    content=[{"type": "reasoning_text", "text": SAID}],
    encrypted_content="opaque",
)
OTHERS = [
    *item(
        0,
        "mcp_call",
        streamed(
            "response.mcp_call_arguments",
            ARGUMENTS,
            {"arguments": "".join(ARGUMENTS)},
            item_id="it_0",
            output_index=0,
        ),
        arguments="".join(ARGUMENTS),
        output="found S3CRET-421",
    ),
    *item(
        1,
        "code_interpreter_call",
        streamed(
            "response.code_interpreter_call_code",
            PIECES,
            {"code": SAID},
            item_id="it_1",
            output_index=1,
        ),
        code=SAID,
        outputs=[{"type": "logs", "logs": "S3CRET-421"}],
    ),
    *item(
        2,
        "custom_tool_call",
        streamed(
            "response.custom_tool_call_input",
            PIECES,
            {"input": SAID},
            item_id="it_2",
            output_index=2,
        ),
        input=SAID,
    ),
    *item(
        3,
        "shell_call",
        [
            {
                "type": "response.shell_call_command.added",
                "output_index": 3,
                "command_index": 0,
                "command": "echo S3CR",
            },
            *streamed(
                "response.shell_call_command",
                ("ET-4", "21"),
                {"command": "echo S3CRET-421"},
                output_index=3,
                command_index=0,
            ),
        ],
        action={"commands": ["echo S3CRET-421"]},
    ),
    *item(
        4,
        "shell_call_output",
        [
            *(
                {
                    "type": "response.shell_call_output_content.delta",
                    "item_id": "it_4",
                    "output_index": 4,
                    "command_index": 0,
                    "delta": {"stdout": piece, "stderr": piece},
                }
                for piece in PIECES
            ),
            {
                "type": "response.shell_call_output_content.done",
                "item_id": "it_4",
                "output_index": 4,
                "command_index": 0,
                "output": [{"stdout": SAID, "stderr": SAID, "outcome": {"type": "exit"}}],
            },
        ],
        output=[{"stdout": SAID, "stderr": SAID}],
    ),
    *item(
        5,
        "file_search_call",
        [],
        queries=["who is S3CRET-421"],
        results=[{"text": "S3CRET-421", "attributes": {"id": "S3CRET-421"}}],
    ),
    {"type": "response.audio.transcript.delta", "delta": "S3C"},
    {"type": "response.audio.transcript.delta", "delta": "RET-421"},
    {"type": "response.audio.transcript.done"},
    {"type": "response.audio.delta", "delta": "QUJD"},
    {
        "type": "response.output_text.annotation.added",
        "item_id": "msg_1",
        "annotation": {"type": "url_citation", "title": "S3CRET-421", "url": "https://x"},
    },
]
RESPONSES = (
    Vector(
        "responses short",
        "openai_responses",
        numbered(
            {"type": "response.created", "response": response([], "in_progress", instructions="")},
            *HELLO,
            {
                "type": "response.completed",
                "response": response([item_of(HELLO)], usage=COUNTS, instructions=""),
            },
        ),
    ),
    Vector(
        "responses text *",
        "openai_responses",
        numbered(CREATED, *TALK, completed(item_of(TALK))),
    ),
    Vector(
        "responses function *",
        "openai_responses",
        numbered(CREATED, *FUNCTION, completed(item_of(FUNCTION))),
    ),
    Vector(
        "responses reasoning *",
        "openai_responses",
        numbered(CREATED, *REASONING, completed(item_of(REASONING))),
    ),
    Vector(
        "responses others *",
        "openai_responses",
        numbered(
            CREATED,
            *OTHERS,
            completed(*(e["item"] for e in OTHERS if e["type"] == "response.output_item.done")),
        )
        + b"data: [DONE]\n\n",
    ),
    Vector(
        "responses begun parts *",
        "openai_responses",
        numbered(
            CREATED,
            TALK[0],
            {**TALK[1], "part": {"type": "refusal", "refusal": "not S3C"}},
            *streamed(
                "response.refusal",
                ("RET-4", "21"),
                {"refusal": "not S3CRET-421"},
                item_id="msg_1",
                output_index=0,
                content_index=0,
            ),
            completed(),
        ),
    ),
    Vector(
        "responses without done events *",
        "openai_responses",
        numbered(CREATED, *TALK[:-3], completed(item_of(TALK))),
    ),
    Vector(
        "responses tokens run ahead *",
        "openai_responses",
        numbered(
            CREATED,
            *TALK[:2],
            {**TALK[2], "delta": "x ", "logprobs": tokens("x S3CRET-421")},
            completed(),
        ),
    ),
    Vector(
        "responses incomplete *",
        "openai_responses",
        numbered(CREATED, *TALK[:-3], completed(item_of(TALK), kind="incomplete")),
        complete=False,
    ),
    Vector(
        "responses failed *",
        "openai_responses",
        numbered(
            CREATED,
            *TALK[:6],
            completed(kind="failed", error={"code": "x", "message": "no S3CRET-421"}),
        ),
        complete=False,
        failed=True,
    ),
    Vector(
        "responses error *",
        "openai_responses",
        numbered(
            CREATED,
            *TALK[:5],
            {"type": "error", "code": "x", "message": "no S3CRET-421", "param": None},
        ),
        complete=False,
        failed=True,
    ),
    Vector("responses cut *", "openai_responses", numbered(CREATED, *TALK[:6]), complete=False),
    Vector(
        "responses first is an error",
        "openai_responses",
        numbered({"type": "error", "error": {"message": "boom"}}),
        complete=False,
        failed=True,
        path="/v1/responses",
    ),
)

# --- Anthropic ---------------------------------------------------------------------------------

START = {
    "type": "message_start",
    "message": {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 25, "output_tokens": 1},
    },
}


def block(index: int, begin: Mapping[str, Any], *deltas: Mapping[str, Any]) -> list[Any]:
    return [
        {"type": "content_block_start", "index": index, "content_block": dict(begin)},
        *({"type": "content_block_delta", "index": index, "delta": dict(one)} for one in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_block(index: int, pieces: Iterable[str], begin: str = "") -> list[Any]:
    deltas = ({"type": "text_delta", "text": piece} for piece in pieces)
    return block(index, {"type": "text", "text": begin}, *deltas)


def end(reason: str = "end_turn", stop_sequence: str | None = None) -> list[Any]:
    return [
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": stop_sequence},
            "usage": {"output_tokens": 5},
        },
        {"type": "message_stop"},
    ]


def anthropic(*events: Any) -> bytes:
    return sse(START, *events, named=True)


PING = b'event: ping\ndata: {"type": "ping"}\n\n'
THINKING = block(
    0,
    {"type": "thinking", "thinking": "", "signature": ""},
    *({"type": "thinking_delta", "thinking": piece} for piece in PIECES),
    {"type": "signature_delta", "signature": "c2lnbmF0dXJl"},
)
ANTHROPIC = (
    Vector(
        "anthropic short",
        "anthropic",
        anthropic(*text_block(0, ("Hello", " wörld \u2028\u0085", " 😀")), *end()) + PING,
    ),
    Vector("anthropic ping first *", "anthropic", PING + anthropic(*text_block(0, PIECES), *end())),
    Vector(
        "anthropic begun block *",
        "anthropic",
        anthropic(*text_block(0, ("RET-4", "21 x"), "S3C"), *end("stop_sequence", "S3CRET-421")),
    ),
    Vector(
        "anthropic thinking *",
        "anthropic",
        anthropic(
            *THINKING,
            *block(1, {"type": "redacted_thinking", "data": "b3BhcXVl"}),
            *text_block(2, ("Hi ", "there")),
            *end(),
        ),
    ),
    Vector(
        "anthropic signed and clean",
        "anthropic",
        anthropic(
            *block(
                0,
                {"type": "thinking", "thinking": "", "signature": ""},
                {"type": "thinking_delta", "thinking": "hm"},
                {"type": "signature_delta", "signature": "c2lnbmF0dXJl"},
            ),
            *end(),
        ),
    ),
    Vector(
        "anthropic tool *",
        "anthropic",
        anthropic(
            *text_block(0, ("Let me", " ask.")),
            *block(
                1,
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
                {"type": "input_json_delta", "partial_json": ""},
                *({"type": "input_json_delta", "partial_json": piece} for piece in ARGUMENTS),
            ),
            *end("tool_use"),
        ),
    ),
    Vector(
        "anthropic citations and results *",
        "anthropic",
        anthropic(
            *block(
                0,
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "t",
                    "content": [
                        {
                            "type": "web_search_result",
                            "title": "S3CRET-421",
                            "url": "https://x",
                            "encrypted_content": "b3BhcXVl",
                        }
                    ],
                },
            ),
            *block(
                1,
                {"type": "text", "text": "", "citations": []},
                {"type": "text_delta", "text": "see S3CRET-421"},
                {
                    "type": "citations_delta",
                    "citation": {"type": "char_location", "cited_text": "S3CRET-421"},
                },
            ),
            *end(),
        ),
    ),
    Vector(
        "anthropic max tokens *",
        "anthropic",
        anthropic(*text_block(0, PIECES), *end("max_tokens")),
        complete=False,
    ),
    Vector(
        "anthropic refusal", "anthropic", anthropic(*text_block(0, "no"), *end("refusal")), False
    ),
    Vector(
        "anthropic error *",
        "anthropic",
        anthropic(
            *text_block(0, PIECES)[:3],
            {"type": "error", "error": {"type": "overloaded_error", "message": "S3CRET-421"}},
        ),
        complete=False,
        failed=True,
    ),
    Vector(
        "anthropic plain error *",
        "anthropic",
        anthropic(*text_block(0, PIECES)[:3]) + b"event: error\ndata: no S3CRET-421\n\n",
        complete=False,
        failed=True,
    ),
    Vector("anthropic cut *", "anthropic", anthropic(*text_block(0, PIECES)[:4]), complete=False),
    Vector("anthropic no stop", "anthropic", anthropic(*text_block(0, "ab"), end()[0]), False),
    Vector(
        "anthropic first is an error",
        "anthropic",
        sse({"type": "error", "error": {"type": "api_error", "message": "boom"}}, named=True),
        complete=False,
        failed=True,
        path="/v1/messages",
    ),
)

# --- Ollama ------------------------------------------------------------------------------------


def ndjson(*values: Any) -> bytes:
    return b"".join(line(value).encode() + b"\n" for value in values)


def said(content: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "created_at": "2025-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": content, **more},
        "done": False,
    }


def generated(text: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "created_at": "2025-01-01T00:00:00Z",
        "response": text,
        "done": False,
        **more,
    }


FINAL = {"done": True, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 37}


def ollama(name: str, *values: Any, **more: Any) -> Vector:
    return Vector(name, "ollama", ndjson(*values), content_type=NDJSON_TYPE, **more)


OLLAMA = (
    ollama("ollama short", said("Hello"), said(" wörld \u2028"), {**said(" 😀"), **FINAL}),
    ollama(
        "ollama thinking *",
        *(said("", thinking=piece) for piece in PIECES),
        *(said(piece) for piece in PIECES),
        {**said(" and S3CRET-421"), **FINAL},
    ),
    ollama(
        "ollama tool *",
        said(
            "",
            tool_calls=[
                {"function": {"name": "f", "arguments": {"to": "S3CRET-421", "id": "S3CRET-421"}}}
            ],
        ),
        {**said(""), **FINAL},
    ),
    ollama(
        "ollama generate *",
        *(generated(piece, logprobs=tokens(piece)) for piece in PIECES),
        generated("", **{**FINAL, "context": [1, 2, 3]}),
    ),
    ollama("ollama context", generated("Hi"), generated("", **{**FINAL, "context": [1, 2, 3]})),
    ollama(
        "ollama length *",
        *(said(piece) for piece in PIECES),
        {**said(""), **FINAL, "done_reason": "length"},
        complete=False,
    ),
    ollama(
        "ollama error *",
        said("Hello S3CRET-"),
        {"error": "no S3CRET-421"},
        complete=False,
        failed=True,
    ),
    ollama("ollama cut *", *(said(piece) for piece in PIECES), complete=False),
    ollama("ollama bare error", {"error": "boom"}, complete=False, failed=True, path="/api/chat"),
)

# --- AI SDK ------------------------------------------------------------------------------------


def part(sort: str, identity: str, pieces: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {"type": f"{sort}-start", "id": identity},
        *({"type": f"{sort}-delta", "id": identity, "delta": piece} for piece in pieces),
        {"type": f"{sort}-end", "id": identity},
    ]


def tool(identity: str, pieces: Iterable[str], value: Any, **more: Any) -> list[dict[str, Any]]:
    call = {"toolCallId": identity, "toolName": "f"}
    return [
        {"type": "tool-input-start", **call, **more},
        *(
            {"type": "tool-input-delta", "toolCallId": identity, "inputTextDelta": piece}
            for piece in pieces
        ),
        {"type": "tool-input-available", **call, "input": value},
    ]


def ui(*chunks: Any, reason: str | None = "stop", done: bool = True) -> bytes:
    finish: dict[str, Any] = {"type": "finish"} | ({"finishReason": reason} if reason else {})
    return sse(
        {"type": "start", "messageId": "m1"},
        {"type": "start-step"},
        *chunks,
        *([{"type": "finish-step"}, finish, "[DONE]"] if done else []),
    )


UI_HEADER = {"x-vercel-ai-ui-message-stream": "v1"}
UI = (
    Vector("ui short", "ai_sdk_ui", ui(*part("text", "0", ("Hello", " wörld\u2028", " 😀")))),
    Vector("ui text *", "ai_sdk_ui", b": stream-open\n\n" + ui(*part("text", "0", PIECES))),
    Vector(
        "ui same id twice *",
        "ai_sdk_ui",
        ui(*part("reasoning", "0", PIECES), *part("text", "0", PIECES), reason=None),
        headers=UI_HEADER,
    ),
    Vector(
        "ui interleaved *",
        "ai_sdk_ui",
        ui(
            *(
                chunk
                for pair in zip(
                    part("text", "a", PIECES), part("reasoning", "b", PIECES), strict=True
                )
                for chunk in pair
            )
        ),
    ),
    Vector(
        "ui tools *",
        "ai_sdk_ui",
        ui(
            *tool("c1", ARGUMENTS, json.loads("".join(ARGUMENTS))),
            *tool("c2", PIECES, SAID, inputEncoding="text"),
            *tool("c3", (), {"id": "S3CRET-421"}),
            {"type": "tool-output-available", "toolCallId": "c1", "output": {"id": "S3CRET-421"}},
            {"type": "tool-output-error", "toolCallId": "c2", "errorText": "S3CRET-421"},
            reason="tool-calls",
        ),
    ),
    Vector(
        "ui data and sources *",
        "ai_sdk_ui",
        ui(
            {"type": "data-delta", "data": "x S3C", "transient": True},
            {"type": "data-delta", "data": "RET-421", "transient": True},
            {"type": "data-card", "id": "1", "data": {"type": "S3CRET-421"}},
            {"type": "source-url", "sourceId": "s", "url": "https://x", "title": "S3CRET-421"},
            {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,QUJD"},
            {"type": "file", "mediaType": "text/html", "url": "https://x/S3CRET-421"},
            {"type": "message-metadata", "messageMetadata": {"id": "S3CRET-421"}},
        ),
        headers=UI_HEADER,
    ),
    Vector(
        "ui length *", "ai_sdk_ui", ui(*part("text", "0", PIECES), reason="length"), complete=False
    ),
    Vector(
        "ui error *",
        "ai_sdk_ui",
        ui(*part("text", "0", PIECES)[:3], {"type": "error", "errorText": "S3CRET-421"}),
        complete=False,
        failed=True,
    ),
    Vector(
        "ui abort *",
        "ai_sdk_ui",
        ui(*part("text", "0", PIECES)[:3], {"type": "abort", "reason": "S3CRET-421"}, done=False)
        + b"data: [DONE]\n\n",
        complete=False,
        failed=True,
    ),
    Vector("ui cut *", "ai_sdk_ui", ui(*part("text", "0", PIECES)[:4], done=False), complete=False),
)

# --- Shapes that nobody described --------------------------------------------------------------

UNKNOWN = (
    Vector(
        "unknown json *",
        "unknown_json",
        sse(
            {"type": "start"} | {"run": 1},
            *({"type": "token", "content": piece} for piece in PIECES),
            {"type": "end", "answer": SAID, "id": 7},
            "keepalive",
            "[DONE]",
        ),
    ),
    Vector("unknown json strings *", "unknown_json", sse(*(line(piece) for piece in PIECES))),
    Vector(
        "unknown json error *",
        "unknown_json",
        sse({"token": "a S3C"}, {"token": "RET-421"}, {"error": "no S3CRET-421"}),
        complete=False,
        failed=True,
    ),
    Vector(
        "unknown ndjson *",
        "unknown_ndjson",
        ndjson(*({"token": piece} for piece in PIECES), {"full": SAID}),
        content_type=NDJSON_TYPE,
    ),
    Vector(
        "greeting, then json *",
        "raw_sse",
        sse("connected", *({"choices": [{"delta": {"content": piece}}]} for piece in PIECES))
        + sse({"status": SAID}, "[DONE]"),
    ),
    Vector("raw sse *", "raw_sse", sse(*PIECES, "a\ndata: b", "[DONE]")),
    Vector(
        "raw sse error *",
        "raw_sse",
        sse(*PIECES) + b"event: error\ndata: no S3CRET-421\n\n",
        complete=False,
        failed=True,
    ),
    Vector("plain *", "plain_text", f"é {SAID} 😀".encode(), content_type="text/plain"),
)

VECTORS = (
    *CHAT,
    *SPEAKERS,
    *RESPONSES,
    *ANTHROPIC,
    *OLLAMA,
    *UI,
    *GEMINI,
    *INTERACTIONS,
    *TOKENS,
    *ASSISTANTS,
    *AI_SDK_DATA,
    *BEDROCK,
    *AGENTS,
    *UNKNOWN,
)
