"""OpenAI responses.

Shapes: https://platform.openai.com/docs/api-reference/responses-streaming and the types of
openai-python. Each event is named in ``event:`` and in ``type``, and carries a ``sequence_number``,
which is never changed: clients resume by it.

The rules are those of the names, so that an event that is newer than this module is read right:

* ``X.delta`` is the next piece of a channel, told apart by ``X``, the item and the part in it;
* ``X.done`` closes it and says its text again, as do ``content_part.done``, ``output_item.done``
  and the snapshots in ``response.completed`` and its like;
* what an event holds besides is scanned as text of unknown shape.

Images and ``encrypted_content`` are not text: they pass. Audio is told apart: no guard can read it.
Log-probabilities repeat every token, so they go with an edit of the text beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..deep import ARGUMENTS, OPAQUE, deep_scan, is_base64, sound
from ..dialect import Dialect, Early, Hint, Problem, Reader, Signs, early_by
from ..errors import UnreadableFrameError
from ..frame import Frame
from ..json_codec import dumps, is_array, is_object, loads
from ..json_splice import Path
from ..reading import Channel, Close, Form, Scrub, Step, Text, Usage
from ..sse import SSE
from .spelling import scrub_logprobs

__all__ = ["OPENAI_RESPONSES"]

_DONE = b"[DONE]"
_SKIP = OPAQUE | {"logprobs"}
_INDICES = ("content_index", "summary_index", "command_index")
_PLACE = ("output_index", *_INDICES)
_KINDS = {
    "response.refusal": "refusal",
    "response.reasoning_summary_text": "reasoning",
    "response.reasoning_text": "reasoning",
    "response.function_call_arguments": "tool",
    "response.mcp_call_arguments": "tool",
    "response.custom_tool_call_input": "tool",
    "response.code_interpreter_call_code": "code",
    "response.shell_call_command": "code",
    "response.shell_call_output_content": "output",
}
# Names in a call, and in the events about it, whose values the call is made with.
_GIVEN = ARGUMENTS | {"action", "code", "command", "input", "operation", "queries"}
# Deltas that are base64 of sound.
_SOUND = frozenset({"response.audio.delta", "response.output_audio.delta"})
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})
_LAST = f"type=error|{'|'.join(sorted(_ENDS))};@data=[DONE]"
# What a part or an item says when it is added, its channel goes on from.
_BEGINNINGS = {
    "output_text": ("text", "response.output_text"),
    "refusal": ("refusal", "response.refusal"),
    "reasoning_text": ("text", "response.reasoning_text"),
    "summary_text": ("text", "response.reasoning_summary_text"),
    "function_call": ("arguments", "response.function_call_arguments"),
    "mcp_call": ("arguments", "response.mcp_call_arguments"),
    "custom_tool_call": ("input", "response.custom_tool_call_input"),
    "code_interpreter_call": ("code", "response.code_interpreter_call_code"),
}


class OpenAIResponsesReader(Reader):
    """Reads one response; each part of each item is a channel."""

    def __init__(self) -> None:
        self._open: dict[Channel, dict[str, Any]] = {}  # and where each stands
        self._number = -1
        self._spoken: set[str | int] = set()  # items whose text has been said once
        self._shown = False  # a snapshot of the response has been
        self._completed = False
        self._early: Early | None = None

    @property
    def complete(self) -> bool:
        """``response.completed`` came, and says so."""
        return self._completed and not self.failed

    @property
    def early(self) -> frozenset[Early]:
        """The reason that ``response.incomplete`` gives."""
        if self._early is None or self._completed or self.failed:
            return frozenset()
        return frozenset({self._early})

    def read(self, frame: Frame) -> list[Step]:
        """Read one event; vLLM and others add an end marker."""
        if frame.data == _DONE:
            return [Close()]
        event = loads(frame.data or b"")
        if not is_object(event):
            raise UnreadableFrameError("an event of a response is not an object")
        kind = event.get("type")
        kind = kind if isinstance(kind, str) else frame.event
        if isinstance(number := event.get("sequence_number"), int):
            self._number = max(self._number, number)
        steps: list[Step] = []
        if kind == "error" or event.get("error"):
            self.failed = True
            steps.append(Close())
        if kind.endswith(".delta"):
            self._delta(kind, event, steps)
        else:
            self._other(kind, event, steps)
        if "obfuscation" in event:
            steps.append(Scrub(("obfuscation",), ""))
        return steps

    def _delta(self, kind: str, event: dict[str, Any], steps: list[Step]) -> None:
        stem, delta = kind.removesuffix(".delta"), event.get("delta")
        if isinstance(delta, str) and kind not in _SOUND:
            self._say(stem, event, (), ("delta",), delta, steps)
        elif is_object(delta):  # the output of a shell: stdout and stderr
            for name, text in delta.items():
                if isinstance(text, str):
                    self._say(stem, event, (name,), ("delta", name), text, steps)
                else:
                    steps.extend(deep_scan(text, ("delta", name), skip=_SKIP))
        elif isinstance(delta, str):
            steps.extend(sound(("delta",), delta))
        else:
            steps.extend(deep_scan(delta, ("delta",), skip=_SKIP))
        _rest(event, (), steps, known=("type", "delta"))
        steps.extend(_scrubs(event))

    def _other(self, kind: str, event: dict[str, Any], steps: list[Step]) -> None:
        if kind in _ENDS:
            steps.append(Close())
            self._ended(kind, event.get("response"))
        elif kind.endswith(".done"):
            self._close(kind.removesuffix(".done"), event, steps)
        added = kind.endswith(".added")
        items = _items(event)
        repeats = not added and not self._spoken.isdisjoint(items)
        known = ("type", "name", "part", "item", "response")
        binary = ("partial_image_b64",)
        calls = _KINDS.get(kind.rpartition(".")[0]) in {"tool", "code"}
        _rest(event, (), steps, known=known, repeats=repeats, binary=binary, calls=calls)
        for name in ("part", "item"):
            value = event.get(name)
            self._item(value, (name,), steps, repeats=repeats)
            if added and is_object(value):
                self._begin(value, event, (name,), steps)
        if "response" in event:
            self._response(event["response"], ("response",), steps)
        if added and isinstance(text := event.get("command"), str):
            self._say(kind.removesuffix(".added"), event, (), ("command",), text, steps)
        steps.extend(_scrubs(event))
        if kind.endswith(".done"):
            self._spoken.update(items)

    def _ended(self, kind: str, response: Any) -> None:
        status = None
        if is_object(response):
            status = response.get("status")
            if is_object(usage := response.get("usage")):
                self.usage = Usage.of(usage, "input_tokens", "output_tokens")
        self._completed = kind == "response.completed" and status in (None, "completed")
        self.failed = self.failed or kind == "response.failed"
        if kind == "response.incomplete":
            details = response.get("incomplete_details") if is_object(response) else None
            self._early = early_by(details.get("reason") if is_object(details) else None)

    def _response(self, response: Any, path: Path, steps: list[Step]) -> None:
        """Scan a snapshot of the response, with the items said so far."""
        if not is_object(response):
            steps.extend(deep_scan(response, path, skip=_SKIP))
            return
        _rest(response, path, steps, known=("output",), repeats=self._shown)
        self._shown = True
        repeats = bool(self._spoken)
        output = response.get("output")
        if not is_array(output):
            steps.extend(deep_scan(output, (*path, "output"), skip=_SKIP, repeats=repeats))
            return
        for index, item in enumerate(output):
            self._item(item, (*path, "output", index), steps, repeats=repeats)

    def _item(self, item: Any, path: Path, steps: list[Step], *, repeats: bool) -> None:
        """Scan an item. The name in a call is an identifier; an image is not text."""
        if not is_object(item):
            steps.extend(deep_scan(item, path, skip=_SKIP, repeats=repeats))
            return
        calls = str(item.get("type")).endswith("_call")
        called = ("name",) if calls else ()
        binary = ("result",) if item.get("type") == "image_generation_call" else ()
        _rest(item, path, steps, known=called, repeats=repeats, binary=binary, calls=calls)

    def _begin(
        self, value: dict[str, Any], event: dict[str, Any], path: Path, steps: list[Step]
    ) -> None:
        name, stem = _BEGINNINGS.get(str(value.get("type")), ("", ""))
        if isinstance(text := value.get(name), str) and text:
            place = {"item_id": value.get("id"), **event}
            self._say(stem, place, (), (*path, name), text, steps)

    def _say(
        self,
        stem: str,
        event: dict[str, Any],
        inner: tuple[str, ...],
        path: Path,
        text: str,
        steps: list[Step],
    ) -> None:
        item, output = event.get("item_id"), event.get("output_index")
        who = item if isinstance(item, str) else output if isinstance(output, int) else -1
        parts = tuple(event[name] for name in _INDICES if isinstance(event.get(name), int))
        form: Form = "json" if stem.endswith("arguments") else "text"
        channel = Channel((stem, who, *parts, *inner), _KINDS.get(stem, "content"), form)
        self._spoken.update(_items(event))
        self._open[channel] = {name: event.get(name) for name in (*_PLACE, "item_id")}
        steps.append(Text(channel, path, text))

    def _close(self, stem: str, event: dict[str, Any], steps: list[Step]) -> None:
        """Close the channel of that name, or, when a part or an item is done, all in it."""
        ended = tuple(
            channel
            for channel, where in self._open.items()
            if (channel.key[0] == stem or stem.endswith(("_part", "_item")))
            and all(event[name] == where.get(name) for name in _PLACE if name in event)
            and event.get("item_id") in (None, where.get("item_id"))
        )
        for channel in ended:
            del self._open[channel]
        if ended:
            steps.append(Close(ended))

    def error(self, problem: Problem) -> bytes:
        """Write an error in both of its shapes at once.

        The nested one, which the live service sends, makes the Python client raise ``APIError``;
        the flat one, which is documented, makes the JavaScript client raise.
        """
        said = {"code": problem.code, "message": problem.message, "param": None}
        event = {
            "type": "error",
            "sequence_number": self._number + 1,
            **said,
            "error": {"type": "server_error", **said},
        }
        return SSE.build(dumps(event), "error")

    def refusal(self, problem: Problem) -> None:
        """Return None: a blocked answer ends with the error event.

        The API's own end, ``response.incomplete`` with ``content_filter``, repeats all that was
        said, which nobody here has kept, and needs its items closed one by one before. The
        official helpers do not take it for an end either: ``get_final_response`` fails with
        *Didn't receive a `response.completed` event*. The error event raises, with the code.
        """
        del problem


def _rest(
    value: dict[str, Any],
    path: Path,
    steps: list[Step],
    *,
    known: tuple[str, ...],
    repeats: bool = False,
    binary: tuple[str, ...] = (),
    calls: bool = False,
) -> None:
    """Scan an object, except for known names, and for files under the names of files."""
    given = _GIVEN if calls else ARGUMENTS
    rest = {
        name: inner
        for name, inner in value.items()
        if name not in known
        and not (name in binary and isinstance(inner, str) and is_base64(inner))
    }
    steps.extend(deep_scan(rest, path, skip=_SKIP, repeats=repeats, arguments=given))


def _items(event: dict[str, Any]) -> set[str | int]:
    """Return what tells the item of an event from others: its id, its index, or both."""
    item = event.get("item")
    names = (event.get("item_id"), event.get("output_index"))
    inner = item.get("id") if is_object(item) else None
    return {name for name in (*names, inner) if isinstance(name, str | int)}


def _scrubs(event: dict[str, Any]) -> Iterator[Scrub]:
    """Find the log-probabilities; those that spell more than the text beside them go at once."""
    stack: list[tuple[Any, Path]] = [(event, ())]
    while stack:
        value, path = stack.pop()
        if is_object(value):
            if logprobs := value.get("logprobs"):
                said = value.get("delta", value.get("text", ""))
                yield scrub_logprobs((*path, "logprobs"), logprobs, [said], [])
            stack.extend((inner, (*path, name)) for name, inner in value.items())
        elif is_array(value):
            stack.extend((inner, (*path, index)) for index, inner in enumerate(value))


def _claims(hint: Hint) -> bool:
    if not is_object(hint.value):
        return False
    kind = hint.value.get("type")
    return isinstance(kind, str) and kind.startswith("response.") and "event_id" not in hint.value


OPENAI_RESPONSES = Dialect(
    name="openai_responses",
    framing=SSE,
    reader=OpenAIResponsesReader,
    claims=_claims,
    paths=("/responses",),
    heartbeat_after_id=False,  # as for chat completions: the same decoder
    signs=Signs(claims=("type=response.* & event_id!=*",), ends=_LAST),
)
