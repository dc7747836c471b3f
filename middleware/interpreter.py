"""What the frames of a stream say: which dialect they are in, and what its reader makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..wire import (
    MESSAGE,
    Alike,
    Dialect,
    Early,
    Frame,
    Framing,
    Reader,
    Step,
    Text,
    Usage,
    detect,
    expect,
    is_bare_error,
    is_end_marker,
    repeats_a_name,
)
from ..wire.errors import UnreadableFrameError

__all__ = ["Interpreter"]


class Interpreter:
    """Reads the frames of one stream.

    Args:
        framing: how the content type says it is cut; or its dialect, where that is known.
        headers: response headers, names in lower case.
        path: the path of the request, a hint at the dialect.
        dialects: of the user's own; they are asked first.
        strict: whether a frame that cannot be read is an error: somebody guards the stream.

    Attributes:
        framing: how the stream is cut; may be found out later.
        dialect: its dialect, once it is known.
        reader: of that dialect; None before the first frame with data.
        alike: knows frames that need not be read.
    """

    def __init__(
        self,
        framing: Framing | Dialect,
        headers: Mapping[str, str],
        path: str,
        dialects: Sequence[Dialect],
        *,
        strict: bool,
    ) -> None:
        self.dialect = framing if isinstance(framing, Dialect) else None
        self.framing = framing.framing if isinstance(framing, Dialect) else framing
        self.reader: Reader | None = None
        self.alike = Alike()
        self._tokens = 0
        self._spoken = 0
        self._headers = headers
        self._path = path
        self._dialects = dialects
        self._strict = strict
        self._unread = False

    @property
    def tokens(self) -> int:
        """How many pieces of text came in."""
        return self._tokens + self.alike.known

    @property
    def spoken(self) -> int:
        """How many frames with data came in since the first that carries text, with that one.

        Where nobody can tell, every frame with data counts.
        """
        return self._spoken + self.alike.known

    @property
    def usage(self) -> Usage | None:
        """The token counts that the upstream stated, if it did."""
        return self.reader.usage if self.reader else None

    @property
    def complete(self) -> bool:
        """Whether the stream has ended as its dialect says a good answer must."""
        return self.reader is not None and not self._unread and self.reader.complete

    @property
    def early(self) -> frozenset[Early]:
        """Why a stream that ended properly is not complete; empty where it did not."""
        return frozenset() if self.reader is None or self._unread else self.reader.early

    @property
    def expected(self) -> Dialect:
        """The dialect, or the best guess at it."""
        if self.dialect is not None:
            return self.dialect
        return expect(self.framing, self._path, self._headers, own=self._dialects)

    def read(self, frame: Frame) -> list[Step]:
        """Return what a frame holds.

        Raises:
            UnreadableFrameError: it cannot be read; only if ``strict``.
        """
        if not frame.data:  # nothing to read, in whatever dialect
            return self.reader.named(frame) if self.reader is not None and frame.event else []
        if self.reader is None:
            if is_end_marker(frame):
                return []
            self.dialect = self.dialect or self._recognise(frame)
            self.reader = self.dialect.reader()
        try:
            steps = self._steps(self.reader, frame)
        except UnreadableFrameError:
            if self._strict:
                raise
            self._unread = True
            return []
        for step in steps:
            if type(step) is Text:
                self._tokens += 1
        if self._spoken or self._tokens or self.reader.every_frame_speaks:
            self._spoken += 1
        return steps

    def finish(self) -> None:
        """Say that the stream is over."""
        marker = self.dialect.end_marker if self.dialect else b""
        if marker and self.reader and self.framing is MESSAGE:
            self.reader.read(Frame(marker, marker))  # who took the messages kept it

    def _steps(self, reader: Reader, frame: Frame) -> list[Step]:
        if self._strict and repeats_a_name(frame.data or b""):
            raise UnreadableFrameError("an object in a frame has the same name twice")
        steps = reader.read(frame)
        if reader.steady:
            self.alike.learn(frame, steps)
        return steps

    def _recognise(self, frame: Frame) -> Dialect:
        if is_bare_error(frame):
            return self.expected
        return detect(self.framing, self._headers, self._path, frame, self._dialects)
