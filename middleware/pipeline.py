"""The way of a stream: bytes in, framed, read, guarded, bytes out. Synchronous, without a clock.

Every door uses it: it knows nothing of ASGI, tasks or time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..guardrails import Channels, Guard, StreamActions, Ward
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
from ..wire.errors import (
    ContentBlockedError,
    StreamwardError,
    UnreadableFrameError,
    UpstreamError,
)
from .farewell import farewell, refusal
from .policy import Limits
from .sniffing import Sniffer
from .watch import Watch

__all__ = ["Pipeline"]


class Pipeline:
    """Carries one stream.

    Args:
        framing: how the content type says it is cut; or its dialect, where that is known.
        headers: response headers, names in lower case.
        path: the path of the request, a hint at the dialect.
        guards: who decides; none: frames are read but never held.
        limits: the size of the buffers.
        channels: what guards may do to each sort of channel; None: what ``Channels()`` says.
        monitor: True lets every frame leave; the guards look at it behind the stream.
        actions: what the answer shares with its prompt; default: the stream's own.
        dialects: of the user's own; they are asked first.

    Attributes:
        failure: why the stream has to end, once it has to. Nothing more is taken then.
        frames: how many frames came in.
        tokens: how many pieces of text came in.
        spoken: how many frames with data came in since the first that carries text, this one
            included; where nobody can tell, every frame with data counts.
        held_peak: the most bytes that waited at one time.
        watch: what looks at frames that have left, in monitor mode.
    """

    def __init__(
        self,
        framing: Framing | Dialect,
        *,
        headers: Mapping[str, str],
        path: str,
        guards: Sequence[Guard],
        limits: Limits,
        channels: Channels | None = None,
        monitor: bool = False,
        actions: StreamActions | None = None,
        dialects: Sequence[Dialect] = (),
    ) -> None:
        self._dialect = framing if isinstance(framing, Dialect) else None
        framing = framing.framing if isinstance(framing, Dialect) else framing
        self._framing = framing
        self._dialects = dialects
        self._channels = channels
        self._headers = headers
        self._path = path
        self._guards = () if monitor else tuple(guards)
        self.watch = Watch(guards, limits.held, channels) if monitor and guards else None
        self._limits = limits
        self._framer = framing.framer(limits.frame)
        self._actions = actions or StreamActions()
        self._ward = self._new_ward()
        self._sniffer = Sniffer(framing)
        self._reader: Reader | None = None
        self._alike = Alike()
        self._id_seen = False
        self._unread = False
        self.blocking = any(guard.blocking for guard in self._guards)
        self.failure: StreamwardError | None = None
        self.frames = 0
        self.spoken = 0
        self.tokens = 0
        self.held_peak = 0

    @property
    def dialect(self) -> str | None:
        """The name of the dialect, once it is known."""
        return self._dialect.name if self._dialect else None

    @property
    def delivered(self) -> bool:
        """Whether any text has left."""
        return self.tokens > 0 if self._ward is None else self._ward.spoken > 0

    @property
    def usage(self) -> Usage | None:
        """The token counts that the upstream stated, if it did."""
        return self._reader.usage if self._reader else None

    @property
    def complete(self) -> bool:
        """Whether the stream has ended as its dialect says a good answer must."""
        if self._reader is None or self._unread or self.failure is not None:
            return False
        return self._reader.complete

    @property
    def early(self) -> frozenset[Early]:
        """Why a stream that ended properly is not complete; empty where it did not."""
        if self._reader is None or self._unread or self.failure is not None:
            return frozenset()
        return self._reader.early

    @property
    def findings(self) -> dict[str, int]:
        """How often each ``guard.ENTITY.kind`` was found."""
        found = self.watch.findings if self.watch else self._ward.findings if self._ward else None
        return {".".join(key): count for key, count in sorted((found or {}).items())}

    @property
    def guards_failed(self) -> tuple[str, ...]:
        """The guards that failed, and that the stream goes on without."""
        looking = self.watch or self._ward
        return looking.failed if looking else ()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take bytes; return the frames that leave now. See ``failure`` afterwards."""
        leaving: list[bytes] = []
        if self.failure is None:
            self._guarded(lambda: self._take(self._sniff(chunk), leaving))
        return leaving

    def finish(self) -> list[bytes]:
        """Say that the stream is over; return what still waits, decided."""
        leaving: list[bytes] = []
        if self.failure is None:
            self._guarded(lambda: self._end(leaving))
        return leaving

    def pause(self) -> list[bytes]:
        """Say that every text is whole; return what waits, decided. The stream may go on."""
        leaving: list[bytes] = []
        if self.failure is None:
            self._guarded(lambda: self._settle(leaving))
        return leaving

    def fail(self, error: StreamwardError) -> list[bytes]:
        """End the stream with an error; return the frames that tell the client.

        What waits is decided as it stands and leaves first, unless it was a guard that failed.
        """
        return [*self.give_up(error), *self.last_words()]

    def give_up(self, error: StreamwardError) -> list[bytes]:
        """End the stream with an error; return what waits, decided as it stands.

        Nothing of it leaves where it was a guard that failed.
        """
        self.failure = self.failure or error
        if self._ward is not None and isinstance(self.failure, UpstreamError):
            try:
                return self._ward.finish()
            except StreamwardError as another:
                self.failure = another
        return []

    def last_words(self) -> list[bytes]:
        """Return the frames that tell a client why the stream has ended; see ``failure``."""
        dialect = self._dialect or self._expected()
        reader = self._reader or dialect.reader()
        return farewell(reader, dialect.framing, self._framing, self.failure)

    def ends_properly(self) -> bool:
        """Whether a blocked answer can end as a refused one, instead of as an error."""
        return self._reader is not None and refusal(self._reader, self.failure) is not None

    def heartbeat(self) -> bytes:
        """Return the bytes that say *still there* between two frames; empty where none can."""
        dialect = self._dialect or self._expected()
        return dialect.heartbeat if dialect.heartbeat_after_id or not self._id_seen else b""

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StreamwardError as error:
            self.failure = error

    def _take(self, chunk: bytes, leaving: list[bytes]) -> None:
        for frame in self._framer.feed(chunk):
            self._frame(frame, leaving)

    def _end(self, leaving: list[bytes]) -> None:
        self._take(self._sniffer.rest(), leaving)
        for frame in self._framer.finish():
            self._frame(frame, leaving)
        marker = self._dialect.end_marker if self._dialect else b""
        if marker and self._reader and self._framing is MESSAGE:
            self._reader.read(Frame(marker, marker))  # who took the messages kept it
        self._settle(leaving)

    def _settle(self, leaving: list[bytes]) -> None:
        if self._ward is not None:
            leaving += self._ward.finish()
            self._stop_if_blocked(self._ward)

    def _sniff(self, chunk: bytes) -> bytes:
        ready = self._sniffer.take(chunk)
        if self._sniffer.found is not None and self._framing is not self._sniffer.found:
            self._framing = self._sniffer.found
            self._framer = self._framing.framer(self._limits.frame)
            self._ward = self._new_ward()
        return ready

    def _new_ward(self) -> Ward | None:
        if not self._guards:
            return None
        return Ward(
            self._guards,
            self._framing,
            self._limits.held,
            actions=self._actions,
            channels=self._channels,
        )

    def _frame(self, frame: Frame, leaving: list[bytes]) -> None:
        if self.failure is not None:
            return
        self.frames += 1
        if frame.aside:
            self._id_seen = self._id_seen or b"\nid" in b"\n" + frame.aside
        steps = self._read(frame) if frame.data is not None else self._read_name(frame)
        if self._ward is None:
            leaving.append(frame.raw)
            if self.watch is not None:
                self.watch.note(self._framing, frame, steps)
            return
        leaving += self._ward.feed(frame, steps)
        self.held_peak = max(self.held_peak, self._ward.held)
        self._stop_if_blocked(self._ward)

    def _read(self, frame: Frame) -> list[Step]:
        if self._reader is None:
            if is_end_marker(frame):
                return []
            self._dialect = self._dialect or self._recognise(frame)
            self._reader = self._dialect.reader()
        try:
            steps = self._steps(self._reader, frame)
        except UnreadableFrameError:
            if self._ward is not None:
                raise
            self._unread = True
            return []
        for step in steps:
            if type(step) is Text:
                self.tokens += 1
        if self.spoken or self.tokens or self._reader.every_frame_speaks:
            self.spoken += 1
        return steps

    def _read_name(self, frame: Frame) -> list[Step]:
        return self._reader.named(frame) if self._reader is not None and frame.event else []

    def _steps(self, reader: Reader, frame: Frame) -> list[Step]:
        if reader.steady and (known := self._alike.read(frame)) is not None:
            return known
        if self._ward is not None and repeats_a_name(frame.data or b""):
            raise UnreadableFrameError("an object in a frame has the same name twice")
        steps = reader.read(frame)
        if reader.steady:
            self._alike.learn(frame, steps)
        return steps

    def _recognise(self, frame: Frame) -> Dialect:
        if is_bare_error(frame):
            return self._expected()
        return detect(self._framing, self._headers, self._path, frame, self._dialects)

    def _expected(self) -> Dialect:
        return expect(self._framing, self._path, self._headers, own=self._dialects)

    def _stop_if_blocked(self, ward: Ward) -> None:
        if (verdict := ward.blocked) is not None:
            self.failure = ContentBlockedError(verdict.entity, verdict.guard)
