"""The Vercel AI SDK's UI message stream, versions 5 to 7.

Shapes: https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol and ``uiMessageChunkSchema`` of the
``ai`` package. The client is strict: an unknown ``type``, an extra member or a delta for a part
that is not open ends the stream for it. So nothing is ever added to a part, and what is written
here are only the frames that its schema has.

Beside the parts, ``data-*`` frames whose data is a string (as artifacts stream them) are joined
over frames that follow each other. ``providerMetadata`` belongs to the provider and is sent back
to it: it passes, except for the signature of reasoning that was edited; the SDK then leaves the
reasoning out when it asks again. So do files: ``data:`` URLs in base64, but audio in them is told
apart. Any other URL is scanned.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..deep import OPAQUE, deep_scan
from ..dialect import Dialect, Early, Hint, Problem, Reader, Signs, early_by
from ..errors import UnreadableFrameError
from ..frame import Frame
from ..json_codec import dumps, is_object, loads
from ..reading import Channel, Close, Form, Scrub, Step, Text
from ..sse import SSE
from .unknown_json import UnknownJsonReader

__all__ = ["AI_SDK_UI"]

_DONE = b"[DONE]"
_HEADER = ("x-vercel-ai-ui-message-stream", "v1")
# Version 5.0 gives no reason.
_GOOD_REASONS = (None, "stop", "tool-calls")
# Of each sort of part: the member with the text, the member with the id, the kind of the channel.
_PARTS = {
    "text": ("delta", "id", "content"),
    "reasoning": ("delta", "id", "reasoning"),
    "tool-input": ("inputTextDelta", "toolCallId", "tool"),
}
_CLOSE_ALL = frozenset({"finish", "finish-step", "reset-step", "abort", "error"})
_OTHERS = frozenset(
    {
        "custom",
        "file",
        "message-metadata",
        "reasoning-file",
        "source-document",
        "source-url",
        "start",
        "start-step",
        "steering-message",
        "tool-approval-request",
        "tool-approval-response",
        "tool-output-available",
        "tool-output-denied",
        "tool-output-error",
    }
)
_CLAIMING = sorted(_OTHERS - {"custom", "file", "start"})  # not the words that others use too
_ENVELOPE = frozenset({"type", "toolName", "dynamic", "providerExecuted", "transient"})
# Below these names stands what tools and applications said, under names of their own.
_FOREIGN = ("input", "output", "data", "messageMetadata")
_SIGNATURES = ("signature", "thoughtSignature")
_START = frozenset({"type", "messageId", "messageMetadata"})


class AiSdkUiReader(Reader):
    """Reads one message; parts are told apart by ``id`` and ``toolCallId``."""

    steady = True

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str], Channel] = {}  # that are open, by sort and id
        self._spoken: set[str] = set()  # tool calls whose input was streamed
        self._streaming: Channel | None = None  # the `data-*` frames that follow each other
        self._unknown = UnknownJsonReader()
        self._finished = False
        self._done = False
        self._reason: Any = None
        # For `refusal`: which parts were open one frame ago.
        # Only the last frame can have been withheld as a whole, with all that it opened or closed.
        self._shown: tuple[tuple[str, str], ...] = ()
        self._before: tuple[tuple[str, str], ...] = ()

    @property
    def complete(self) -> bool:
        """A good ``finish`` came, and the end marker."""
        return self._whole() and self._reason in _GOOD_REASONS

    @property
    def early(self) -> frozenset[Early]:
        """The reason of ``finish``, where the end marker came and it is not a good one."""
        if self.complete or not self._whole():
            return frozenset()
        return frozenset({early_by(self._reason)})

    def _whole(self) -> bool:
        return self._finished and self._done and not self.failed

    def read(self, frame: Frame) -> list[Step]:
        """Read one chunk, or the end marker."""
        self._before = self._shown
        if frame.data == _DONE:
            self._done = True
            return [Close()]
        chunk = loads(frame.data or b"")
        if not is_object(chunk) or not isinstance(kind := chunk.get("type"), str):
            raise UnreadableFrameError("a chunk of a UI message is not an object with a type")
        steps: list[Step] = []
        self._end_data(kind, steps)
        sort, _, verb = kind.rpartition("-")
        if sort in _PARTS and verb == "delta":
            self._delta(sort, chunk, steps)
        elif sort in _PARTS or kind in _CLOSE_ALL or kind in _OTHERS or kind.startswith("data-"):
            self._other(sort, verb, chunk, steps)
        else:  # fatal to the client: this is no such stream
            steps += self._unknown.read(frame)
        self._shown = tuple(self._parts)
        return steps

    def _delta(self, sort: str, chunk: dict[str, Any], steps: list[Step]) -> None:
        name, key, _ = _PARTS[sort]
        text, part = chunk.get(name), chunk.get(key)
        if not isinstance(text, str) or not isinstance(part, str):
            _rest(chunk, steps)
            return
        if (sort, part) not in self._parts:
            self._start(sort, chunk)
        self._spoken.add(part)
        steps.append(Text(self._parts[sort, part], (name,), text))
        steps += _signatures(chunk, self._parts[sort, part])
        _rest({inner: value for inner, value in chunk.items() if inner != name}, steps)

    def _other(self, sort: str, verb: str, chunk: dict[str, Any], steps: list[Step]) -> None:
        kind: str = chunk["type"]
        if sort in _PARTS and verb == "start":
            self._start(sort, chunk)
        elif sort in _PARTS:
            part = chunk.get(_PARTS[sort][1])
            if channel := self._parts.pop((sort, str(part)), None):
                steps += [*_signatures(chunk, channel), Close((channel,))]
        elif kind in _CLOSE_ALL:
            steps.append(Close())
            self._parts.clear()
            self._finish(kind, chunk)
        repeated = str(chunk.get("toolCallId")) in self._spoken
        _rest(chunk, steps, repeated="input" if repeated else "")
        if kind.startswith("data-") and isinstance(text := chunk.get("data"), str):
            self._streaming = Channel((kind,), "data")
            steps.append(Text(self._streaming, ("data",), text))

    def _start(self, sort: str, chunk: dict[str, Any]) -> None:
        _, key, kind = _PARTS[sort]
        if isinstance(part := chunk.get(key), str):
            json = sort == "tool-input" and chunk.get("inputEncoding") != "text"
            form: Form = "json" if json else "text"
            self._parts[sort, part] = Channel((sort, part), kind, form)

    def _end_data(self, kind: str, steps: list[Step]) -> None:
        if self._streaming is not None and self._streaming.key != (kind,):
            steps.append(Close((self._streaming,)))
            self._streaming = None

    def _finish(self, kind: str, chunk: dict[str, Any]) -> None:
        if kind == "finish":
            self._finished = True
            self._reason = chunk.get("finishReason")
        self.failed = self.failed or kind in {"abort", "error"}

    def error(self, problem: Problem) -> bytes:
        """Write an error chunk and the end marker: ``useChat`` fails with the text as its message.

        Its schema has no place for a code.
        """
        chunk = {"type": "error", "errorText": problem.message}
        return SSE.build(dumps(chunk), "") + SSE.build(_DONE, "")

    def refusal(self, problem: Problem) -> bytes:
        """End the open part, finish with ``content-filter``, and say ``[DONE]``.

        An end for a part that the client has not seen is fatal to it. Of several open parts some
        may not have been shown yet, so these stay open, which no client minds.
        """
        del problem
        chunks: list[dict[str, str]] = []
        if len(self._before) == 1 and self._before[0][0] != "tool-input":
            sort, part = self._before[0]
            chunks.append({"type": f"{sort}-end", "id": part})
        chunks.append({"type": "finish", "finishReason": "content-filter"})
        return b"".join(SSE.build(dumps(chunk), "") for chunk in chunks) + SSE.build(_DONE, "")


def _signatures(chunk: dict[str, Any], channel: Channel) -> Iterator[Step]:
    """Find the signatures of a text; each goes with what its provider says beside it."""
    metadata = chunk.get("providerMetadata")
    for provider, said in metadata.items() if is_object(metadata) else ():
        if is_object(said) and any(said.get(name) for name in _SIGNATURES):
            yield Scrub(("providerMetadata", provider), {}, "channel", channel)


def _rest(chunk: dict[str, Any], steps: list[Step], *, repeated: str = "") -> None:
    """Scan what a chunk holds besides a delta."""
    for name, value in chunk.items():
        if name not in _ENVELOPE and name not in OPAQUE:
            skip = () if name in _FOREIGN else OPAQUE
            given = name == "input" and chunk["type"].startswith("tool-input-")
            kind = "tool" if given else ""
            repeats = name == repeated
            steps += deep_scan(value, (name,), skip=skip, repeats=repeats, kind=kind, arguments=())


def _claims(hint: Hint) -> bool:
    if hint.headers.get(_HEADER[0]) == _HEADER[1]:
        return True
    chunk = hint.value
    if not is_object(chunk) or not isinstance(kind := chunk.get("type"), str):
        return False
    if kind in {"start", "error"}:  # words that others use too
        return chunk.keys() <= _START or "errorText" in chunk
    sort, _, _ = kind.rpartition("-")
    return sort in _PARTS or kind.startswith("data-") or kind in _CLAIMING


AI_SDK_UI = Dialect(
    name="ai_sdk_ui",
    framing=SSE,
    reader=AiSdkUiReader,
    claims=_claims,
    header=_HEADER,
    end_marker=_DONE,
    signs=Signs(
        claims=(
            '@data={"type":"start"}',
            "type=start & messageId=*",
            "type=start & messageMetadata=*",
            "type=error & errorText=*",
            f"type={'|'.join((*(f'{sort}-*' for sort in _PARTS), 'data-*', *_CLAIMING))}",
        ),
        ends="@data=[DONE];type=abort|error",
    ),
)
