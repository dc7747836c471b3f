"""A finished stream as it went to the client. ``stored_form.py`` turns it into bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from ..wire.errors import ConfigurationError
from .frames import PackedFrames, RecordedFrame

__all__ = ["MAX_FRAMES", "MAX_RECORDING_BYTES", "RecordedFrame", "Recorder", "Recording"]

# An answer of 500 tokens is some 150 kB on the wire: the envelope of each frame dominates.
# 8 MiB holds about 25 000 tokens, more than any model in use writes at a stretch.
MAX_RECORDING_BYTES: Final = 8 << 20

# A frame costs about 120 bytes beside its own: as much again as the bytes, at the most.
MAX_FRAMES: Final = 65_536


class Recording(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A finished stream: bytes, frame boundaries, times, status, the allowed headers.

    Attributes:
        status: the HTTP status.
        headers: names and values, in the order in which they were sent.
        frames: in the order in which they left; ``at_ms`` never decreases. What comes from a store
            is rebuilt while it is gone through.
        dialect: the name of the dialect that said the stream was complete.
        created_at: when the stream ended, in seconds since 1970 (Unix time).
        epoch: what the store said when the request was looked up (``await cache.epoch(scope)``).
        generation: which of the answers to its request this is; empty where nobody could join it.
        scope: whose it is, as an opaque id (:func:`scope_id`); empty where nobody said so.

    Raises:
        ValueError: the times of the frames decrease, or ``created_at`` is not finite.
    """

    status: Annotated[int, msgspec.Meta(ge=100, le=599)]
    headers: tuple[tuple[bytes, bytes], ...]
    frames: Sequence[RecordedFrame]
    dialect: str
    created_at: float
    epoch: bytes = b""
    generation: bytes = b""
    scope: bytes = b""

    def __post_init__(self) -> None:
        """Check what the types cannot say; decoding runs this too."""
        if not math.isfinite(self.created_at):
            raise ValueError("created_at is not a time")
        if isinstance(self.frames, PackedFrames):
            return  # they hold waits, which are at least 0
        times = [frame.at_ms for frame in self.frames]
        if times != sorted(times):
            raise ValueError("the times of the frames decrease")

    @property
    def body(self) -> bytes:
        """All bytes that went to the client."""
        return b"".join(frame.data for frame in self.frames)


class Recorder:
    """Collects frames while they leave; gives up, and frees them, once they are too many.

    A recorder never fails the stream it listens to: over a limit it only stops recording.

    Args:
        max_bytes: the most bytes to keep, 8 MiB unless told.
        max_frames: the most frames to keep, 65 536 unless told.

    Attributes:
        size: the bytes kept so far; 0 after giving up.
        abandoned: True once it gave up.
        generation: what the recording will say of itself; see :class:`Recording`.

    Raises:
        ConfigurationError: a limit is below one.
    """

    __slots__ = (
        "_first_at",
        "_frames",
        "_max_bytes",
        "_max_frames",
        "abandoned",
        "generation",
        "size",
    )

    def __init__(
        self, *, max_bytes: int = MAX_RECORDING_BYTES, max_frames: int = MAX_FRAMES
    ) -> None:
        if min(max_bytes, max_frames) < 1:
            raise ConfigurationError(
                "Recorder(max_bytes=…, max_frames=…) wants numbers of at least 1; "
                "leave the cache away to record nothing"
            )
        self._max_bytes = max_bytes
        self._max_frames = max_frames
        self._frames: list[RecordedFrame] = []
        self._first_at = 0.0
        self.size = 0
        self.abandoned = False
        self.generation = b""

    def add(self, frame: bytes, at: float) -> None:
        """Keep one frame that has just left.

        Args:
            frame: its bytes.
            at: when it left, in seconds of a clock that does not go backwards.
        """
        if not self._has_room(len(frame), 1):
            return
        if not self._frames:
            self._first_at = at
        at_ms = round((at - self._first_at) * 1000)
        # A clock that does go backwards must not make the recording unreadable.
        earliest = self._frames[-1].at_ms if self._frames else 0
        self._frames.append(RecordedFrame(max(at_ms, earliest), frame))

    def _has_room(self, size: int, count: int) -> bool:
        """Make room for so many bytes in so many frames, or give up."""
        if self.abandoned:
            return False
        if len(self._frames) + count > self._max_frames or self.size + size > self._max_bytes:
            self.abandon()
            return False
        self.size += size
        return True

    def abandon(self) -> None:
        """Stop recording and free the frames, for good."""
        self.abandoned = True
        self._frames = []
        self.size = 0

    def finish(
        self,
        *,
        status: int,
        headers: tuple[tuple[bytes, bytes], ...],
        dialect: str,
        created_at: float,
        epoch: bytes = b"",
        scope: bytes = b"",
    ) -> Recording | None:
        """Return the recording, or None after giving up. See :class:`Recording` for the rest."""
        if self.abandoned:
            return None
        return Recording(
            status,
            headers,
            tuple(self._frames),
            dialect,
            created_at,
            epoch,
            self.generation,
            scope,
        )
