"""The smallest unit of a framing, and what every framing offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

__all__ = ["MAX_FRAME", "Frame", "Framer", "Framing"]

# Answers carry images as data URLs in one frame; the largest client buffer known is 10 MB (AG-UI).
MAX_FRAME = 8 * 1024 * 1024


class Frame(NamedTuple):
    """One frame, with the bytes it came as.

    Attributes:
        raw: the bytes, terminator included; all frames of a stream joined are the stream.
        data: the payload, or None when a client dispatches nothing (a comment, a blank line).
        event: the SSE event type; empty elsewhere.
        aside: what stands in ``raw`` but reaches no conforming client: comments, unknown fields,
            and the ``id`` and ``retry`` fields. Guards look at it all the same.
        ended: False for what is left over at the end of a stream that stops inside a frame.
    """

    raw: bytes
    data: bytes | None
    event: str = ""
    aside: bytes = b""
    ended: bool = True


class Framer(Protocol):
    """Cuts bytes into frames, incrementally. Holds at most one incomplete frame.

    Attributes:
        between: whether the next byte begins a frame, and nothing before it tells where that ends.
    """

    between: bool

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes; return the frames that are complete now.

        Raises:
            FrameTooLargeError: the incomplete frame is over the limit.
        """
        ...

    def finish(self) -> list[Frame]:
        """Say that the stream is over; return what is left, marked as not ended."""
        ...


@dataclass(frozen=True, slots=True)
class Framing:
    """A framing: how to cut, how to write a frame anew, how to make one.

    Attributes:
        name: ``"sse"``, ``"ndjson"`` or ``"plain"``.
        framer: opens a framer with a limit in bytes.
        with_data: the frame's bytes with another payload; everything else stays.
        without_aside: the frame without what no client reads.
        build: the bytes of a new frame from a payload and an event type.
    """

    name: str
    framer: Callable[[int], Framer]
    with_data: Callable[[Frame, bytes], bytes]
    without_aside: Callable[[Frame], Frame]
    build: Callable[[bytes, str], bytes]
