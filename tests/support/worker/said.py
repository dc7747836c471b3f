"""Answers in two dialects, for :class:`support.worker.origin.Answer`; and who reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai

__all__ = ["BEGUN", "CHAT", "MESSAGES", "WHOLE_CHAT", "chunk", "event", "say", "write"]

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"


def chunk(text: str, finish: str | None = None) -> bytes:
    """Return one chunk of a chat completion."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**body, 'choices': [choice]})}\n\n".encode()


def event(kind: str, **more: Any) -> bytes:
    """Return one event of a message."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()


WHOLE_CHAT = (chunk("Hé"), chunk("llo", "stop"), b"data: [DONE]\n\n")
BEGUN = (
    event(
        "message_start",
        message={
            "id": "m",
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": "m",
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        },
    ),
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hé"}),
)


def say(base: str) -> Iterator[str]:
    """Ask for a chat completion as the official client does."""
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="k", max_retries=0)
    asked: Any = [{"role": "user", "content": "x"}]
    with client.chat.completions.create(model="m", messages=asked, stream=True) as stream:
        for one in stream:
            yield one.choices[0].delta.content or ""


def write(base: str) -> str:
    """Ask for a message as the official client does."""
    client = anthropic.Anthropic(base_url=base, api_key="k", max_retries=0)
    asked: Any = [{"role": "user", "content": "x"}]
    with client.messages.stream(model="m", max_tokens=9, messages=asked) as stream:
        return stream.get_final_text()
