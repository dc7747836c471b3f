"""Streams of Bedrock's ``ConverseStream``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vector import ARGUMENTS, PIECES, Vector, line

from streamward.wire import EVENT_STREAM

TYPE = "application/vnd.amazon.eventstream"
ODD = ("x \ud83d", "\ude00S3CRET-", "421\ud83d", " y")


def message(kind: str, **value: Any) -> bytes:
    return EVENT_STREAM.build(line({**value, "p": "abcd"}).encode(), kind)


def block(index: int, *deltas: dict[str, Any]) -> list[bytes]:
    return [
        *(message("contentBlockDelta", contentBlockIndex=index, delta=delta) for delta in deltas),
        message("contentBlockStop", contentBlockIndex=index),
    ]


def texts(pieces: Iterable[str]) -> list[dict[str, Any]]:
    return [{"text": piece} for piece in pieces]


def stop(reason: str = "end_turn") -> list[bytes]:
    usage = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
    return [message("messageStop", stopReason=reason), message("metadata", usage=usage)]


START = message("messageStart", role="assistant")
THOUGHTS = block(
    0,
    *({"reasoningContent": {"text": piece}} for piece in PIECES),
    {"reasoningContent": {"signature": "c2lnbmVk"}},
)
TOOL = [
    message(
        "contentBlockStart", contentBlockIndex=2, start={"toolUse": {"toolUseId": "t", "name": "f"}}
    ),
    *block(2, *({"toolUse": {"input": piece}} for piece in ARGUMENTS)),
]
BEDROCK = tuple(
    Vector(
        f"bedrock {name}", "bedrock_converse", START + b"".join(frames), content_type=TYPE, **more
    )
    for name, frames, more in (
        ("short", [*block(0, *texts(("Hello", " wörld\u2028", " 😀"))), *stop()], {}),
        ("text *", [*block(0, *texts(PIECES)), *stop()], {}),
        ("signed thoughts *", [*THOUGHTS, *block(1, *texts(PIECES)), *stop()], {}),
        ("tool *", [*block(1, *texts(PIECES)), *TOOL, *stop("tool_use")], {}),
        (
            "interleaved *",
            [
                frame
                for pair in zip(block(0, *texts(PIECES)), block(1, *texts(PIECES)), strict=True)
                for frame in pair
            ]
            + stop(),
            {},
        ),
        (
            "citations and results *",
            [
                *block(
                    0,
                    {
                        "citation": {
                            "title": "S3CRET-421",
                            "sourceContent": [{"text": "S3CRET-421"}],
                        }
                    },
                    {"reasoningContent": {"redactedContent": "QUJD"}},
                ),
                *block(1, *({"toolResult": [{"text": piece}]} for piece in PIECES)),
                *stop()[:1],
                message("metadata", trace={"guardrail": {"modelOutput": ["S3CRET-421"]}}),
            ],
            {},
        ),
        ("split surrogates *", [*block(0, *texts(ODD)), *stop()], {}),
        (
            "max tokens *",
            [*block(0, *texts(PIECES)), *stop("max_tokens")],
            {"complete": False, "early": "length"},
        ),
        (
            "guardrail *",
            [*block(0, *texts(PIECES)), *stop("guardrail_intervened")],
            {"complete": False, "early": "content_filter"},
        ),
        ("cut *", block(0, *texts(PIECES)), {"complete": False}),
        (
            "exception *",
            [
                *block(0, *texts(PIECES))[:2],
                message("modelStreamErrorException", message="no S3CRET-421"),
            ],
            {"complete": False, "failed": True},
        ),
    )
)
