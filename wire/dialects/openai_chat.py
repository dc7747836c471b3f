"""OpenAI chat completions, and the many servers that speak them.

Shapes: https://platform.openai.com/docs/api-reference/chat-streaming. Beyond the official fields:
``reasoning_content`` (DeepSeek, older vLLM), ``reasoning`` (newer vLLM, OpenRouter) and
``reasoning_details`` (OpenRouter: the same text again), list content (Mistral), the transcript of
audio, usage on any chunk (vLLM, DeepSeek). Whatever a chunk holds besides is scanned as text of
unknown shape. Sound is told apart: no guard can read it. The names of functions are identifiers.

A choice that passes from reasoning to its answer, or from its answer to a tool, has ended what it
said before: that is decided at once. Should a server go back and forth, only the first passage
counts. Tool arguments need no such end: the JSON itself shows where each string stops.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from ..deep import OPAQUE, deep_scan, sound
from ..dialect import Dialect, Early, Hint, Problem, Reader, Signs, early_by
from ..errors import UnreadableFrameError
from ..frame import Frame
from ..json_codec import dumps, is_array, is_object, loads
from ..json_splice import Path
from ..reading import Channel, Close, Form, Scrub, Step, Text, Usage
from ..sse import SSE
from ..unnamed import UnnamedTexts
from .spelling import scrub_logprobs

__all__ = ["OPENAI_CHAT"]

_DONE = b"[DONE]"
_ENVELOPE = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_CHUNK = frozenset({*_ENVELOPE, "choices", "usage", "obfuscation", "provider"})
_CHOICE = frozenset({"index", "delta", "finish_reason", "logprobs"})
_GOOD_FINISHES = ("stop", "tool_calls", "function_call")
_TEXTS = (
    ("reasoning_content", "reasoning"),
    ("reasoning", "reasoning"),
    ("content", "content"),
    ("refusal", "refusal"),
)
_DETAILS = ("text", "summary")
# Token ids decode to the text, so they go where a text was edited.
_TOKEN_IDS = ("token_ids", "prompt_token_ids")


class OpenAIChatReader(Reader):
    """Reads one chat completion stream; ``n`` choices, each with its channels."""

    steady = True

    def __init__(self) -> None:
        self._channels: dict[Path, Channel] = {}
        self._speaking: dict[int, str] = {}  # by choice: the kind of text that it speaks now
        self._left: set[tuple[int, str]] = set()  # choices and kinds that have ended once
        self._finished: set[int] = set()
        self._envelope: dict[str, Any] = {}
        self._unnamed = UnnamedTexts()
        self._done = False
        self._early: set[Early] = set()
        # For `refusal`: the choices that were not finished one frame ago. Only the last frame can
        # have been withheld as a whole.
        self._unfinished: tuple[int, ...] = ()

    @property
    def complete(self) -> bool:
        """Every choice has a good finish reason, and the end marker came."""
        return self._whole() and not self._early

    @property
    def early(self) -> frozenset[Early]:
        """The other finish reasons, where every choice has one and the end marker came."""
        return frozenset(self._early) if self._whole() else frozenset()

    def _whole(self) -> bool:
        every = bool(self._speaking) and self._finished >= self._speaking.keys()
        return self._done and every and not self.failed

    def read(self, frame: Frame) -> list[Step]:
        """Read one chunk, or the end marker."""
        if frame.data == _DONE:
            self._done = True
            return [Close()]
        self._unfinished = tuple(sorted(self._speaking.keys() - self._finished))
        chunk = loads(frame.data or b"")
        if not is_object(chunk):
            raise UnreadableFrameError("a chat completion chunk is not an object")
        steps: list[Step] = []
        if chunk.get("error"):
            self.failed = True
            steps.append(Close())
        self._note(chunk)
        choices = chunk.get("choices")
        if is_array(choices):
            for position, choice in enumerate(choices):
                self._choice(choice, ("choices", position), steps)
        elif choices is not None:
            raise UnreadableFrameError("the choices of a chunk are not a list")
        _rest(chunk, (), steps, known=_CHUNK)
        if "obfuscation" in chunk:
            steps.append(Scrub(("obfuscation",), ""))
        return steps

    def _note(self, chunk: dict[str, Any]) -> None:
        if not self._envelope and chunk.get("id"):
            self._envelope = {name: chunk[name] for name in _ENVELOPE if name in chunk}
        groq = chunk.get("x_groq")
        for usage in (groq.get("usage") if is_object(groq) else None, chunk.get("usage")):
            if is_object(usage):
                self.usage = Usage.of(usage, "prompt_tokens", "completion_tokens")

    def _choice(self, choice: Any, path: Path, steps: list[Step]) -> None:
        if not is_object(choice):
            raise UnreadableFrameError("a choice is not an object")
        index = choice.get("index", 0)
        if not isinstance(index, int):
            raise UnreadableFrameError("the index of a choice is not an integer")
        self._speaking.setdefault(index, "")
        texts_from = len(steps)
        delta = choice.get("delta")
        if is_object(delta):
            self._delta(index, delta, (*path, "delta"), steps)
        else:
            steps.extend(deep_scan(delta, (*path, "delta")))
        if logprobs := choice.get("logprobs"):
            said = [step.text for step in steps[texts_from:] if isinstance(step, Text)]
            steps.append(scrub_logprobs((*path, "logprobs"), _tokens(logprobs), said, None))
        _rest(choice, path, steps, known=_CHOICE)
        if finish := choice.get("finish_reason"):
            self._finished.add(index)
            if finish not in _GOOD_FINISHES:
                self._early.add(early_by(finish))
            self._close(index, None, steps)

    def _delta(self, index: int, delta: dict[str, Any], path: Path, steps: list[Step]) -> None:
        known = {"role"}
        for name, kind in _TEXTS:
            if is_array(parts := delta.get(name)):
                known.add(name)
                self._parts(index, name, kind, parts, (*path, name), steps)
            else:
                known |= self._take(index, delta, name, (name,), kind, path, steps)
        if is_array(details := delta.get("reasoning_details")):
            known.add("reasoning_details")
            self._details(index, details, (*path, "reasoning_details"), steps)
        if is_array(calls := delta.get("tool_calls")):
            known.add("tool_calls")
            for position, call in enumerate(calls):
                self._call(index, call, position, (*path, "tool_calls", position), steps)
        if is_object(call := delta.get("function_call")):
            known.add("function_call")
            self._function(index, (-1,), call, (*path, "function_call"), steps)
        if is_object(audio := delta.get("audio")):
            known.add("audio")
            self._audio(index, audio, (*path, "audio"), steps)
        _rest(delta, path, steps, known=known)
        steps.extend(self._unnamed.read(index, delta, known, path))

    def _parts(
        self, index: int, name: str, kind: str, parts: list[Any], path: Path, steps: list[Step]
    ) -> None:
        """Read Mistral's list content: text and thinking parts."""
        for at, part in _objects(parts, path, steps):
            known = {"type"} | self._take(index, part, "text", (name,), kind, at, steps)
            if is_array(inner := part.get("thinking")):
                known.add("thinking")
                self._parts(index, "thinking", "reasoning", inner, (*at, "thinking"), steps)
            else:
                key = ("thinking",)
                known |= self._take(index, part, "thinking", key, "reasoning", at, steps)
            _rest(part, at, steps, known=known)

    def _details(self, index: int, details: list[Any], path: Path, steps: list[Step]) -> None:
        """Read OpenRouter's reasoning blocks; ``data`` is encrypted."""
        for at, detail in _objects(details, path, steps):
            number = detail.get("index")
            known = {"type", "format", "data"}
            for name in _DETAILS:
                key = ("details", number if isinstance(number, int) else at[-1], name)
                known |= self._take(index, detail, name, key, "reasoning", at, steps)
            _rest(detail, at, steps, known=known)

    def _audio(self, index: int, audio: dict[str, Any], path: Path, steps: list[Step]) -> None:
        known = self._take(index, audio, "transcript", ("transcript",), "content", path, steps)
        if isinstance(data := audio.get("data"), str):
            known.add("data")
            steps.extend(sound((*path, "data"), data))
        _rest(audio, path, steps, known=known)

    def _call(self, index: int, call: Any, position: int, path: Path, steps: list[Step]) -> None:
        if not is_object(call):
            raise UnreadableFrameError("a tool call is not an object")
        known = {"index"}
        number = call.get("index")
        key = (number if isinstance(number, int) else position,)
        if is_object(function := call.get("function")):
            known.add("function")
            self._function(index, key, function, (*path, "function"), steps)
        if is_object(custom := call.get("custom")):
            known.add("custom")
            at = (*path, "custom")
            read = self._take(index, custom, "input", ("custom", *key), "tool", at, steps)
            _rest(custom, at, steps, known={"name"} | read)
        _rest(call, path, steps, known=known)

    def _function(
        self, index: int, key: tuple[int], call: dict[str, Any], path: Path, steps: list[Step]
    ) -> None:
        whole = ("arguments", *key)
        read = self._take(index, call, "arguments", whole, "tool", path, steps)
        _rest(call, path, steps, known={"name"} | read)

    def _take(
        self,
        index: int,
        value: dict[str, Any],
        name: str,
        key: Path,
        kind: str,
        path: Path,
        steps: list[Step],
    ) -> set[str]:
        """Read a member of an object as the next piece of a channel; return its name if it is."""
        text = value.get(name)
        if not isinstance(text, str):
            return set()
        if text:
            spoke, self._speaking[index] = self._speaking[index], kind
            if spoke not in {kind, "tool", ""} and (index, spoke) not in self._left:
                self._left.add((index, spoke))
                self._close(index, spoke, steps)
            whole = (index, *key)
            form: Form = "json" if key[0] == "arguments" else "text"
            channel = self._channels.setdefault(whole, Channel(whole, kind, form))
            steps.append(Text(channel, (*path, name), text))
        return {name}

    def _close(self, index: int, kind: str | None, steps: list[Step]) -> None:
        """Close the channels of a choice: those of one kind, or all."""
        ended = tuple(
            channel
            for channel in self._channels.values()
            if channel.key[0] == index and kind in {None, channel.kind}
        )
        if ended:
            steps.append(Close(ended))

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
        choices: list[dict[str, Any]] = [
            {"index": index, "delta": {}, "logprobs": None, "finish_reason": "content_filter"}
            for index in self._unfinished or (0,)
        ]
        frame = {**self._envelope, "choices": choices}
        return SSE.build(dumps(frame), "") + SSE.build(_DONE, "")


def _objects(
    values: list[Any], path: Path, steps: list[Step]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the objects of a list with their places; scan whatever else is in it."""
    for position, value in enumerate(values):
        if is_object(value):
            yield (*path, position), value
        else:
            steps.extend(deep_scan(value, (*path, position)))


def _tokens(logprobs: Any) -> list[Any] | None:
    """Return the tokens of a choice; None where they have another shape."""
    tokens: list[Any] = []
    for name in ("content", "refusal"):
        found: Any = (logprobs.get(name) or []) if is_object(logprobs) else None
        if not is_array(found):
            return None
        tokens += found
    return tokens


def _rest(value: dict[str, Any], path: Path, steps: list[Step], *, known: AbstractSet[str]) -> None:
    """Scan what the dialect does not describe; token ids in it go with any edit."""
    if known >= value.keys():
        return
    rest = {name: inner for name, inner in value.items() if name not in known}
    steps.extend(Scrub((*path, name), None) for name in _TOKEN_IDS if rest.get(name))
    steps.extend(deep_scan(rest, path, skip=OPAQUE))


def _claims(hint: Hint) -> bool:
    choices = hint.value.get("choices") if is_object(hint.value) else None
    return is_array(choices) and (not choices or (is_object(choices[0]) and "delta" in choices[0]))


OPENAI_CHAT = Dialect(
    name="openai_chat",
    framing=SSE,
    reader=OpenAIChatReader,
    claims=_claims,
    paths=("/chat/completions",),
    end_marker=_DONE,
    heartbeat_after_id=False,  # openai-python parses the empty event that its decoder then fires
    signs=Signs(
        claims=("choices[].delta=*", "choices=* & choices[]!=*"), ends="@data=[DONE];error"
    ),
)
