"""SSE whose data is the text itself, as tutorials write it."""

from __future__ import annotations

from ..dialect import BLANK_LINE, Dialect, Hint, Problem, Reader
from ..errors import UnreadableFrameError
from ..frame import Frame
from ..json_codec import is_object, loads
from ..reading import PAYLOAD, Channel, Close, Scrub, Step, Text
from ..sse import SSE
from .unknown_json import UnknownJsonReader, sse_error

__all__ = ["RAW_SSE", "TextReader"]

_CHANNEL = Channel(("text",))
_SENTINELS = (b"[DONE]", b"[END]")


class TextReader(Reader):
    """Reads frames whose payload is text; one channel over the whole stream."""

    every_frame_speaks = True

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
    """Reads SSE text; sentinels and the app's own error events end the run.

    Objects may come among the words: a stream that greets with ``data: connected`` and goes on in
    JSON. They are read as JSON of unknown shape.
    """

    def __init__(self) -> None:
        super().__init__()
        self._objects: UnknownJsonReader | None = None

    def read(self, frame: Frame) -> list[Step]:
        """Read one event."""
        if frame.data in _SENTINELS:
            return [Close()]
        if (frame.data or b"").startswith(b"{") and _is_json(frame.data or b""):
            return self._object(frame)
        steps = super().read(frame)
        if frame.event == "error":
            self.failed = True
            return [Close(), *steps, Close()]
        return steps

    def _object(self, frame: Frame) -> list[Step]:
        self._frames += 1
        steps: list[Step] = []
        if self._objects is None:  # the greeting is over; later, words may go on behind an object
            self._objects = UnknownJsonReader()
            steps.append(Close((_CHANNEL,)))
        steps += self._objects.read(frame)
        self.failed = self.failed or self._objects.failed
        return steps

    def error(self, problem: Problem) -> bytes:
        """Write the event that most clients raise on, or deliver as an ``error`` event."""
        return sse_error(problem)


def _is_json(data: bytes) -> bool:
    try:
        return is_object(loads(data))
    except UnreadableFrameError:
        return False


def _claims(hint: Hint) -> bool:
    return hint.value is None


RAW_SSE = Dialect(
    name="raw_sse",
    framing=SSE,
    reader=RawSseReader,
    claims=_claims,
    heartbeat=BLANK_LINE,
)
