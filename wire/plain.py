"""Plain text: a frame is a chunk, cut only where a character of UTF-8 would be cut in two."""

from __future__ import annotations

from .frame import Frame, Framing

__all__ = ["PLAIN", "PlainFramer"]


class PlainFramer:
    """Passes chunks on, keeping back at most three bytes of an unfinished character.

    Args:
        limit: not needed here, since at most three bytes wait; every framer takes it.
    """

    between = False  # a text may be cut anywhere

    def __init__(self, limit: int) -> None:
        del limit
        self._buffer = b""

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes; return them as one frame of whole characters."""
        data = self._buffer + chunk
        cut = len(data) - _unfinished(data)
        self._buffer = data[cut:]
        return [Frame(data[:cut], data[:cut])] if cut else []

    def finish(self) -> list[Frame]:
        """Return the bytes of a character that never became whole."""
        rest, self._buffer = self._buffer, b""
        return [Frame(rest, rest, ended=False)] if rest else []


def _unfinished(data: bytes) -> int:
    """Return how many bytes at the end begin a character that needs more of them."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte & 0b1100_0000 == 0b1000_0000:  # a continuation byte: look further back
            continue
        needs = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return back if needs > back else 0
    return 0


def _with_data(frame: Frame, data: bytes) -> bytes:
    del frame
    return data


def _same(frame: Frame) -> Frame:
    return frame


def _build(data: bytes, event: str) -> bytes:
    del event  # plain text has no event types
    return data


PLAIN = Framing("plain", PlainFramer, _with_data, _same, _build)
