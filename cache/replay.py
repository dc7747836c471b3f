"""When each byte of a recording leaves again. No clock here: the door does the waiting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from ..wire.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .recording import RecordedFrame, Recording

__all__ = ["MAX_CHUNK_BYTES", "FixedRate", "Instant", "Original", "Pace", "schedule"]

# What asyncio's transports let pile up before they ask the writer to wait (64 KiB).
MAX_CHUNK_BYTES: Final = 1 << 16

# The first chunk is small: it leaves before the other frames are rebuilt from what is stored.
_FIRST_CHUNK_BYTES: Final = 1 << 12


@dataclass(frozen=True, slots=True)
class Instant:
    """Everything at once.

    Attributes:
        chunk_bytes: small frames are joined up to this size, 64 KiB unless told, the first ones
            up to 4 KiB at the most; a larger frame leaves alone. 0 keeps each frame by itself, as
            transports of messages want it (WebSocket).

    Raises:
        ConfigurationError: ``chunk_bytes`` is negative.
    """

    chunk_bytes: int = MAX_CHUNK_BYTES

    def __post_init__(self) -> None:
        if self.chunk_bytes < 0:
            raise ConfigurationError("Instant(chunk_bytes=…) wants 0 (join nothing) or more")


@dataclass(frozen=True, slots=True)
class Original:
    """The rhythm of the recording.

    Attributes:
        speed: 2.0 is twice as fast, 0.5 half as fast.

    Raises:
        ConfigurationError: ``speed`` is not above 0, or not finite.
    """

    speed: float = 1.0

    def __post_init__(self) -> None:
        _check_rate(self.speed, "Original(speed=…)")


@dataclass(frozen=True, slots=True)
class FixedRate:
    """An even rhythm; the first frame leaves at once.

    Attributes:
        frames_per_second: above 0.

    Raises:
        ConfigurationError: ``frames_per_second`` is not above 0, or not finite.
    """

    frames_per_second: float

    def __post_init__(self) -> None:
        _check_rate(self.frames_per_second, "FixedRate(frames_per_second=…)")


Pace: TypeAlias = Instant | Original | FixedRate


def schedule(recording: Recording, pace: Pace) -> Iterator[tuple[float, bytes]]:
    """Yield what to send, and when: seconds after the start, and bytes.

    The times never decrease, and the bytes joined are ``recording.body``.
    """
    frames = recording.frames
    match pace:
        case Instant(chunk_bytes):
            return ((0.0, chunk) for chunk in _joined(frames, chunk_bytes))
        case Original(speed):
            return ((frame.at_ms / 1000 / speed, frame.data) for frame in frames)
        case FixedRate(rate):
            return ((index / rate, frame.data) for index, frame in enumerate(frames))
        case _:  # pragma: no cover - the checker proves it unreachable
            assert_never(pace)


def _joined(frames: Iterable[RecordedFrame], limit: int) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size, most = 0, min(limit, _FIRST_CHUNK_BYTES)
    for frame in frames:
        if waiting and size + len(frame.data) > most:
            yield b"".join(waiting)
            waiting, size, most = [], 0, limit
        waiting.append(frame.data)
        size += len(frame.data)
    if waiting:
        yield b"".join(waiting)


def _check_rate(rate: float, setting: str) -> None:
    if not 0 < rate < math.inf:
        raise ConfigurationError(f"{setting} wants a finite number above 0; Instant() waits never")
