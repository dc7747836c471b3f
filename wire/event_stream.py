"""AWS event streams (``application/vnd.amazon.eventstream``): binary messages with two checksums.

A message is its length, the length of its headers, a CRC of both, the headers, the payload, and a
CRC of all that: https://smithy.io/2.0/aws/amazon-eventstream.html. The frame's event is the type
of an event or of an exception. From the first message whose lengths or checksums are wrong, every
chunk is a frame of its own that cannot be read: there is no way back into step.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct, error
from typing import Final
from zlib import crc32

from .errors import FrameTooLargeError
from .frame import Frame, Framing

__all__ = ["EVENT_STREAM", "EventStreamFramer"]

_PRELUDE: Final = Struct("!II")
_CRC: Final = Struct("!I")
_SHORT: Final = Struct("!H")
_BEFORE_HEADERS = _PRELUDE.size + _CRC.size
_LEAST = _BEFORE_HEADERS + _CRC.size
_STRING = 7
# Bytes of the values of the other types; byte arrays (6) are as strings.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_TYPES = (b":event-type", b":exception-type", b":error-code")
_KNOWN = (*_TYPES, b":message-type", b":content-type")


class EventStreamFramer:
    """Cuts a byte stream into messages.

    Args:
        limit: how many bytes a message may have.
    """

    between = False  # each message has its checksum

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._too_large = False
        self._broken = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes; return the messages that are complete now."""
        self._check()
        self._buffer += chunk
        frames: list[Frame] = []
        taken = 0
        while (size := self._size(taken)) is not None:
            frames.append(self._frame(bytes(self._buffer[taken : taken + size])))
            taken += size
        del self._buffer[:taken]
        if not frames:
            self._check()
        return frames

    def finish(self) -> list[Frame]:
        """Return what the end of the stream cut off."""
        self._check()
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [Frame(rest, rest, ended=False)] if rest else []

    def _check(self) -> None:
        if self._too_large:
            self._buffer.clear()
            raise FrameTooLargeError(self._limit)

    def _size(self, begin: int) -> int | None:
        """Return how long the next message is; None while it is not complete."""
        left = len(self._buffer) - begin
        if self._broken:
            return left or None
        if self._too_large or left < _BEFORE_HEADERS:
            return None
        total, headers = _PRELUDE.unpack_from(self._buffer, begin)
        prelude = self._buffer[begin : begin + _PRELUDE.size]
        (sum_,) = _CRC.unpack_from(self._buffer, begin + _PRELUDE.size)
        if crc32(prelude) != sum_ or total < _LEAST + headers:
            self._broken = True
            return left
        self._too_large = total > self._limit
        return total if total <= left and not self._too_large else None

    def _frame(self, raw: bytes) -> Frame:
        if not self._broken:
            (sum_,) = _CRC.unpack_from(raw, len(raw) - _CRC.size)
            try:
                self._broken = crc32(raw[: -_CRC.size]) != sum_
                return _read(raw) if not self._broken else Frame(raw, raw, ended=False)
            except (error, IndexError, KeyError):
                self._broken = True
        return Frame(raw, raw, ended=False)


def _payload_at(raw: bytes) -> int:
    return _BEFORE_HEADERS + int(_PRELUDE.unpack_from(raw)[1])


def _headers(raw: bytes) -> Iterator[tuple[bytes, int, bytes, bytes]]:
    """Yield name, type and value of each header, and the bytes of it all."""
    at, end = _BEFORE_HEADERS, _payload_at(raw)
    while at < end:
        begin = at
        name = raw[at + 1 : at + 1 + raw[at]]
        at += 1 + len(name)
        kind = raw[at]
        at += 1
        if kind in _SIZES:
            size = _SIZES[kind]
        elif kind in (6, _STRING):
            (size,) = _SHORT.unpack_from(raw, at)
            at += _SHORT.size
        else:
            raise KeyError(kind)
        value = raw[at : at + size]
        at += size
        yield name, kind, value, raw[begin:at]
    if at != end:
        raise IndexError


def _read(raw: bytes) -> Frame:
    headers = list(_headers(raw))
    types = [value for name, _, value, _ in headers if name in _TYPES]
    aside = [value for name, kind, value, _ in headers if kind == _STRING and name not in _KNOWN]
    payload = raw[_payload_at(raw) : -_CRC.size]
    event = types[0].decode("utf-8", "replace") if types else ""
    return Frame(raw, payload, event, b"\n".join(aside))


def _message(headers: bytes, payload: bytes) -> bytes:
    total = _LEAST + len(headers) + len(payload)
    prelude = _PRELUDE.pack(total, len(headers))
    body = prelude + _CRC.pack(crc32(prelude)) + headers + payload
    return body + _CRC.pack(crc32(body))


def _with_data(frame: Frame, data: bytes) -> bytes:
    return _message(frame.raw[_BEFORE_HEADERS : _payload_at(frame.raw)], data)


def _without_aside(frame: Frame) -> Frame:
    kept = [
        written
        for name, kind, _, written in _headers(frame.raw)
        if kind != _STRING or name in _KNOWN
    ]
    raw = _message(b"".join(kept), frame.data or b"")
    return Frame(raw, frame.data, frame.event, b"", frame.ended)


def _header(name: str, value: str) -> bytes:
    written = value.encode()
    name_ = name.encode()
    return bytes([len(name_)]) + name_ + bytes([_STRING]) + _SHORT.pack(len(written)) + written


def _build(data: bytes, event: str) -> bytes:
    """Write a message; one whose type ends as an exception's does is one."""
    kind = "exception" if event.endswith("Exception") else "event"
    headers = (
        _header(f":{kind}-type", event)
        + _header(":content-type", "application/json")
        + _header(":message-type", kind)
    )
    return _message(headers, data)


EVENT_STREAM = Framing("event_stream", EventStreamFramer, _with_data, _without_aside, _build)
