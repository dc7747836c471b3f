"""Streams that carry a token a frame: completions, TGI, llama.cpp; and Cohere's chat."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from vector import ARGUMENTS, PIECES, SAID, Vector, sse

ODD = ("x \ud83d", "\ude00S3CRET-", "421\ud83d", " y")
PLAIN = ("Hello", " wörld\u2028\u0085", " 😀", " bye")

# --- Legacy completions ------------------------------------------------------------------------


def completion(text: str, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"text": text, "index": index, "logprobs": None, "finish_reason": finish, **more}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "choices": [choice]}


def spelled(text: str, tokens: str | None = None) -> dict[str, Any]:
    """Log-probabilities as the API writes them: other tokens are names of an object."""
    said = [text] if tokens is None else [tokens]
    return {
        "tokens": said,
        "token_logprobs": [-0.1],
        "top_logprobs": [{one: -0.1, "other": -2.0} for one in said],
        "text_offset": [0],
    }


def completions(*frames: Any, done: bool = True, name: str, **more: Any) -> Vector:
    body = sse(*frames, *(["[DONE]"] if done else []))
    return Vector(f"completions {name}", "openai_completions", body, **more)


COUNTS = {
    "choices": [],
    "object": "text_completion",
    "usage": {"prompt_tokens": 11, "completion_tokens": 7},
}
STOP = completion("", "stop")
COMPLETIONS = (
    completions(*map(completion, PLAIN), STOP, COUNTS, name="short"),
    completions(*map(completion, PIECES), STOP, name="text *"),
    completions(*map(completion, ODD), STOP, name="split surrogates *"),
    completions(
        *map(completion, PIECES[:3]),
        completion(" or S3CRET-421", "stop"),
        name="text in the last frame *",
    ),
    completions(
        *(completion(piece, index=index) for piece in PIECES for index in (0, 1)),
        STOP,
        completion("", "stop", 1),
        name="two choices *",
    ),
    completions(
        *(completion(piece, logprobs=spelled(piece), token_ids=[1, 2]) for piece in PIECES),
        STOP,
        name="logprobs *",
    ),
    completions(
        completion("Call", logprobs=spelled("Call", "Call S3CRET-421")),
        *map(completion, (" S3CRET-421", " ok")),
        STOP,
        name="tokens run ahead *",
    ),
    completions(
        *map(completion, PIECES),
        completion("", "length"),
        name="length *",
        complete=False,
        early="length",
    ),
    completions(*map(completion, PIECES), name="no finish *", complete=False),
    completions(*map(completion, PIECES), STOP, done=False, name="no end marker *", complete=False),
    completions(
        *map(completion, PIECES[:2]),
        {"error": {"message": "no S3CRET-421", "type": "server_error", "code": "x"}},
        name="error *",
        complete=False,
        failed=True,
    ),
    Vector(
        "completions crlf and comments *",
        "openai_completions",
        b": keep-alive\r\n\r\n"
        + sse(*map(completion, PIECES), STOP, "[DONE]").replace(b"\n", b"\r\n")
        + b": bye S3CRET-421\r\n\r\n",
    ),
)

# --- Text Generation Inference -----------------------------------------------------------------


def token(text: str, *, special: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "index": 1,
        "token": {"id": 5, "text": text, "logprob": -0.1, "special": special},
        "top_tokens": [{"id": 5, "text": text, "logprob": -0.1, "special": special}],
        "generated_text": None,
        "details": None,
        **more,
    }


def last(text: str, reason: str = "eos_token") -> dict[str, Any]:
    details = {"finish_reason": reason, "generated_tokens": 37, "input_length": 11, "seed": None}
    return token("</s>", special=True, generated_text=text, details=details)


def tgi(*frames: Any) -> bytes:
    """Write frames as the server does: no space behind the colon."""
    return sse(*frames).replace(b"data: ", b"data:")


GENERATED = (
    Vector("tgi short", "tgi", tgi(*map(token, PLAIN), last("".join(PLAIN)))),
    Vector("tgi text *", "tgi", tgi(*map(token, PIECES), last(SAID))),
    Vector("tgi split surrogates *", "tgi", tgi(*map(token, ODD), last(""))),
    Vector(
        "tgi no details *",
        "tgi",
        tgi(*map(token, PIECES), {**last(SAID), "details": None}),
        complete=False,
    ),
    Vector(
        "tgi length *",
        "tgi",
        tgi(*map(token, PIECES), last(SAID, "length")),
        complete=False,
        early="length",
    ),
    Vector("tgi cut *", "tgi", tgi(*map(token, PIECES)), complete=False),
    Vector(
        "tgi error *",
        "tgi",
        tgi(*map(token, PIECES[:2]), {"error": "no S3CRET-421", "error_type": "generation"}),
        complete=False,
        failed=True,
    ),
    Vector(
        "tgi crlf and comments *",
        "tgi",
        b":S3CRET-421\r\n\r\n" + tgi(*map(token, PIECES), last(SAID)).replace(b"\n", b"\r\n"),
    ),
)

# --- llama.cpp ---------------------------------------------------------------------------------


def piece(text: str, **more: Any) -> dict[str, Any]:
    return {"index": 0, "content": text, "tokens": [7], "stop": False, "id_slot": 0, **more}


def over(**more: Any) -> dict[str, Any]:
    end = {"stop": True, "stop_type": "eos", "tokens_evaluated": 11, "tokens_predicted": 7}
    return {**piece(""), **end, "prompt": "Never say S3CRET-421", "timings": {"n": 1.5}, **more}


LLAMA = (
    Vector("llama short", "llama_cpp", sse(*map(piece, PLAIN), over(prompt="hi"))),
    Vector("llama text *", "llama_cpp", sse(*map(piece, PIECES), over())),
    Vector("llama split surrogates *", "llama_cpp", sse(*map(piece, ODD), over())),
    Vector(
        "llama probabilities *",
        "llama_cpp",
        sse(
            *(
                piece(text, completion_probabilities=[{"token": text, "top_logprobs": []}])
                for text in PIECES
            ),
            over(),
        ),
    ),
    Vector(
        "llama limit *",
        "llama_cpp",
        sse(*map(piece, PIECES), over(stop_type="limit")),
        complete=False,
        early="length",
    ),
    Vector("llama cut *", "llama_cpp", sse(*map(piece, PIECES)), complete=False),
    Vector(
        "llama error *",
        "llama_cpp",
        sse(*map(piece, PIECES[:2]), {"error": {"code": 500, "message": "no S3CRET-421"}}),
        complete=False,
        failed=True,
    ),
    Vector(
        "llama error in a field of its own *",
        "llama_cpp",
        sse(*map(piece, PIECES)) + b'error: {"message": "S3CRET-421"}\n\n',
        complete=False,
    ),
    Vector(
        "llama crlf and comments *",
        "llama_cpp",
        b": S3CRET-421\r\n\r\n" + sse(*map(piece, PIECES), over()).replace(b"\n", b"\r\n"),
    ),
)

# --- Cohere ------------------------------------------------------------------------------------


def cohere_event(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    numbered = {} if index is None else {"index": index}
    return {"type": kind, **numbered, **({"delta": {"message": message}} if message else {})}


def content(index: int, pieces: Iterable[str], name: str = "text") -> list[dict[str, Any]]:
    return [
        cohere_event("content-start", index, content={"type": name, name: ""}),
        *(cohere_event("content-delta", index, content={name: one}) for one in pieces),
        cohere_event("content-end", index),
    ]


def called(index: int, pieces: Iterable[str]) -> list[dict[str, Any]]:
    call = {"id": "f_1", "type": "function", "function": {"name": "f", "arguments": ""}}
    return [
        cohere_event("tool-call-start", index, tool_calls=call),
        *(
            cohere_event("tool-call-delta", index, tool_calls={"function": {"arguments": one}})
            for one in pieces
        ),
        cohere_event("tool-call-end", index),
    ]


def end(reason: str = "COMPLETE", **more: Any) -> dict[str, Any]:
    usage = {
        "billed_units": {"input_tokens": 9},
        "tokens": {"input_tokens": 11, "output_tokens": 7},
    }
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": usage, **more}}


def cohere(*events: Any) -> bytes:
    start = {"type": "message-start", "id": "m", "delta": {"message": {"role": "assistant"}}}
    return sse(start, *events, named=True)


CITATION = {
    "start": 0,
    "end": 4,
    "text": "S3CRET-421",
    "sources": [{"type": "document", "id": "d", "document": {"id": "1", "snippet": "S3CRET-421"}}],
}
COHERE = (
    Vector("cohere short", "cohere_v2", cohere(*content(0, PLAIN), end()) + b"data: [DONE]\n\n"),
    Vector("cohere text *", "cohere_v2", cohere(*content(0, PIECES), end())),
    Vector(
        "cohere thinking and text *",
        "cohere_v2",
        cohere(*content(0, PIECES, "thinking"), *content(1, PIECES), end()),
    ),
    Vector(
        "cohere plan and tools *",
        "cohere_v2",
        cohere(
            *(cohere_event("tool-plan-delta", tool_plan=one) for one in PIECES),
            *called(0, ARGUMENTS),
            *called(1, ('{"a":"S3C', 'RET-421"}')),
            end("TOOL_CALL"),
        ),
    ),
    Vector(
        "cohere interleaved *",
        "cohere_v2",
        cohere(
            *(
                event
                for pair in zip(
                    content(0, PIECES), called(0, (*ARGUMENTS[:2], *ARGUMENTS[2:])), strict=False
                )
                for event in pair
            ),
            cohere_event("tool-call-end", 0),
            end(),
        ),
    ),
    Vector(
        "cohere citations and logprobs *",
        "cohere_v2",
        cohere(
            *content(0, PLAIN)[:-1],
            cohere_event("citation-start", 0, citations=CITATION),
            cohere_event("citation-end", 0),
            {
                **cohere_event("content-delta", 0, content={"text": "S3CRET-421"}),
                "logprobs": {"text": "S3CRET-421", "token_ids": [1], "logprobs": [-0.1]},
            },
            cohere_event("content-end", 0),
            end(),
        ),
    ),
    Vector("cohere split surrogates *", "cohere_v2", cohere(*content(0, ODD), end())),
    Vector(
        "cohere max tokens *",
        "cohere_v2",
        cohere(*content(0, PIECES), end("MAX_TOKENS")),
        complete=False,
        early="length",
    ),
    Vector("cohere cut *", "cohere_v2", cohere(*content(0, PIECES)), complete=False),
    Vector(
        "cohere error *",
        "cohere_v2",
        cohere(*content(0, PIECES)[:3], end("ERROR", error="no S3CRET-421")),
        complete=False,
        failed=True,
    ),
    Vector(
        "cohere crlf and comments *",
        "cohere_v2",
        b": S3CRET-421\r\n\r\n" + cohere(*content(0, PIECES), end()).replace(b"\n", b"\r\n"),
    ),
)
assert json.loads("".join(ARGUMENTS))

TOKENS = (*COMPLETIONS, *GENERATED, *LLAMA, *COHERE)
