"""One chat completion on the OpenAI wire: as chunks, or as a whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["MODEL", "Completion"]

MODEL = "scripted-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """Writes what the model says.

    Attributes:
        id: of the completion.
        created: seconds since 1970.
        prompt_tokens: for the usage figures.
        usage: whether the stream ends with them.
        tool: the name of the function that is called; None for prose.
    """

    id: str
    created: int
    prompt_tokens: int
    usage: bool = False
    tool: str | None = None

    def begin(self) -> bytes:
        """Return the chunk that says who speaks, and which function is called."""
        if self.tool is None:
            return self._chunk({"role": "assistant", "content": ""})
        function = {"name": self.tool, "arguments": ""}
        call = {"index": 0, "id": self._call_id, "type": "function", "function": function}
        return self._chunk({"role": "assistant", "content": None, "tool_calls": [call]})

    def token(self, text: str) -> bytes:
        """Return the chunk of one token."""
        if self.tool is None:
            return self._chunk({"content": text})
        return self._chunk({"tool_calls": [{"index": 0, "function": {"arguments": text}}]})

    def end(self, tokens: int) -> bytes:
        """Return the last chunks: why it ended, the usage if it was asked for, the end marker."""
        last = self._chunk({}, self._finish)
        if self.usage:
            last += _event({**self._envelope("chat.completion.chunk"), **self._usage(tokens)})
        return last + b"data: [DONE]\n\n"

    def whole(self, text: str, tokens: int) -> bytes:
        """Return the completion as one JSON object, as a request without ``stream`` gets it."""
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if self.tool is not None:
            function = {"name": self.tool, "arguments": text}
            call = {"id": self._call_id, "type": "function", "function": function}
            message |= {"content": None, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish}
        body = {**self._envelope("chat.completion"), **self._usage(tokens), "choices": [choice]}
        return json.dumps(body).encode()

    @property
    def _finish(self) -> str:
        return "stop" if self.tool is None else "tool_calls"

    @property
    def _call_id(self) -> str:
        return f"call_{self.id[-12:]}"

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = {**self._envelope("chat.completion.chunk"), "choices": [choice]}
        return _event({**chunk, "usage": None} if self.usage else chunk)

    def _envelope(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL}

    def _usage(self, tokens: int) -> dict[str, Any]:
        total = self.prompt_tokens + tokens
        figures = {"prompt_tokens": self.prompt_tokens, "completion_tokens": tokens}
        return {"choices": [], "usage": {**figures, "total_tokens": total}}


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"
