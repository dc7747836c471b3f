"""OpenAI chat completions, and the many servers that speak them.

Shapes: https://platform.openai.com/docs/api-reference/chat-streaming. Beyond the official fields:
``reasoning_content`` (DeepSeek, older vLLM), ``reasoning`` (newer vLLM, OpenRouter), list content
(Mistral), usage on any chunk (vLLM, DeepSeek). Whatever a chunk holds besides is scanned as text
of unknown shape.
"""

from __future__ import annotations

from typing import Any

from ...errors import UnreadableFrameError
from ..deep import OPAQUE, deep_scan
from ..dialect import Dialect, Hint, Problem, Reader
from ..frame import Frame
from ..json_codec import dumps, loads
from ..json_splice import Path
from ..reading import Channel, Close, Scrub, Step, Text, Usage
from ..sse import SSE

__all__ = ["OPENAI_CHAT"]

_DONE = b"[DONE]"
_ENVELOPE = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_CHUNK = frozenset({*_ENVELOPE, "choices", "usage", "obfuscation", "provider"})
_CHOICE = frozenset({"index", "delta", "finish_reason", "logprobs"})
_DELTA = frozenset(
    {"role", "content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call"},
)
_TEXTS = (
    ("reasoning_content", "reasoning"),
    ("reasoning", "reasoning"),
    ("content", "content"),
    ("refusal", "refusal"),
)
# Token ids decode to the text, so they go where a text was edited.
_TOKEN_IDS = ("token_ids", "prompt_token_ids")


class OpenAIChatReader(Reader):
    """Reads one chat completion stream; ``n`` choices, each with its channels."""

    def __init__(self) -> None:
        self._open: dict[int, Channel | None] = {}  # by choice: the channel that is speaking
        self._finished: set[int] = set()
        self._channels: dict[tuple[str | int, ...], Channel] = {}
        self._envelope: dict[str, Any] = {}
        self._done = False
        self._bad_finish = False

    @property
    def complete(self) -> bool:
        """Every choice has a good finish reason, and the end marker came."""
        every = bool(self._open) and self._finished >= self._open.keys()
        return self._done and every and not self._bad_finish and not self.failed

    def read(self, frame: Frame) -> list[Step]:
        """Read one chunk, or the end marker."""
        if frame.data == _DONE:
            self._done = True
            return [Close()]
        chunk = loads(frame.data or b"")
        if not isinstance(chunk, dict):
            raise UnreadableFrameError("a chat completion chunk is not an object")
        steps: list[Step] = []
        if chunk.get("error"):
            self.failed = True
            steps.append(Close())
        self._note(chunk)
        choices = chunk.get("choices")
        if isinstance(choices, list):
            for position, choice in enumerate(choices):
                self._choice(choice, ("choices", position), steps)
        if not chunk.keys() <= _CHUNK:
            rest = {name: value for name, value in chunk.items() if name not in _CHUNK}
            self._rest(rest, (), steps)
        if "obfuscation" in chunk:
            steps.append(Scrub(("obfuscation",), ""))
        return steps

    def _note(self, chunk: dict[str, Any]) -> None:
        if not self._envelope and chunk.get("id"):
            self._envelope = {name: chunk[name] for name in _ENVELOPE if name in chunk}
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self.usage = Usage.of(usage, "prompt_tokens", "completion_tokens")

    def _choice(self, choice: Any, path: Path, steps: list[Step]) -> None:
        if not isinstance(choice, dict):
            raise UnreadableFrameError("a choice is not an object")
        index = choice.get("index", 0)
        if not isinstance(index, int):
            raise UnreadableFrameError("the index of a choice is not an integer")
        self._open.setdefault(index, None)
        texts_from = len(steps)
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._delta(index, delta, (*path, "delta"), steps)
        if logprobs := choice.get("logprobs"):
            said = "".join(step.text for step in steps[texts_from:] if isinstance(step, Text))
            steps.append(_scrub_logprobs(logprobs, said, path))
        if not choice.keys() <= _CHOICE:
            rest = {name: value for name, value in choice.items() if name not in _CHOICE}
            self._rest(rest, path, steps)
        if finish := choice.get("finish_reason"):
            self._finished.add(index)
            self._bad_finish = self._bad_finish or finish in {"length", "content_filter", "error"}
            if channel := self._open[index]:
                steps.append(Close((channel,)))
                self._open[index] = None

    def _delta(self, index: int, delta: dict[str, Any], path: Path, steps: list[Step]) -> None:
        for name, kind in _TEXTS:
            text = delta.get(name)
            if isinstance(text, str):
                if text:
                    self._say(index, (name,), kind, (*path, name), text, steps)
            elif isinstance(text, list):
                self._parts(index, name, text, (*path, name), steps)
        for position, call in enumerate(delta.get("tool_calls") or ()):
            self._call(index, call, position, (*path, "tool_calls", position), steps)
        if isinstance(call := delta.get("function_call"), dict):
            self._arguments(index, (-1,), call, (*path, "function_call"), steps)
        if not delta.keys() <= _DELTA:
            rest = {name: value for name, value in delta.items() if name not in _DELTA}
            self._rest(rest, path, steps)

    def _parts(
        self, index: int, name: str, parts: list[Any], path: Path, steps: list[Step]
    ) -> None:
        """Read Mistral's list content: text and thinking parts."""
        for position, part in enumerate(parts):
            at = (*path, position)
            if isinstance(part, dict) and isinstance(text := part.get("text"), str):
                self._say(index, (name,), "content", (*at, "text"), text, steps)
            elif isinstance(part, dict) and isinstance(inner := part.get("thinking"), list):
                self._parts(index, "thinking", inner, (*at, "thinking"), steps)
            else:
                self._rest(part, at, steps)

    def _call(self, index: int, call: Any, position: int, path: Path, steps: list[Step]) -> None:
        if not isinstance(call, dict):
            raise UnreadableFrameError("a tool call is not an object")
        number = call.get("index")
        key = (number if isinstance(number, int) else position,)
        if isinstance(function := call.get("function"), dict):
            self._arguments(index, key, function, (*path, "function"), steps)
        if isinstance(custom := call.get("custom"), dict):
            if isinstance(text := custom.get("input"), str) and text:
                self._say(index, ("custom", *key), "tool", (*path, "custom", "input"), text, steps)

    def _arguments(
        self, index: int, key: tuple[int], call: dict[str, Any], path: Path, steps: list[Step]
    ) -> None:
        channel = self._channel(index, ("tool", *key), "tool")
        self._switch(index, channel, steps)
        text = call.get("arguments")
        if isinstance(text, str) and text:
            steps.append(Text(channel, (*path, "arguments"), text))

    def _say(
        self,
        index: int,
        key: tuple[str | int, ...],
        kind: str,
        path: Path,
        text: str,
        steps: list[Step],
    ) -> None:
        channel = self._channel(index, key, kind)
        self._switch(index, channel, steps)
        steps.append(Text(channel, path, text))

    def _switch(self, index: int, channel: Channel, steps: list[Step]) -> None:
        """Let a channel speak; whoever spoke before it in this choice has ended."""
        speaking = self._open[index]
        if speaking is not channel:
            if speaking is not None:
                steps.append(Close((speaking,)))
            self._open[index] = channel

    def _channel(self, index: int, key: tuple[str | int, ...], kind: str) -> Channel:
        whole = (index, *key)
        if whole not in self._channels:
            form = "json" if key[0] == "tool" else "text"
            self._channels[whole] = Channel(whole, kind, form)
        return self._channels[whole]

    def _rest(self, value: Any, path: Path, steps: list[Step]) -> None:
        """Scan what the dialect does not describe; token ids in it go with any edit."""
        if isinstance(value, dict):
            steps.extend(Scrub((*path, name), None) for name in _TOKEN_IDS if value.get(name))
        steps.extend(deep_scan(value, path, skip=OPAQUE))

    def error(self, problem: Problem) -> bytes:
        """Write an error chunk: both official SDKs raise ``APIError`` on a truthy ``error``."""
        body = {
            "message": problem.message,
            "type": "server_error",
            "param": None,
            "code": problem.code,
        }
        return SSE.build(dumps({"error": body}), "")

    def refusal(self, problem: Problem) -> bytes:
        """End every open choice with ``content_filter``, as the API does, and say ``[DONE]``."""
        del problem
        choices = [
            {"index": index, "delta": {}, "logprobs": None, "finish_reason": "content_filter"}
            for index in sorted(self._open.keys() - self._finished) or [0]
        ]
        frame = {**self._envelope, "choices": choices}
        return SSE.build(dumps(frame), "") + SSE.build(_DONE, "")


def _scrub_logprobs(logprobs: Any, said: str, path: Path) -> Scrub:
    """Log-probabilities repeat every token. They go with an edit of this frame's text.

    A server whose tokens run ahead of its text would give a secret away one frame early, so tokens
    that do not spell exactly this frame's text go at once.
    """
    spelled = ""
    if isinstance(logprobs, dict):
        for name in ("content", "refusal"):
            for entry in logprobs.get(name) or ():
                token = entry.get("token") if isinstance(entry, dict) else None
                spelled += token if isinstance(token, str) else "\0"
    return Scrub((*path, "logprobs"), None, "frame" if spelled == said else "always")


def _claims(hint: Hint) -> bool:
    value = hint.value
    if not isinstance(value, dict) or not isinstance(choices := value.get("choices"), list):
        return False
    return not choices or (isinstance(choices[0], dict) and "delta" in choices[0])


OPENAI_CHAT = Dialect(
    name="openai_chat",
    framing=SSE,
    reader=OpenAIChatReader,
    claims=_claims,
    paths=("/chat/completions",),
    heartbeat_after_id=False,  # openai-python parses the empty event that its decoder then fires
)
