"""Streams of Gemini's ``streamGenerateContent``, over SSE and as an array."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vector import ARGUMENTS, PIECES, SAID, Vector, line, sse

PATH = "/v1beta/models/gemini-x:streamGenerateContent"
USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 2, "totalTokenCount": 11}


def candidate(*parts: Any, index: int | None = 0, **more: Any) -> dict[str, Any]:
    numbered = {} if index is None else {"index": index}
    return {"content": {"parts": list(parts), "role": "model"}, **numbered, **more}


def generated(*candidates: Any, **more: Any) -> dict[str, Any]:
    envelope = {"usageMetadata": USAGE, "modelVersion": "gemini-x", "responseId": "r"}
    return {"candidates": list(candidates), **envelope, **more}


def texts(pieces: Iterable[str], **more: Any) -> list[dict[str, Any]]:
    return [generated(candidate({"text": piece, **more})) for piece in pieces]


def stop(*parts: Any, reason: str = "STOP", **more: Any) -> dict[str, Any]:
    return generated(candidate(*parts, finishReason=reason, **more))


def native(*frames: Any) -> bytes:
    """Write frames with the line ends that Google sends."""
    return sse(*frames).replace(b"\n", b"\r\n")


def array(*frames: Any) -> bytes:
    return ("[" + ",\r\n".join(line(frame) for frame in frames) + "]\n").encode()


CALL = {"name": "f", "args": {"to": "S3CRET-421", "id": "S3CRET-421", "n": 1.50}, "id": "c1"}
STREAMS: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...] = (
    ("short", (*texts(("Hello", " wörld\u2028\u0085", " 😀", " bye")), stop()), {}),
    ("text *", (*texts(PIECES), stop({"text": " and S3CRET-421"})), {}),
    (
        "thoughts and text *",
        (
            *texts(PIECES, thought=True),
            *texts(PIECES),
            generated(candidate({"text": "", "thoughtSignature": "c2lnbmVk"})),
            stop(),
        ),
        {},
    ),
    (
        "both in one frame *",
        (
            generated(candidate({"text": "I think", "thought": True}, {"text": "a S3C"})),
            generated(candidate({"text": "RET-421 ok"})),
            stop(),
        ),
        {},
    ),
    (
        "two candidates *",
        (
            *(
                generated(candidate({"text": piece}), candidate({"text": piece}, index=1))
                for piece in PIECES
            ),
            generated(
                candidate(finishReason="STOP"),
                candidate({"text": "."}, index=1, finishReason="STOP"),
            ),
        ),
        {},
    ),
    (
        "no index *",
        (
            *(generated(candidate({"text": piece}, index=None)) for piece in PIECES),
            generated(candidate(index=None, finishReason="STOP")),
        ),
        {},
    ),
    (
        "function call *",
        (
            *texts(("I call S3CRET-", "421")),
            generated(candidate({"functionCall": CALL, "thoughtSignature": "b3BhcXVl"})),
            stop(),
        ),
        {},
    ),
    (
        "arguments in pieces *",
        (
            *(
                generated(
                    candidate(
                        {
                            "functionCall": {
                                "name": "f",
                                "partialArgs": [
                                    {
                                        "jsonPath": "$.to",
                                        "stringValue": piece,
                                        "willContinue": piece != PIECES[-1],
                                    },
                                    {"jsonPath": "$.cc", "stringValue": piece},
                                ],
                                "willContinue": piece != PIECES[-1],
                            }
                        }
                    )
                )
                for piece in PIECES
            ),
            stop(),
        ),
        {},
    ),
    (
        "everything else *",
        (
            generated(
                candidate(
                    {"executableCode": {"language": "PYTHON", "code": "print('S3CRET-421')"}},
                    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "S3CRET-421"}},
                    {"inlineData": {"mimeType": "image/png", "data": "QUJD" * 40}},
                    groundingMetadata={
                        "webSearchQueries": ["S3CRET-421"],
                        "searchEntryPoint": {"renderedContent": "<b>S3CRET-421</b>"},
                        "groundingChunks": [{"web": {"uri": "https://x", "title": "S3CRET-421"}}],
                        "groundingSupports": [
                            {
                                "segment": {"endIndex": 9, "text": "S3CRET-421"},
                                "confidenceScores": [],
                            }
                        ],
                    },
                    citationMetadata={"citations": [{"uri": "https://x/S3CRET-421"}]},
                    finishMessage="S3CRET-421",
                )
            ),
            stop(),
        ),
        {},
    ),
    (
        "logprobs *",
        (
            *(
                generated(
                    candidate(
                        {"text": piece},
                        logprobsResult={"chosenCandidates": [{"token": piece, "tokenId": 7}]},
                    )
                )
                for piece in PIECES
            ),
            stop(),
        ),
        {},
    ),
    (
        "blocked prompt *",
        ({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "S3CRET-421"}},),
        {"complete": False},
    ),
    (
        "max tokens *",
        (*texts(PIECES), stop(reason="MAX_TOKENS")),
        {"complete": False, "early": "length"},
    ),
    (
        "safety *",
        (*texts(PIECES), stop(reason="SAFETY")),
        {"complete": False, "early": "content_filter"},
    ),
    ("cut *", texts(PIECES), {"complete": False}),
    (
        "one of two unfinished *",
        (
            *(
                generated(candidate({"text": piece}), candidate({"text": piece}, index=1))
                for piece in PIECES
            ),
            stop(),
        ),
        {"complete": False},
    ),
    (
        "error *",
        (
            *texts(PIECES[:2]),
            {"error": {"code": 503, "message": "no S3CRET-421", "status": "UNAVAILABLE"}},
        ),
        {"complete": False, "failed": True},
    ),
    (
        "tokens run ahead *",
        (
            generated(
                candidate(
                    {"text": "Call"},
                    logprobsResult={"chosenCandidates": [{"token": "Call S3CRET-421"}]},
                )
            ),
            *texts((" S3CRET-421", " ok")),
            stop(),
        ),
        {},
    ),
    ("split surrogates *", (*texts(("x \ud83d", "\ude00S3CRET-", "421\ud83d", " y")), stop()), {}),
    ("json answer *", (*texts(ARGUMENTS), stop()), {}),
    ("empty frames *", ({}, *texts(PIECES), {}, stop()), {}),
)

GEMINI = (
    *(
        Vector(f"gemini {name}", "gemini", native(*frames), path=PATH, **more)
        for name, frames, more in STREAMS
    ),
    *(
        Vector(
            f"gemini array {name}",
            "gemini_array",
            array(*frames),
            path=PATH,
            content_type="application/json",
            **more,
        )
        for name, frames, more in STREAMS
    ),
    Vector("gemini lf *", "gemini", sse(*texts(PIECES), stop())),
    Vector(
        "gemini comments *",
        "gemini",
        b": S3CRET-421\n\n" + sse(generated(candidate({"text": SAID})), stop()),
    ),
)

# --- Interactions ------------------------------------------------------------------------------


def interaction(*events: dict[str, Any]) -> bytes:
    return "".join(
        f"event: {event['event_type']}\ndata: {line(event)}\n\n" for event in events
    ).encode()


def of_step(index: int, kind: str, *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"event_type": "step.start", "index": index, "step": {"type": kind}},
        *({"event_type": "step.delta", "index": index, "delta": delta} for delta in deltas),
        {"event_type": "step.stop", "index": index},
    ]


def ended(status: str = "completed", **more: Any) -> dict[str, Any]:
    usage = {"total_input_tokens": 11, "total_output_tokens": 7}
    inner = {"id": "i1", "status": status, "usage": usage, **more}
    return {"event_type": "interaction.completed", "interaction": inner}


BEGUN = {"event_type": "interaction.created", "interaction": {"id": "i1", "status": "in_progress"}}
INTERACTIONS = tuple(
    Vector(f"interactions {name}", "gemini_interactions", body, **more)
    for name, body, more in (
        (
            "short",
            interaction(
                BEGUN,
                *of_step(
                    0,
                    "model_output",
                    *({"type": "text", "text": t} for t in ("Hello", " 😀\u2028")),
                ),
                ended(),
            )
            + b"event: done\ndata: [DONE]\n\n",
            {},
        ),
        (
            "thoughts, text and a call *",
            interaction(
                BEGUN,
                *of_step(
                    0,
                    "thought",
                    *(
                        {"type": "thought_summary", "content": {"type": "text", "text": piece}}
                        for piece in PIECES
                    ),
                    {"type": "thought_signature", "signature": "c2ln"},
                ),
                *of_step(1, "model_output", *({"type": "text", "text": piece} for piece in PIECES)),
                *of_step(
                    2,
                    "function_call",
                    *({"type": "arguments_delta", "arguments": piece} for piece in ARGUMENTS),
                ),
                ended(
                    steps=[{"type": "model_output", "content": [{"type": "text", "text": SAID}]}]
                ),
            ),
            {},
        ),
        (
            "split surrogates *",
            interaction(
                BEGUN,
                *of_step(
                    0,
                    "model_output",
                    *(
                        {"type": "text", "text": t}
                        for t in ("x \ud83d", "\ude00S3CRET-", "421\ud83d", " y")
                    ),
                ),
                ended(),
            ),
            {},
        ),
        (
            "cut *",
            interaction(
                BEGUN, *of_step(0, "model_output", *({"type": "text", "text": t} for t in PIECES))
            ),
            {"complete": False},
        ),
        (
            "failed *",
            interaction(BEGUN, ended("failed", reason="S3CRET-421")),
            {"complete": False, "early": "other"},
        ),
        (
            "error *",
            interaction(BEGUN, {"event_type": "error", "error": {"message": "no S3CRET-421"}}),
            {"complete": False, "failed": True},
        ),
        (
            "crlf and comments *",
            b"\xef\xbb\xbf: S3CRET-421\r\n\r\n"
            + interaction(
                BEGUN,
                *of_step(0, "model_output", *({"type": "text", "text": t} for t in PIECES)),
                ended(),
            ).replace(b"\n", b"\r\n"),
            {},
        ),
    )
)
