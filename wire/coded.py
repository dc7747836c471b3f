"""Lines that begin with a code: ``0:"Hel"``. It is the frame's event, the rest its payload."""

from __future__ import annotations

import re

from .frame import Frame, Framing
from .ndjson import NdjsonFramer

__all__ = ["CODED"]

_CODE = re.compile(rb"([\w.-]{1,64}):")


class CodedFramer(NdjsonFramer):
    """Cuts a byte stream into lines, and each line at its first colon.

    Args:
        limit: how many bytes a line may have.
    """

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes; return the lines that are complete now."""
        return [_coded(frame) for frame in super().feed(chunk)]

    def finish(self) -> list[Frame]:
        """Return the line that the end of the stream closes."""
        return [_coded(frame) for frame in super().finish()]


def _coded(frame: Frame) -> Frame:
    """Return a line with its code; one without a code is a payload that no reader knows."""
    code = _CODE.match(frame.raw)
    if code is None:
        return frame
    return frame._replace(data=frame.raw[code.end() :].rstrip(), event=code[1].decode())


def _with_data(frame: Frame, data: bytes) -> bytes:
    code = _CODE.match(frame.raw)
    ending = frame.raw[len(frame.raw.rstrip()) :]
    return (code[0] if code else b"") + data + ending


def _same(frame: Frame) -> Frame:
    return frame


def _build(data: bytes, event: str) -> bytes:
    return event.encode() + b":" + data + b"\n"


CODED = Framing("coded", CodedFramer, _with_data, _same, _build)
