"""An answer while it is being given, for everybody who reads it.

Strategy: whoever gives the answer adds each frame once, to one list; a reader keeps its place in
that list and nothing else. So no reader can slow another, or the giver, and what a reader may
have waiting is bounded by what is recorded at all.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from .recording import MAX_FRAMES, MAX_RECORDING_BYTES, RecordedFrame, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GENERATION_BYTES", "Ending", "Head", "Running"]

GENERATION_BYTES: Final = 16

Ending = Literal["complete", "incomplete", "cut", "lost", "unshared"]
"""How a running answer ended.

``"complete"`` and ``"incomplete"``: the transfer ended properly, and the dialect says whether the
answer is whole; ``"cut"``: the last frames say why it could not be completed; ``"lost"``: whoever
gave it is gone, without a word; ``"unshared"``: it turned out to be for nobody else.
"""

# What a reader takes at once: as much as asyncio's transports let pile up.
_BATCH_BYTES: Final = 1 << 16


class Head(NamedTuple):
    """What comes before the frames.

    Attributes:
        status: the HTTP status.
        headers: those that a recording keeps.
        epoch: the store's mark when the request was looked up (``await cache.epoch(scope)``).
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    epoch: bytes


class Running(Recorder):
    """Collects the frames of an answer while they leave, and wakes those who read it.

    One thread gives the answer; readers may be in others. Over a limit of the recorder it ends as
    ``"lost"`` for its readers, while whoever gives it goes on.

    Args:
        generation: 16 random bytes that tell this answer from every other one to the same
            request; drawn unless given.
        max_bytes: the most bytes to keep.
        max_frames: the most frames to keep.

    Attributes:
        generation: see above.
        head: status and headers, once they are known.
        ending: how it ended, once it has.
        delivered: True once the client that it was made for has all of it.
        on_readers: called, from whatever thread, when a reader comes or goes.
    """

    __slots__ = ("_lock", "_wakes", "delivered", "ending", "head", "on_readers")

    def __init__(
        self,
        generation: bytes | None = None,
        *,
        max_bytes: int = MAX_RECORDING_BYTES,
        max_frames: int = MAX_FRAMES,
    ) -> None:
        super().__init__(max_bytes=max_bytes, max_frames=max_frames)
        self.generation = generation or secrets.token_bytes(GENERATION_BYTES)
        self.head: Head | None = None
        self.ending: Ending | None = None
        self.delivered = False
        self.on_readers: Callable[[], None] | None = None
        self._wakes: dict[Callable[[], None], bool] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Running(frames={len(self._frames)}, ending={self.ending!r})"

    # The side that gives

    def begin(self, head: Head) -> None:
        """Say that the answer begins."""
        self.head = head
        self._wake()

    def add(self, frame: bytes, at: float) -> None:
        """Take one frame that is leaving. See :meth:`Recorder.add`."""
        super().add(frame, at)
        self._wake()

    def extend(self, frames: list[RecordedFrame]) -> None:
        """Take frames whose times are known, as they come from another process."""
        if self._has_room(sum(len(frame.data) for frame in frames), len(frames)):
            self._frames += frames
        self._wake()

    def abandon(self) -> None:
        """Stop recording and free the frames: readers cannot go on."""
        super().abandon()
        self.end("lost")

    def end(self, ending: Ending) -> None:
        """Say how the answer ended; the first word counts."""
        if self.ending is None:
            self.ending = ending
            self._wake()

    # The side that reads

    @property
    def count(self) -> int:
        """How many frames there are so far."""
        return len(self._frames)

    def since(self, position: int, limit: int = _BATCH_BYTES) -> list[RecordedFrame]:
        """Return the frames from ``position`` on, up to some ``limit`` bytes; at least one."""
        found: list[RecordedFrame] = []
        size = 0
        for frame in self._frames[position : position + 1024]:
            if found and size + len(frame.data) > limit:
                break
            found.append(frame)
            size += len(frame.data)
        return found

    @property
    def readers(self) -> int:
        """How many read it at this moment, in this process."""
        return sum(self._wakes.values())

    @property
    def followed(self) -> bool:
        """Whether anybody listens, here or to pass it on."""
        return bool(self._wakes)

    def listen(self, wake: Callable[[], None], *, counts: bool = True) -> None:
        """Call ``wake``, from whatever thread, at every change from now on.

        With ``counts=False`` whoever listens is no reader.
        """
        with self._lock:
            self._wakes[wake] = counts
        self._tell_readers()

    def unlisten(self, wake: Callable[[], None]) -> None:
        """Call it no more."""
        with self._lock:
            self._wakes.pop(wake, None)
        self._tell_readers()

    def _tell_readers(self) -> None:
        if (tell := self.on_readers) is not None:
            tell()

    def _wake(self) -> None:
        if self._wakes:
            with self._lock:
                wakes = list(self._wakes)
            for wake in wakes:
                wake()
