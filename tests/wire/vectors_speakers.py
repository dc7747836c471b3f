"""OpenAI chat as others speak it: each server's own fields and habits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vector import PIECES, Vector, line, sse

ENVELOPE = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def chunk(delta: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {**ENVELOPE, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def said(pieces: Iterable[str], name: str = "content") -> list[dict[str, Any]]:
    return [chunk({name: piece}) for piece in pieces]


STOP = chunk({}, "stop")
SPEAKERS = tuple(
    Vector(f"{name}", "openai_chat", body, **more)
    for name, body, more in (
        (
            "vllm, usage on every chunk and token ids *",
            b": keep-alive\n\n"
            + sse(
                chunk({"role": "assistant"}, prompt_token_ids=[1], prompt_text="S3CRET-421"),
                *(
                    {
                        **ENVELOPE,
                        "choices": [
                            {
                                "index": 0,
                                "delta": {"reasoning": piece},
                                "finish_reason": None,
                                "token_ids": [1, 2],
                                "stop_reason": None,
                            }
                        ],
                        "usage": USAGE,
                    }
                    for piece in PIECES
                ),
                *said(PIECES),
                chunk({}, "stop", usage=USAGE),
                "[DONE]",
            ),
            {},
        ),
        (
            "vllm, an error and then the end marker *",
            sse(
                *said(PIECES[:2]),
                {"error": {"message": "no S3CRET-421", "type": "BadRequest", "code": 400}},
                "[DONE]",
            ),
            {"complete": False, "failed": True},
        ),
        (
            "deepseek, reasoning and then content *",
            b": keep-alive\n\n"
            + sse(
                *(chunk({"content": None, "reasoning_content": piece}) for piece in PIECES),
                *(chunk({"content": piece, "reasoning_content": None}) for piece in PIECES),
                chunk({"content": "", "reasoning_content": None}, "stop", usage=USAGE),
                "[DONE]",
            ),
            {},
        ),
        (
            "openrouter, comments between the frames *",
            b"".join(
                b": OPENROUTER PROCESSING\n\n" + f"data: {line(one)}\n\n".encode()
                for one in (
                    *(
                        chunk(
                            {
                                "content": "",
                                "reasoning": piece,
                                "reasoning_details": [
                                    {"type": "reasoning.summary", "summary": piece, "index": 0},
                                    {"type": "reasoning.encrypted", "data": "QUJD", "index": 1},
                                ],
                            },
                            provider="x",
                        )
                        for piece in PIECES
                    ),
                    *said(PIECES),
                    chunk({"content": ""}, "stop", usage=USAGE),
                )
            )
            + b"data: [DONE]\n\n",
            {},
        ),
        (
            "openrouter, an error beside a choice *",
            sse(
                *said(PIECES[:2]),
                chunk(
                    {"content": ""},
                    "error",
                    error={
                        "code": 502,
                        "message": "no S3CRET-421",
                        "metadata": {"raw": "S3CRET-421"},
                    },
                ),
                "[DONE]",
            ),
            {"complete": False, "failed": True},
        ),
        (
            "mistral, text and references in a list *",
            sse(
                chunk({"role": "assistant", "content": ""}),
                *(
                    chunk(
                        {
                            "content": [
                                {"type": "thinking", "thinking": [{"type": "text", "text": piece}]}
                            ]
                        }
                    )
                    for piece in PIECES
                ),
                *(chunk({"content": [{"type": "text", "text": piece}]}) for piece in PIECES),
                chunk({"content": [{"type": "reference", "reference_ids": [1]}, "S3CRET-421"]}),
                chunk({"content": ""}, "stop", usage=USAGE),
                "[DONE]",
            ),
            {},
        ),
        (
            "mistral, whole tool calls without an index *",
            sse(
                chunk(
                    {
                        "tool_calls": [
                            {"id": n, "function": {"name": "f", "arguments": '{"a":"S3CRET-421"}'}}
                            for n in ("a", "b")
                        ]
                    },
                    "tool_calls",
                ),
                "[DONE]",
            ),
            {},
        ),
        (
            "azure, filter frames before and behind the text *",
            sse(
                {
                    "id": "",
                    "object": "",
                    "created": 0,
                    "model": "",
                    "choices": [],
                    "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}],
                },
                *said(PIECES),
                STOP,
                {
                    "id": "",
                    "object": "",
                    "choices": [
                        {
                            "index": 0,
                            "finish_reason": None,
                            "content_filter_results": {"hate": {"filtered": False}},
                            "content_filter_offsets": {"check_offset": 0, "end_offset": 29},
                        }
                    ],
                },
                chunk({}, None, context={"citations": [{"content": "S3CRET-421", "title": "x"}]}),
                "[DONE]",
            ),
            {},
        ),
        (
            "groq, usage of its own and token ids *",
            sse(
                chunk({"role": "assistant"}, x_groq={"id": "req_1"}),
                *said(PIECES, "reasoning"),
                *said(PIECES),
                chunk({}, "stop", x_groq={"id": "req_1", "usage": USAGE}),
                "[DONE]",
            ),
            {},
        ),
        (
            "perplexity, citations on every chunk *",
            sse(
                *(
                    chunk(
                        {"content": piece},
                        citations=["https://x/S3CRET-421"],
                        search_results=[{"title": "S3CRET-421", "url": "https://x"}],
                    )
                    for piece in PIECES
                ),
                STOP,
                "[DONE]",
            ),
            {},
        ),
    )
)
