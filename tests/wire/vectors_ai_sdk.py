"""Streams of the AI SDK's data stream, version 1."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from vector import ARGUMENTS, PIECES, Vector, line

HEADERS = {"x-vercel-ai-data-stream": "v1"}
ODD = ("x \ud83d", "\ude00S3CRET-", "421\ud83d", " y")


def coded(*parts: tuple[str, Any]) -> bytes:
    return "".join(f"{code}:{line(value)}\n" for code, value in parts).encode()


def texts(pieces: Iterable[str], code: str = "0") -> list[tuple[str, Any]]:
    return [(code, piece) for piece in pieces]


def finish(reason: str = "stop", code: str = "d") -> tuple[str, Any]:
    return code, {"finishReason": reason, "usage": {"promptTokens": 11, "completionTokens": 7}}


def step(*parts: tuple[str, Any], reason: str = "stop") -> list[tuple[str, Any]]:
    return [("f", {"messageId": "m1"}), *parts, finish(reason, "e")]


def tool(identity: str, pieces: Iterable[str]) -> list[tuple[str, Any]]:
    call = {"toolCallId": identity, "toolName": "f"}
    spoken = [("c", {"toolCallId": identity, "argsTextDelta": piece}) for piece in pieces]
    return [("b", call), *spoken, ("9", {**call, "args": json.loads("".join(pieces))})]


def data(name: str, body: bytes, **more: Any) -> Vector:
    settings = {"content_type": "text/plain; charset=utf-8", "headers": HEADERS, **more}
    return Vector(f"data stream {name}", "ai_sdk_data", body, **settings)


AI_SDK_DATA = (
    data("short", coded(*step(*texts(("Hello", " wörld\u2028", " 😀"))), finish())),
    data("text *", coded(*step(*texts(PIECES)), finish())),
    data(
        "reasoning and text *",
        coded(*step(*texts(PIECES, "g"), ("j", {"signature": "c2ln"}), *texts(PIECES)), finish()),
    ),
    data(
        "tools *",
        coded(
            *step(
                *texts(("S3CRET-", "421 I call")),
                *tool("c1", ARGUMENTS),
                *tool("c2", ('{"a":"S3C', 'RET-421"}')),
                ("a", {"toolCallId": "c1", "result": {"id": "S3CRET-421"}}),
                reason="tool-calls",
            ),
            *step(*texts(PIECES)),
            finish(),
        ),
    ),
    data(
        "data and annotations *",
        coded(
            ("2", [{"data": "S3CRET-421"}, "S3CRET-421"]),
            ("8", [{"note": "S3CRET-421"}]),
            ("h", {"sourceType": "url", "id": "s", "url": "https://x", "title": "S3CRET-421"}),
            ("k", {"data": "QUJD" * 40, "mimeType": "image/png"}),
            finish(),
        ),
    ),
    data("split surrogates *", coded(*step(*texts(ODD)), finish())),
    data(
        "crlf and blank lines *",
        b"\r\n" + coded(*step(*texts(PIECES)), finish()).replace(b"\n", b"\r\n\r\n"),
    ),
    data("words without a code *", coded(*texts(PIECES)) + b"S3CRET-421\n" + coded(finish())),
    data("length *", coded(*texts(PIECES), finish("length")), complete=False, early="length"),
    data("cut *", coded(*step(*texts(PIECES))), complete=False),
    data("error *", coded(*texts(PIECES[:2]), ("3", "no S3CRET-421")), complete=False, failed=True),
)
