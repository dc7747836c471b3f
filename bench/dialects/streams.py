"""One stream of tokens for each dialect, as its servers write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from bench.texts import prose, tokens

__all__ = ["STREAMS", "TOKENS", "Stream"]

TOKENS = tokens(prose(60))
_SSE, _NDJSON, _PLAIN = "text/event-stream", "application/x-ndjson", "text/plain"


@dataclass(frozen=True)
class Stream:
    """How a dialect says a token.

    Attributes:
        dialect: its name.
        said: the frame of a token: its event type and its payload; str: the payload as it is.
        path: of the request.
        kind: the content type.
        headers: of the response, beside that.
    """

    dialect: str
    said: Callable[[str], tuple[str, Any]]
    path: str = ""
    kind: str = _SSE
    headers: tuple[tuple[str, str], ...] = ()


def _chat(text: str) -> Any:
    return {
        "id": "chatcmpl-CgZ1uWqB9gLQ0kZr8hJmXw2vT4s6y",
        "object": "chat.completion.chunk",
        "created": 1763856000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_560af6e559",
        "choices": [
            {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
        ],
    }


def _completion(text: str) -> Any:
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": None}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "choices": [choice]}


def _responses(text: str) -> Any:
    return {
        "type": "response.output_text.delta",
        "sequence_number": 7,
        "item_id": "msg_68a1",
        "output_index": 0,
        "content_index": 0,
        "delta": text,
        "logprobs": [],
    }


def _assistants(text: str) -> Any:
    part = {"index": 0, "type": "text", "text": {"value": text}}
    return {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [part]}}


def _anthropic(text: str) -> Any:
    delta = {"type": "text_delta", "text": text}
    return {"type": "content_block_delta", "index": 0, "delta": delta}


def _cohere(text: str) -> Any:
    return {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}


def _gemini(text: str) -> Any:
    content = {"parts": [{"text": text}], "role": "model"}
    counts = {"promptTokenCount": 5, "totalTokenCount": 9}
    return {
        "candidates": [{"content": content, "index": 0}],
        "usageMetadata": counts,
        "modelVersion": "gemini-2.5-flash",
    }


def _interaction(text: str) -> Any:
    return {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": text}}


def _tgi(text: str) -> Any:
    token = {"id": 310, "text": text, "logprob": -0.4, "special": False}
    return {"index": 3, "token": token, "generated_text": None, "details": None}


def _a2a(text: str) -> Any:
    artifact = {"artifactId": "a1", "parts": [{"kind": "text", "text": text}]}
    update = {"taskId": "t1", "contextId": "c1", "kind": "artifact-update", "artifact": artifact}
    return {"jsonrpc": "2.0", "id": 1, "result": {**update, "append": True}}


def _mcp(text: str) -> Any:
    params = {"progressToken": "p1", "progress": 1, "message": text}
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}


def _langgraph(text: str) -> Any:
    message = {"content": text, "type": "AIMessageChunk", "id": "run-1"}
    return [message, {"langgraph_node": "agent"}]


def _langserve(text: str) -> Any:
    value = {"content": text, "type": "AIMessageChunk", "id": "run-1"}
    path = "/logs/ChatOpenAI/streamed_output/-"
    return {"ops": [{"op": "add", "path": path, "value": value}]}


def _ollama(text: str) -> Any:
    message = {"role": "assistant", "content": text}
    return {"model": "m", "created_at": "2026-11-23T01:00:00Z", "message": message, "done": False}


_UI = (("x-vercel-ai-ui-message-stream", "v1"),)
_DATA = (("x-vercel-ai-data-stream", "v1"),)

STREAMS = (
    Stream("openai_chat", lambda text: ("", _chat(text)), "/v1/chat/completions"),
    Stream("openai_completions", lambda text: ("", _completion(text)), "/v1/completions"),
    Stream(
        "openai_responses",
        lambda text: ("response.output_text.delta", _responses(text)),
        "/v1/responses",
    ),
    Stream("openai_assistants", lambda text: ("thread.message.delta", _assistants(text)), "/runs"),
    Stream("anthropic", lambda text: ("content_block_delta", _anthropic(text)), "/v1/messages"),
    Stream("cohere_v2", lambda text: ("content-delta", _cohere(text)), "/v2/chat"),
    Stream("gemini", lambda text: ("", _gemini(text)), "/m:streamGenerateContent"),
    Stream("gemini_interactions", lambda text: ("step.delta", _interaction(text))),
    Stream("tgi", lambda text: ("", _tgi(text)), "/generate_stream"),
    Stream(
        "llama_cpp",
        lambda text: ("", {"index": 0, "content": text, "tokens": [1], "stop": False}),
        "/completion",
    ),
    Stream(
        "ai_sdk_ui",
        lambda text: ("", {"type": "text-delta", "id": "0", "delta": text}),
        headers=_UI,
    ),
    Stream("ai_sdk_data", lambda text: ("0", text), kind=_PLAIN, headers=_DATA),
    Stream(
        "ag_ui",
        lambda text: ("", {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": text}),
    ),
    Stream("a2a", lambda text: ("", _a2a(text)), "/message:stream"),
    Stream("mcp", lambda text: ("message", _mcp(text)), "/mcp"),
    Stream("langgraph", lambda text: ("messages", _langgraph(text)), "/runs/stream"),
    Stream("langserve", lambda text: ("data", _langserve(text)), "/stream_log"),
    Stream("ollama", lambda text: ("", _ollama(text)), "/api/chat", _NDJSON),
    Stream("unknown_json", lambda text: ("", {"chunk": {"words": text}})),
    Stream("raw_sse", lambda text: ("", msgspec.Raw(text.strip().encode() or b"-"))),
)
