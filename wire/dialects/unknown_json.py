"""JSON frames whose shape nobody described, over SSE and as NDJSON.

Every string is scanned as a text of its own. Under the names that streams of tokens use
(``delta``, ``token``, ``text`` …) the strings are also joined over the frames, so that a secret cut
into tokens is seen even though the dialect is not known.
"""

from __future__ import annotations

from typing import Any

from ..deep import OPAQUE, deep_scan
from ..dialect import BLANK_LINE, Dialect, Hint, Problem, Reader
from ..errors import UnreadableFrameError
from ..frame import Frame
from ..json_codec import dumps, is_object, loads
from ..json_splice import Path
from ..ndjson import NDJSON
from ..reading import PAYLOAD, Channel, Close, Scrub, Step, Text, Whole
from ..sse import SSE

__all__ = ["UNKNOWN_JSON", "UNKNOWN_NDJSON", "UnknownJsonReader", "sse_error"]

# In a known dialect a status is an enumeration; here it may well be a sentence.
_SKIP = OPAQUE - {"status"}
_TOKENS = frozenset(
    {
        "answer",
        "chunk",
        "completion",
        "content",
        "delta",
        "output_text",
        "response",
        "text",
        "token",
    },
)


class UnknownJsonReader(Reader):
    """Scans every string of every frame."""

    every_frame_speaks = True

    def __init__(self) -> None:
        self._frames = 0
        self._channels: dict[Path, Channel] = {}

    @property
    def complete(self) -> bool:
        """An unknown dialect has no known end: a transfer that ended without an error."""
        return self._frames > 0 and not self.failed

    def read(self, frame: Frame) -> list[Step]:
        """Read one frame; ``[DONE]`` is an end marker everywhere."""
        self._frames += 1
        if frame.data == b"[DONE]":
            return [Close()]
        try:
            value = loads(frame.data or b"")
        except UnreadableFrameError:
            if not frame.ended or (frame.data or b"").startswith((b"{", b"[", b'"')):
                raise
            return self._plain(frame.data or b"")
        steps: list[Step] = []
        if frame.event == "error" or (is_object(value) and value.get("error")):
            self.failed = True
            steps.append(Close())
        for step in deep_scan(value, skip=_SKIP):
            steps.append(step)
            if isinstance(step, Whole) and (not step.path or step.path[-1] in _TOKENS):
                steps.append(Text(self._channel(step.path), step.path, step.text))
        return steps

    def _plain(self, data: bytes) -> list[Step]:
        """Read a payload that is no JSON: a sentinel or a word."""
        text = data.decode("utf-8", "replace")
        steps: list[Step] = [Whole(PAYLOAD, text), Text(self._channel(PAYLOAD), PAYLOAD, text)]
        return steps if text.encode() == data else [*steps, Scrub(PAYLOAD, text, "always")]

    def error(self, problem: Problem) -> bytes:
        """Write the most widely understood error event."""
        return sse_error(problem)

    def _channel(self, path: Path) -> Channel:
        if path not in self._channels:
            if len(self._channels) >= _MAX_CHANNELS:
                raise UnreadableFrameError("an unknown dialect uses too many places for text")
            self._channels[path] = Channel(path, "data")
        return self._channels[path]


# Paths of an unknown shape come from the upstream: a bound on what they can make us remember.
_MAX_CHANNELS = 1024


class UnknownNdjsonReader(UnknownJsonReader):
    """The same, line by line."""

    def error(self, problem: Problem) -> bytes:
        """Write a line with ``error``, which the common NDJSON clients raise on."""
        error = {"code": problem.code, "message": problem.message}
        return NDJSON.build(dumps({"error": error}), "")


def sse_error(problem: Problem) -> bytes:
    """Write an error event for a client that nobody knows.

    The shape is the one that the openai, anthropic and AI SDK clients all raise on: a named event,
    ``type`` and a nested ``error``.
    """
    error = {"type": "server_error", "code": problem.code, "message": problem.message}
    return SSE.build(dumps({"type": "error", "error": error}), "error")


def _claims(hint: Hint) -> bool:
    return _is_container(hint.value)


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list | str)


def _claims_line(hint: Hint) -> bool:
    del hint
    return True


UNKNOWN_JSON = Dialect(
    name="unknown_json",
    framing=SSE,
    reader=UnknownJsonReader,
    claims=_claims,
    heartbeat=BLANK_LINE,
)

UNKNOWN_NDJSON = Dialect(
    name="unknown_ndjson",
    framing=NDJSON,
    reader=UnknownNdjsonReader,
    claims=_claims_line,
    heartbeat=b" ",  # white space before the next object; a blank line breaks ollama-python
)
