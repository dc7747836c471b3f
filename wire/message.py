"""Messages: what comes is cut already, one frame each, as over a WebSocket or out of an SDK.

Here a message of text ends with LF, whatever else is in it, and one of bytes with NUL, so that an
empty one is a frame too. A door puts that there and takes it off again: nobody else sees it. In
bytes nobody looks; they leave with their turn.
"""

from __future__ import annotations

from .errors import FrameTooLargeError
from .frame import Frame, Framing

__all__ = ["MESSAGE", "MessageFramer"]


class MessageFramer:
    """Takes one whole message at a time, its LF or NUL included.

    Args:
        limit: how many bytes a message may have.
    """

    between = True  # a message is a frame

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take one message; return it as a frame.

        Raises:
            FrameTooLargeError: it is over the limit.
        """
        if len(chunk) > self._limit:
            raise FrameTooLargeError(self._limit)
        if not chunk:
            return []
        return [Frame(chunk, chunk[:-1] or None) if chunk.endswith(b"\n") else Frame(chunk, None)]

    def finish(self) -> list[Frame]:
        """Return nothing: every message was whole."""
        return []


def _with_data(frame: Frame, data: bytes) -> bytes:
    del frame
    return data + b"\n"


def _same(frame: Frame) -> Frame:
    return frame


def _build(data: bytes, event: str) -> bytes:
    del event  # a message has no type beside itself
    return data + b"\n"


MESSAGE = Framing("message", MessageFramer, _with_data, _same, _build)
