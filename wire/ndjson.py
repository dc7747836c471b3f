"""Newline-delimited JSON: one object a line, cut at LF; a CR before it belongs to the line end."""

from __future__ import annotations

from .errors import FrameTooLargeError
from .frame import Frame, Framing

__all__ = ["NDJSON", "NdjsonFramer"]


class NdjsonFramer:
    """Cuts a byte stream into lines.

    Args:
        limit: how many bytes a line may have.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.between = True
        self._buffer = bytearray()
        self._too_large = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes; return the lines that are complete now."""
        self._check()
        head, newline, rest = chunk.rpartition(b"\n")
        frames: list[Frame] = []
        if newline:
            lines = bytes(self._buffer + head).split(b"\n")
            self._buffer.clear()
            for line in lines:
                if len(line) >= self._limit:
                    return self._give_up(frames)
                frames.append(_line(line + b"\n"))
        self._buffer += rest
        self.between = not self._buffer
        return self._give_up(frames) if len(self._buffer) > self._limit else frames

    def finish(self) -> list[Frame]:
        """Return the line that the end of the stream closes.

        A last line without its LF is a whole line: NDJSON writers often leave it out.
        """
        self._check()
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [_line(rest)] if rest else []

    def _give_up(self, frames: list[Frame]) -> list[Frame]:
        """Deliver what came before the large line; the next call raises."""
        self._too_large = True
        self.between = False
        self._buffer.clear()
        if not frames:
            self._check()
        return frames

    def _check(self) -> None:
        if self._too_large:
            raise FrameTooLargeError(self._limit)


def _line(raw: bytes) -> Frame:
    return Frame(raw, raw.strip(b" \t\r\n") or None)


def _with_data(frame: Frame, data: bytes) -> bytes:
    ending = frame.raw[len(frame.raw.rstrip(b"\r\n")) :]
    return data + ending


def _same(frame: Frame) -> Frame:
    return frame


def _build(data: bytes, event: str) -> bytes:
    del event  # NDJSON has no event types
    return data + b"\n"


NDJSON = Framing("ndjson", NdjsonFramer, _with_data, _same, _build)
