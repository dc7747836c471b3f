"""The bytes that a store keeps of a recording.

They are ``MAGIC``, one version byte, and MessagePack compressed by zlib. Another version is not
read: what it holds is answered anew.

Strategy: the frames of a stream are nearly the same frame over and over, a few hundred bytes
around a few of text. So a frame is stored as what it shares with the frame before (how many
bytes at its beginning and at its end) and what stands between. That takes nine tenths away
before zlib begins, which makes both the result smaller and the whole faster than zlib alone;
after it, zstd would gain nothing (``bench/cache_size.py``).
"""

from __future__ import annotations

import zlib
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from ..wire.errors import CacheFullError, CorruptRecordingError
from .frames import MAX_STORED_FRAMES, Columns, PackedFrames
from .recording import MAX_RECORDING_BYTES, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["decode", "encode"]

MAGIC: Final = b"swrec"
_VERSION: Final = b"\x03"

# A few stored bytes can stand for any number: who can write into the store could fill this
# process's memory. So nothing larger is read, nor written; 8 times what is recorded by default.
_MAX_BYTES: Final = 8 * MAX_RECORDING_BYTES
_MAX_FRAMES: Final = MAX_STORED_FRAMES

# How often to look for a longer common part though the one in use still fits. The second and
# third frame do too: the first is often unlike the rest (a role, then text).
_RENEW_EVERY: Final = 128


class _Packed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A recording; its frames by columns."""

    status: Annotated[int, msgspec.Meta(ge=100, le=599)]
    headers: tuple[tuple[bytes, bytes], ...]
    dialect: str
    created_at: float
    epoch: bytes
    generation: bytes
    scope: bytes
    columns: Columns


def encode(recording: Recording) -> bytes:
    """Return the stored form, which :func:`decode` reads back to an equal recording.

    Raises:
        CacheFullError: it has more than 64 MiB or 524 288 frames.
    """
    size = sum(len(frame.data) for frame in recording.frames)
    packed = shared_parts(recording) if size <= _MAX_BYTES else b""
    if max(size, len(packed)) > _MAX_BYTES or len(recording.frames) > _MAX_FRAMES:
        raise CacheFullError(f"a recording of {size} bytes is too large for any store")
    return MAGIC + _VERSION + zlib.compress(packed)


def decode(data: bytes) -> Recording:
    """Return the recording whose stored form is ``data``; its frames are rebuilt as they are used.

    Raises:
        CorruptRecordingError: the bytes are anything else, or of a version unknown here.
    """
    head, payload = data[: len(MAGIC) + 1], data[len(MAGIC) + 1 :]
    if head != MAGIC + _VERSION:
        raise CorruptRecordingError("not a recording, or of an unknown version")
    try:
        return _read(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError, zlib.error) as error:
        raise CorruptRecordingError("the recording is damaged") from error


def shared_parts(recording: Recording) -> bytes:
    """Return the recording by columns, without what frames share, not yet compressed."""
    frames = [frame.data for frame in recording.frames]
    times = [0, *(frame.at_ms for frame in recording.frames)]
    shared: list[tuple[int, int]] = []
    own: list[bytes] = []
    for head, tail, data in _shared(frames):
        shared.append((head, tail))
        own.append(data[head : len(data) - tail])
    runs = [(len(list(run)), *parts) for parts, run in groupby(shared)]
    columns = Columns(
        waits=tuple(late - early for early, late in pairwise(times)),
        sizes=tuple(map(len, own)),
        runs=tuple(run for run, _, _ in runs),
        heads=tuple(head for _, head, _ in runs),
        tails=tuple(tail for _, _, tail in runs),
        own=b"".join(own),
    )
    packed = _Packed(
        status=recording.status,
        headers=recording.headers,
        dialect=recording.dialect,
        created_at=recording.created_at,
        epoch=recording.epoch,
        generation=recording.generation,
        scope=recording.scope,
        columns=columns,
    )
    return msgspec.msgpack.encode(packed)


def _shared(frames: list[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """Yield each frame with what it shares: bytes at its beginning, bytes at its end.

    The parts of one frame are tried on the next, which is quick and nearly always right.
    """
    before = head = tail = b""
    for index, data in enumerate(frames):
        fits = (
            index % _RENEW_EVERY > 2
            and len(head) + len(tail) <= len(data)
            and data.startswith(head)
            and data.endswith(tail)
        )
        if not fits:
            head = data[: _common(before, data)]
            rest, rest_before = data[len(head) :], before[len(head) :]
            tail = rest[len(rest) - _common(rest_before[::-1], rest[::-1]) :]
        yield len(head), len(tail), data
        before = data


def _common(one: bytes, other: bytes) -> int:
    """Return how many bytes the two have in common from the first on."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _read(payload: bytes) -> Recording:
    inflating = zlib.decompressobj()
    plain = inflating.decompress(payload, _MAX_BYTES)
    if not inflating.eof or inflating.unused_data:
        raise ValueError("cut off, followed by something, or too large")
    packed = _PACKED.decode(plain)
    if packed.columns.check() > _MAX_BYTES:
        raise ValueError("too large")
    return Recording(
        packed.status,
        packed.headers,
        PackedFrames(packed.columns),
        packed.dialect,
        packed.created_at,
        packed.epoch,
        packed.generation,
        packed.scope,
    )


_PACKED: Final = msgspec.msgpack.Decoder(_Packed)
