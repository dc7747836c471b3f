"""The body of a probed stream: decoded, cut, read as its dialect says, and forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..errors import StreamwardError, UnreadableFrameError
from ..middleware.decoding import Inflater
from ..wire import (
    MAX_FRAME,
    PLAIN,
    SSE,
    Dialect,
    Frame,
    Framing,
    Reader,
    Sound,
    Text,
    detect,
    framing_of,
    is_end_marker,
    loads,
    may_be_sse,
)
from .echo import MARK
from .exchange import Ending, Moment, Seen

__all__ = ["BodyReading"]

_GZIP: Final = b"\x1f\x8b\x08\x00"
_OPEN_ENDED: Final = frozenset({"unknown_json", "raw_sse", "unknown_ndjson", "plain_text"})


class BodyReading:
    """Reads one body, piece by piece.

    Args:
        headers: of the response, names in lower case.
        path: of the request, a hint at the dialect.

    Attributes:
        framing: None where the content type names no stream.
        readable: False once bytes came that nobody here can decode or cut.
        frames: when frames with data came.
        first_text: when the first text came; None before.
        seen: what an echo told in its first frame.
        members: how many gzip members began.
    """

    def __init__(self, headers: Mapping[str, str], path: str) -> None:
        self.framing: Framing | None = framing_of(headers.get("content-type", ""))
        if self.framing is PLAIN and "content-length" in headers:
            self.framing = None  # a text, whole
        self.readable = self.framing is not None
        self.frames: list[Moment] = []
        self.first_text: float | None = None
        self.seen: Seen | None = None
        self.members = 0
        self._headers = headers
        self._path = path
        self._begin: bytes | None = b"" if self.framing is PLAIN else None
        self._framer = None if self.framing is None else self.framing.framer(MAX_FRAME)
        self._dialect: Dialect | None = None
        self._reader: Reader | None = None
        self._marked = False
        self._inflater: Inflater | None = None
        coding = headers.get("content-encoding", "").strip().lower()
        if coding not in {"", "identity"}:
            try:
                self._inflater = Inflater(coding)
            except StreamwardError:
                self.readable = False

    @property
    def dialect(self) -> str:
        """The name of the dialect; empty where unknown."""
        return self._dialect.name if self._dialect is not None else ""

    @property
    def ending(self) -> Ending:
        """What the frames so far say about the end."""
        if not self.readable:
            return "unknown"
        if self._reader is None:
            return "complete" if self._marked else "missing"
        if self._reader.failed:
            return "error"
        if self.dialect in _OPEN_ENDED:
            return "complete" if self._marked else "missing" if self.seen else "unknown"
        if self._reader.early:
            return "early"
        return "complete" if self._reader.complete else "missing"

    def feed(self, piece: bytes, at: float) -> None:
        """Take bytes that came at a time, in seconds since the request was sent."""
        if not self.readable:
            return
        self.members += piece.count(_GZIP) if self._inflater is not None else 0
        try:
            for part in [piece] if self._inflater is None else self._inflater.feed(piece):
                self._cut(part, at)
        except StreamwardError:
            self.readable = False

    def finish(self, at: float) -> None:
        """Say that no more bytes come."""
        if not self.readable or self._framer is None:
            return
        begin, self._begin = self._begin, None
        try:
            for frame in [*self._framer.feed(begin or b""), *self._framer.finish()]:
                self._take(frame, at)
        except StreamwardError:
            self.readable = False

    def _cut(self, part: bytes, at: float) -> None:
        if self._begin is not None:  # plain text may be SSE under a wrong name
            part, self._begin = self._begin + part, None
            if (sse := may_be_sse(part)) is None:
                self._begin = part
                return
            if sse:
                self.framing, self._framer = SSE, SSE.framer(MAX_FRAME)
        if self._framer is not None:
            for frame in self._framer.feed(part):
                self._take(frame, at)

    def _take(self, frame: Frame, at: float) -> None:
        if frame.data is None:
            return
        sent = self._sent(frame.data)
        if is_end_marker(frame):
            self._marked = True
        else:
            self.frames.append(Moment(at, sent))
        if self._reader is None:
            if self._marked or self.framing is None:
                return
            self._dialect = detect(self.framing, self._headers, self._path, frame)
            self._reader = self._dialect.reader()
        speaks = any(isinstance(step, Text | Sound) for step in self._reader.read(frame))
        if self.first_text is None and (speaks or self._reader.every_frame_speaks):
            self.first_text = at

    def _sent(self, data: bytes) -> float | None:
        """Return when a frame was sent, if it is an echo's: seconds since it got the request."""
        if not self.frames:
            self.seen = _seen_in(data)
        if self.seen is None:
            return None
        try:
            value: Any = loads(data)
            return float(value["t"])
        except (UnreadableFrameError, LookupError, TypeError, ValueError):
            return None


def _seen_in(data: bytes) -> Seen | None:
    """Return what an echo says in its first frame; None where it is none."""
    if MARK.encode() not in data:
        return None
    try:
        told: Any = loads(data)
        seen = told["seen"]
        if told["streamward"] != MARK:
            return None
        return Seen(
            http=str(seen["http"]),
            names=tuple(map(str, seen["names"])),
            values={str(name): str(value) for name, value in seen["values"].items()},
            call=int(seen["call"]),
            nonce=str(seen["nonce"]),
            clock=float(seen["clock"]),
        )
    except (UnreadableFrameError, LookupError, TypeError, ValueError, AttributeError):
        return None
