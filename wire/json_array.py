"""One JSON array, element by element: a frame is an object with the punctuation before it.

Strategy: a scanner of brackets and strings, which looks at each byte once. It does not check what
is inside of an element; who reads the element does. From the first thing that no array of objects
has, every chunk is a frame of its own that cannot be read, so that guards refuse it and a stream
without guards passes.
"""

from __future__ import annotations

import re

from .errors import FrameTooLargeError
from .frame import Frame, Framing

__all__ = ["JSON_ARRAY", "JsonArrayFramer"]

_LEAD = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*(?P<sign>[\[,]?)[ \t\r\n]*")
_SPACE = re.compile(rb"[ \t\r\n]*")
_TOKEN = re.compile(rb'["{}\[\]]')
_IN_STRING = re.compile(rb'["\\]')


class JsonArrayFramer:
    """Cuts a JSON array of objects into its elements.

    Args:
        limit: how many bytes an element may have, with what stands before it.
    """

    between = False  # an element belongs to its array

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._too_large = False
        self._buffer = bytearray()
        self._begin = -1  # where the element begins in the buffer; -1: not yet
        self._at = 0  # what stands before this offset was looked at
        self._depth = 0
        self._in_string = False
        self._sign = False  # a bracket or a comma stands before the element
        self._over = False
        self._broken = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes; return the elements that are complete now."""
        self._check()
        self._buffer += chunk
        frames: list[Frame] = []
        while not self._too_large and (frame := self._next()) is not None:
            frames.append(frame)
        if not frames:
            self._check()
        return frames

    def finish(self) -> list[Frame]:
        """Return what the end of the stream cut off."""
        self._check()
        rest = bytes(self._buffer)
        self._buffer.clear()
        lead = _LEAD.fullmatch(rest) is not None
        return [Frame(rest, None if lead else rest, ended=False)] if rest else []

    def _check(self) -> None:
        if self._too_large:
            self._buffer.clear()
            raise FrameTooLargeError(self._limit)

    def _next(self) -> Frame | None:
        if self._broken:
            return self._taken(len(self._buffer), ended=False) if self._buffer else None
        if self._begin < 0 and not self._found_element():
            return self._outside()
        end = self._element_end()
        self._too_large = (len(self._buffer) if end is None else end) > self._limit
        return None if end is None or self._too_large else self._taken(end)

    def _taken(self, end: int, *, ended: bool = True) -> Frame:
        raw, begin = bytes(self._buffer[:end]), max(0, self._begin)
        del self._buffer[:end]
        self._begin, self._at, self._sign = -1, 0, False
        return Frame(raw, raw[begin:], ended=ended)

    def _found_element(self) -> bool:
        """Pass over what stands before an element; whether one begins behind it."""
        lead = (_SPACE if self._sign or self._over else _LEAD).match(self._buffer, self._at)
        if lead is not None:
            self._sign = self._sign or bool(lead.groupdict().get("sign"))
            self._at = lead.end()
        if self._over or not self._buffer.startswith(b"{", self._at):
            return False
        self._begin = self._at
        return True

    def _outside(self) -> Frame | None:
        """Return what is no element: the end of the array, space behind it, or what breaks it."""
        if not self._buffer:
            return None
        if self._at == len(self._buffer):
            self._too_large = self._at > self._limit
            return self._taken(self._at)._replace(data=None) if self._over else None
        if not self._over and self._buffer.startswith(b"]", self._at):
            self._over = True
            return self._taken(self._at + 1)._replace(data=None)
        half_bom = not self._over and b"\xef\xbb\xbf".startswith(self._buffer[:3])
        self._broken = not half_bom
        return self._next() if self._broken else None

    def _element_end(self) -> int | None:
        """Return the offset behind the element; None when it is not complete."""
        while True:
            token = (_IN_STRING if self._in_string else _TOKEN).search(self._buffer, self._at)
            if token is None:
                self._at = len(self._buffer)
                return None
            byte, self._at = token[0], token.end()
            if byte == b"\\":
                if self._at == len(self._buffer):
                    self._at -= 1  # what it escapes has not come
                    return None
                self._at += 1
            elif byte == b'"':
                self._in_string = not self._in_string
            else:
                self._depth += 1 if byte in b"{[" else -1
                if self._depth == 0:
                    return self._at


def _with_data(frame: Frame, data: bytes) -> bytes:
    return frame.raw[: len(frame.raw) - len(frame.data or b"")] + data


def _same(frame: Frame) -> Frame:
    return frame


def _build(data: bytes, event: str) -> bytes:
    del event  # an array has no event types
    return b",\n" + data


JSON_ARRAY = Framing("json_array", JsonArrayFramer, _with_data, _same, _build)
