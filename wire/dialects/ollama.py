"""Ollama's own API: ``/api/chat`` and ``/api/generate``, one JSON object a line.

Shapes: https://github.com/ollama/ollama/blob/main/docs/api.md and the models of ollama-python.
The last object says ``"done": true`` and may still carry text. Tool calls come whole, as objects.
``logprobs`` repeat every token, and ``context`` is the whole answer as token ids: both go with an
edit.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from ..deep import OPAQUE, deep_scan, is_base64
from ..dialect import Dialect, Early, Hint, Problem, Reader, Signs, early_by
from ..errors import UnreadableFrameError
from ..frame import Frame
from ..json_codec import dumps, is_array, is_object, loads
from ..json_splice import Path
from ..ndjson import NDJSON
from ..reading import Channel, Close, Scrub, Step, Text, Usage
from .spelling import scrub_logprobs

__all__ = ["OLLAMA"]

_THINKING = Channel(("thinking",), "reasoning")
_CONTENT = Channel(("content",), "content")
_TEXTS = (("thinking", _THINKING), ("content", _CONTENT), ("response", _CONTENT))
_KNOWN = frozenset({"message", "logprobs", "context", "done_reason"})
# Older servers give no reason.
_GOOD_REASONS = (None, "stop")


class OllamaReader(Reader):
    """Reads one answer: its thinking, then its text."""

    def __init__(self) -> None:
        self._thinks = False
        self._done = False
        self._reason: Any = None
        self._last: dict[str, Any] = {}  # what an object of this stream looks like, without text

    @property
    def complete(self) -> bool:
        """``done`` came, and not because a limit was reached."""
        return self._done and self._reason in _GOOD_REASONS and not self.failed

    @property
    def early(self) -> frozenset[Early]:
        """The reason, where ``done`` came and it is not a good one."""
        if self.complete or not self._done or self.failed:
            return frozenset()
        return frozenset({early_by(self._reason)})

    def read(self, frame: Frame) -> list[Step]:
        """Read one object."""
        value = loads(frame.data or b"")
        if not is_object(value):
            raise UnreadableFrameError("a line of an answer is not an object")
        steps: list[Step] = []
        if value.get("error"):
            self.failed = True
            steps.append(Close())
        message = value.get("message")
        texts = _texts(message, ("message",)) if is_object(message) else _texts(value, ())
        for channel, path, text in texts:
            self._switch(channel, text, steps)
            steps.append(Text(channel, path, text))
        if logprobs := value.get("logprobs"):
            said = [text for _, _, text in texts]
            steps.append(scrub_logprobs(("logprobs",), logprobs, said, []))
        if value.get("context"):
            steps.append(Scrub(("context",), [], "stream"))
        read = {path for _, path, _ in texts}
        if is_object(message):
            _message(message, read, steps)
        elif message is not None:
            steps.extend(deep_scan(message, ("message",)))
        _rest(value, (), steps, known={*_KNOWN, *(path[0] for path in read if len(path) == 1)})
        self._note(value, message)
        if self._done:
            steps.append(Close())
        return steps

    def _switch(self, channel: Channel, text: str, steps: list[Step]) -> None:
        """Thinking has ended when the answer begins; the first time, in case it goes on."""
        if text and channel is _CONTENT and not self._thinks:
            self._thinks = True
            steps.append(Close((_THINKING,)))

    def _note(self, value: dict[str, Any], message: Any) -> None:
        if not self._last:
            self._last = {name: value[name] for name in ("model", "created_at") if name in value}
        if is_object(message):
            self._last["message"] = {"role": message.get("role", "assistant"), "content": ""}
        elif "response" in value:
            self._last["response"] = ""
        if value.get("done") is True:
            self._done = True
            self._reason = value.get("done_reason")
            self.usage = Usage.of(value, "prompt_eval_count", "eval_count")

    def error(self, problem: Problem) -> bytes:
        """Write the error line; the clients raise on it, and it may hold nothing else."""
        return NDJSON.build(dumps({"error": problem.message}), "")

    def refusal(self, problem: Problem) -> bytes | None:
        """Write a last object; ``done_reason`` is any string to both official clients.

        Before the first object nobody knows which shape the client expects: it gets the error.
        """
        del problem
        if "message" not in self._last and "response" not in self._last:
            return None
        ending = {**self._last, "done": True, "done_reason": "content_filter"}
        return NDJSON.build(dumps(ending), "")


def _texts(value: dict[str, Any], path: Path) -> list[tuple[Channel, Path, str]]:
    return [
        (channel, (*path, name), value[name])
        for name, channel in _TEXTS
        if isinstance(value.get(name), str)
    ]


def _message(message: dict[str, Any], read: set[Path], steps: list[Step]) -> None:
    """Read the rest of a message; in a tool call only the arguments are text."""
    known = {path[1] for path in read if len(path) == 2} | {"tool_calls"}
    _rest(message, ("message",), steps, known=known)
    calls = message.get("tool_calls")
    if not is_array(calls):
        steps.extend(deep_scan(calls, ("message", "tool_calls")))
        return
    for index, call in enumerate(calls):
        at = ("message", "tool_calls", index)
        function = call.get("function") if is_object(call) else None
        if is_object(call) and is_object(function):
            _rest(call, at, steps, known={"function"})
            _rest(function, (*at, "function"), steps, known={"name"})
        else:
            steps.extend(deep_scan(call, at))


def _rest(value: dict[str, Any], path: Path, steps: list[Step], *, known: Container[Any]) -> None:
    """Scan what the dialect does not describe, except for images."""
    rest = {
        name: inner
        for name, inner in value.items()
        if name not in known and not _is_image(name, inner)
    }
    steps.extend(deep_scan(rest, path, skip=OPAQUE))


def _is_image(name: str, value: Any) -> bool:
    if name == "image":
        return isinstance(value, str) and is_base64(value)
    return (
        name == "images"
        and is_array(value)
        and all(isinstance(image, str) and is_base64(image) for image in value)
    )


def _claims(hint: Hint) -> bool:
    value = hint.value
    if not is_object(value) or "done" not in value:
        return False
    return is_object(value.get("message")) or isinstance(value.get("response"), str)


OLLAMA = Dialect(
    name="ollama",
    framing=NDJSON,
    reader=OllamaReader,
    claims=_claims,
    paths=("/api/chat", "/api/generate"),
    heartbeat=b" ",  # white space before the next object; a blank line breaks ollama-python
    signs=Signs(claims=("done=* & message=*", "done=* & response=*"), ends="done=true;error"),
)
