"""The way of a stream: bytes in, framed, read, guarded, bytes out. Synchronous, without a clock.

Every door uses it: it knows nothing of ASGI, tasks or time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..guardrails import Channels, Guard, StreamActions, Ward
from ..wire import Dialect, Early, Frame, Framing, Step, Usage
from ..wire.errors import (
    ContentBlockedError,
    StreamwardError,
    UpstreamError,
)
from .farewell import farewell, refusal
from .interpreter import Interpreter
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
        self._guards = () if monitor else tuple(guards)
        strict = bool(self._guards)
        self._said = Interpreter(framing, headers, path, dialects, strict=strict)
        self._alike = self._said.alike
        self._channels = channels
        self.watch = Watch(guards, limits.held, channels) if monitor and guards else None
        self._limits = limits
        self._framer = self._said.framing.framer(limits.frame)
        self._actions = actions or StreamActions()
        self._ward = self._new_ward()
        self._sniffer = Sniffer(self._said.framing)
        self._id_seen = False
        self.blocking = any(guard.blocking for guard in self._guards)
        self.failure: StreamwardError | None = None
        self._frames = 0  # that had to be read
        self._open = self._ward is None and self.watch is None
        self.held_peak = 0

    @property
    def dialect(self) -> str | None:
        """The name of the dialect, once it is known."""
        return self._said.dialect.name if self._said.dialect else None

    @property
    def frames(self) -> int:
        """How many frames came in."""
        return self._frames + self._alike.known

    @property
    def tokens(self) -> int:
        """How many pieces of text came in."""
        return self._said.tokens

    @property
    def spoken(self) -> int:
        """How many frames with data came in since the first that carries text, with that one.

        Where nobody can tell, every frame with data counts.
        """
        return self._said.spoken

    @property
    def delivered(self) -> bool:
        """Whether any text has left."""
        return self.tokens > 0 if self._ward is None else self._ward.spoken > 0

    @property
    def usage(self) -> Usage | None:
        """The token counts that the upstream stated, if it did."""
        return self._said.usage

    @property
    def complete(self) -> bool:
        """Whether the stream has ended as its dialect says a good answer must."""
        return self.failure is None and self._said.complete

    @property
    def early(self) -> frozenset[Early]:
        """Why a stream that ended properly is not complete; empty where it did not."""
        return self._said.early if self.failure is None else frozenset()

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
            try:
                self._take(chunk, leaving)
            except StreamwardError as error:
                self.failure = error
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

    def fail(self, error: StreamwardError, call: int | str = 0) -> list[bytes]:
        """End the stream with an error; return the frames that tell the client.

        What waits is decided as it stands and leaves first, unless it was a guard that failed.
        """
        return [*self.give_up(error), *self.last_words(call)]

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

    def last_words(self, call: int | str = 0) -> list[bytes]:
        """Return the frames that tell a client why the stream has ended; see ``failure``."""
        dialect = self._said.expected
        reader = self._said.reader or dialect.reader()
        return farewell(reader, dialect.framing, self._said.framing, self.failure, call)

    def ends_properly(self) -> bool:
        """Whether a blocked answer can end as a refused one, instead of as an error."""
        reader = self._said.reader
        return reader is not None and refusal(reader, self.failure) is not None

    def cuts(self) -> bool:
        """Whether the transfer is cut behind an error; else the answer ends as if whole."""
        return self._said.expected.cut

    def heartbeat(self) -> bytes:
        """Return the bytes that say *still there* between two frames; empty where none can."""
        dialect = self._said.expected
        return dialect.heartbeat if dialect.heartbeat_after_id or not self._id_seen else b""

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StreamwardError as error:
            self.failure = error

    def _take(self, chunk: bytes, leaving: list[bytes]) -> None:
        alike = self._alike
        if self._framer.between and (text := alike.text(chunk)) is not None:
            self._pass(chunk, text, leaving)
            return
        ready = self._sniff(chunk)  # it may show another framing
        for frame in self._framer.feed(ready):
            if self.failure is not None:
                return
            if (text := alike.text(frame.raw)) is not None:
                self._pass(frame.raw, text, leaving)
            else:
                self._frame(frame, leaving)

    def _pass(self, raw: bytes, text: str, leaving: list[bytes]) -> None:
        """Take a frame that differs from the last ones in its text only."""
        if self._open:
            leaving.append(raw)
        else:
            self._guard(*self._alike.frame(raw, text), leaving)

    def _end(self, leaving: list[bytes]) -> None:
        self._take(self._sniffer.rest(), leaving)
        for frame in self._framer.finish():
            self._frame(frame, leaving)
        self._said.finish()
        self._settle(leaving)

    def _settle(self, leaving: list[bytes]) -> None:
        if self._ward is not None:
            leaving += self._ward.finish()
            self._stop_if_blocked(self._ward)

    def _sniff(self, chunk: bytes) -> bytes:
        ready = self._sniffer.take(chunk)
        if self._sniffer.found is not None and self._said.framing is not self._sniffer.found:
            self._said.framing = self._sniffer.found
            self._framer = self._said.framing.framer(self._limits.frame)
            self._ward = self._new_ward()
        return ready

    def _new_ward(self) -> Ward | None:
        if not self._guards:
            return None
        return Ward(
            self._guards,
            self._said.framing,
            self._limits.held,
            actions=self._actions,
            channels=self._channels,
        )

    def _frame(self, frame: Frame, leaving: list[bytes]) -> None:
        if self.failure is not None:
            return
        self._frames += 1
        if frame.aside:
            self._id_seen = self._id_seen or b"\nid" in b"\n" + frame.aside
        self._guard(frame, self._said.read(frame), leaving)

    def _guard(self, frame: Frame, steps: list[Step], leaving: list[bytes]) -> None:
        if self._ward is None:
            leaving.append(frame.raw)
            if self.watch is not None:
                self.watch.note(self._said.framing, frame, steps)
            return
        leaving += self._ward.feed(frame, steps)
        self.held_peak = max(self.held_peak, self._ward.held)
        self._stop_if_blocked(self._ward)

    def _stop_if_blocked(self, ward: Ward) -> None:
        if (verdict := ward.blocked) is not None:
            self.failure = ContentBlockedError(verdict.entity, verdict.guard)
