"""SSE whose data is the text itself, as tutorials write it."""

from __future__ import annotations

from ..dialect import Dialect, Hint, Problem, Reader
from ..frame import Frame
from ..json_codec import dumps
from ..reading import PAYLOAD, Channel, Close, Scrub, Step, Text
from ..sse import SSE

__all__ = ["RAW_SSE", "TextReader", "sse_error"]

_CHANNEL = Channel(("text",))
_SENTINELS = (b"[DONE]", b"[END]")


class TextReader(Reader):
    """Reads frames whose payload is text; one channel over the whole stream."""

    def __init__(self) -> None:
        self._frames = 0

    @property
    def complete(self) -> bool:
        """Raw text has no end marker: a transfer that ended without an error is all there is."""
        return self._frames > 0 and not self.failed

    def read(self, frame: Frame) -> list[Step]:
        """Read one payload. Bytes that are no UTF-8 become U+FFFD, here as in every client."""
        self._frames += 1
        data = frame.data or b""
        try:
            return [Text(_CHANNEL, PAYLOAD, data.decode())]
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
            return [Text(_CHANNEL, PAYLOAD, text), Scrub(PAYLOAD, text, "always")]

    def error(self, problem: Problem) -> bytes:
        """Plain text has no way to say it; only the cut transfer does."""
        del problem
        return b""


class RawSseReader(TextReader):
    """Reads SSE text; sentinels and the app's own error events end the run."""

    def read(self, frame: Frame) -> list[Step]:
        """Read one event."""
        if frame.data in _SENTINELS:
            return [Close()]
        steps = super().read(frame)
        if frame.event == "error":
            self.failed = True
            return [Close(), *steps, Close()]
        return steps

    def error(self, problem: Problem) -> bytes:
        """Write the event that most clients raise on, or deliver as an ``error`` event."""
        return sse_error(problem)


def sse_error(problem: Problem) -> bytes:
    """Write an error event for a client that nobody knows.

    The shape is the one that the openai, anthropic and AI SDK clients all raise on: a named event,
    ``type`` and a nested ``error``.
    """
    error = {"type": "server_error", "code": problem.code, "message": problem.message}
    return SSE.build(dumps({"type": "error", "error": error}), "error")


def _claims(hint: Hint) -> bool:
    return hint.value is None


RAW_SSE = Dialect(
    name="raw_sse",
    framing=SSE,
    reader=RawSseReader,
    claims=_claims,
)
