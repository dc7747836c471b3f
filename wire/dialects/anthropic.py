"""Anthropic messages.

Shapes: https://docs.anthropic.com/en/api/messages-streaming. Every event is named, and both
official clients skip events that are not, so the name is always written.

What is guarded: ``text``, ``thinking``, ``partial_json`` and ``compaction`` deltas as channels;
citations, server tool results (they come whole in ``content_block_start``), stop sequences and
explanations as texts of their own. A ``signature`` vouches for the thinking beside it, or for a
compaction, and the API refuses a block that was changed. It comes last, so every such block counts
as signed; one whose text did not leave as it came never keeps its signature. Encrypted fields and
``redacted_thinking`` pass.
"""

from __future__ import annotations

from typing import Any

from ..deep import OPAQUE, deep_scan
from ..dialect import Dialect, Early, Hint, Problem, Reader, Signs, early_by
from ..errors import UnreadableFrameError
from ..frame import Frame
from ..json_codec import dumps, is_object, loads
from ..json_splice import Path
from ..reading import PAYLOAD, Channel, Close, Form, Scrub, Step, Text, Usage, Whole
from ..sse import SSE

__all__ = ["ANTHROPIC"]

_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_GOOD_STOPS = ("end_turn", "stop_sequence", "tool_use", "pause_turn")
# Text of a delta, and of the block that begins it: the kind of the channel and its form.
_TEXTS: dict[str, tuple[str, Form]] = {
    "text": ("content", "text"),
    "thinking": ("reasoning", "text"),
    "partial_json": ("tool", "json"),
    "content": ("content", "text"),  # compaction
}
_BEGUN = ("text", "thinking")
_SIGNED = ("thinking", "content")
_OF_MESSAGE = ("message_start", "message_delta", "message_stop")


class AnthropicReader(Reader):
    """Reads one message; a content block is a channel."""

    steady = True

    def __init__(self) -> None:
        self._channels: dict[int, dict[str, Channel]] = {}  # by block: those that are open
        self._begun = False
        self._stopped = False
        self._stop_reason: Any = None
        # For `refusal`: the blocks that the client has seen open, and how it was one frame ago.
        # Only the last frame can have been withheld as a whole, with all that it opened or closed.
        self._shown: tuple[int, ...] = ()
        self._before: tuple[bool, tuple[int, ...]] = (False, ())

    @property
    def complete(self) -> bool:
        """The message stopped, and for a reason that is not a limit or a refusal."""
        return self._stopped and self._stop_reason in _GOOD_STOPS and not self.failed

    @property
    def early(self) -> frozenset[Early]:
        """The stop reason, where the message stopped and it is not a good one."""
        if self.complete or not self._stopped or not self._stop_reason or self.failed:
            return frozenset()
        return frozenset({early_by(self._stop_reason)})

    def read(self, frame: Frame) -> list[Step]:
        """Read one event."""
        self._before = (self._begun, self._shown)
        try:
            event = loads(frame.data or b"")
        except UnreadableFrameError:
            if frame.event != "error":
                raise
            return self._plain_error(frame)
        if not is_object(event):
            raise UnreadableFrameError("an event of a message is not an object")
        steps: list[Step] = []
        kind = event.get("type")
        if kind == "content_block_delta":
            self._delta(_index(event), event.get("delta"), steps)
        elif kind == "content_block_start":
            self._start(_index(event), event.get("content_block"), steps)
        elif kind == "content_block_stop":
            self._stop(_index(event), steps)
        elif kind == "error" or frame.event == "error":
            self.failed = True
            steps.append(Close())
            _rest(event, (), steps, known=("type",))
        else:
            self._message(kind, event, steps)
        return steps

    def _plain_error(self, frame: Frame) -> list[Step]:
        """Read an error whose payload is not JSON; the clients show it as it is."""
        self.failed = True
        text = (frame.data or b"").decode("utf-8", "replace")
        return [Close(), Whole(PAYLOAD, text)]

    def _message(self, kind: Any, event: dict[str, Any], steps: list[Step]) -> None:
        """Read the events around the blocks, and those that nobody knows yet."""
        if kind == "message_start":
            self._begun = True
            message = event.get("message")
            self._count(message.get("usage") if is_object(message) else None)
        elif kind == "message_delta":
            steps.append(Close())
            delta = event.get("delta")
            if is_object(delta) and delta.get("stop_reason"):
                self._stop_reason = delta["stop_reason"]
            self._count(event.get("usage"))
        elif kind == "message_stop":
            steps.append(Close())
            self._stopped = True
        _rest(event, (), steps, known=("type",))

    def _count(self, counts: Any) -> None:
        """Take the counts; they are totals, so a later one replaces the one before."""
        if not is_object(counts):
            return
        new, old = Usage.of(counts, "input_tokens", "output_tokens"), self.usage or Usage()
        self.usage = Usage(
            old.input_tokens if new.input_tokens is None else new.input_tokens,
            old.output_tokens if new.output_tokens is None else new.output_tokens,
        )

    def _start(self, index: int, block: Any, steps: list[Step]) -> None:
        at = ("content_block",)
        if not is_object(block):
            steps.extend(deep_scan(block, at))
            return
        texts = [name for name in _BEGUN if isinstance(block.get(name), str) and block[name]]
        for name in texts:
            self._say(index, name, (*at, name), block[name], steps)
        self._sign(index, block, at, steps)
        if not texts:
            self._shown = (*self._shown, index)
        if block.get("type") == "redacted_thinking":
            return
        # The name of a tool is an identifier. The name of anything else is text.
        calls = str(block.get("type")).endswith("tool_use")
        named = ("name", "input") if calls else ()
        _rest(block, at, steps, known=("type", *texts, *named))
        if calls:
            steps.extend(deep_scan(block.get("input"), (*at, "input"), skip=(), kind="tool"))

    def _delta(self, index: int, delta: Any, steps: list[Step]) -> None:
        at = ("delta",)
        if not is_object(delta):
            steps.extend(deep_scan(delta, at))
            return
        for name in _TEXTS:
            if isinstance(text := delta.get(name), str):
                self._say(index, name, (*at, name), text, steps)
        self._sign(index, delta, at, steps)
        texts = [name for name in _TEXTS if isinstance(delta.get(name), str)]
        _rest(delta, at, steps, known=("type", *texts))

    def _say(self, index: int, name: str, path: Path, text: str, steps: list[Step]) -> None:
        channels = self._channels.setdefault(index, {})
        if name not in channels:
            kind, form = _TEXTS[name]
            channels[name] = Channel((index, name), kind, form, name in _SIGNED)
        steps.append(Text(channels[name], path, text))

    def _sign(self, index: int, value: dict[str, Any], at: Path, steps: list[Step]) -> None:
        """Take the signature away if any text of the block that it vouches for was edited."""
        if value.get("signature"):
            steps.extend(
                Scrub((*at, "signature"), "", "channel", channel)
                for channel in self._channels.get(index, {}).values()
            )

    def _stop(self, index: int, steps: list[Step]) -> None:
        steps.append(Close(tuple(self._channels.pop(index, {}).values())))
        self._shown = tuple(shown for shown in self._shown if shown != index)

    def error(self, problem: Problem) -> bytes:
        """Write an error event; the official clients raise ``APIStatusError`` and ``APIError``."""
        error = {"type": "api_error", "message": problem.message, "code": problem.code}
        return SSE.build(dumps({"type": "error", "error": error}), "error")

    def refusal(self, problem: Problem) -> bytes | None:
        """Close the open block and end the message with ``refusal``, as the API does.

        A client that has seen no ``message_start`` cannot take one: it gets the error.
        """
        del problem
        begun, shown = self._before
        if not begun:
            return None
        counted = self.usage.output_tokens if self.usage else None
        events: list[dict[str, Any]] = [
            *({"type": "content_block_stop", "index": index} for index in shown),
            {
                "type": "message_delta",
                "delta": {"stop_reason": "refusal", "stop_sequence": None},
                "usage": {"output_tokens": counted or 0},
            },
            {"type": "message_stop"},
        ]
        return b"".join(SSE.build(dumps(event), event["type"]) for event in events)


def _index(event: dict[str, Any]) -> int:
    index = event.get("index", 0)
    if not isinstance(index, int):
        raise UnreadableFrameError("the index of a content block is not an integer")
    return index


def _rest(
    value: dict[str, Any], path: Path, steps: list[Step], *, known: tuple[str, ...] = ()
) -> None:
    """Scan what the dialect does not describe."""
    rest = {name: inner for name, inner in value.items() if name not in known}
    steps.extend(deep_scan(rest, path, skip=OPAQUE))


def _claims(hint: Hint) -> bool:
    kind = hint.value.get("type") if is_object(hint.value) else None
    if kind == "ping":  # a word that others use too
        return hint.frame.event == "ping"
    return kind in _OF_MESSAGE or (isinstance(kind, str) and kind.startswith("content_block_"))


ANTHROPIC = Dialect(
    name="anthropic",
    framing=SSE,
    reader=AnthropicReader,
    claims=_claims,
    paths=("/v1/messages",),
    heartbeat=_PING,
    signs=Signs(
        claims=(f"type={'|'.join(_OF_MESSAGE)}|content_block_*", "type=ping & @event=ping"),
        ends="type=message_stop|error;@event=error",
    ),
)
