"""The bytes that a store keeps of a recording.

They are ``MAGIC``, one version byte, and what that version says. Version 2, which is written,
is MessagePack compressed by zlib. Version 1, MessagePack as it is, is still read.

Strategy: the frames of a stream are nearly the same frame over and over, a few hundred bytes
around a few of text. So a frame is stored as what it shares with the frame before (how many
bytes at its beginning and at its end) and what stands between. That takes nine tenths away
before zlib begins, which makes both the result smaller and the whole faster than zlib alone;
after it, zstd would gain nothing (``bench/cache_size.py``).
"""

from __future__ import annotations

import zlib
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from ..wire.errors import CacheFullError, CorruptRecordingError
from .recording import MAX_FRAMES, MAX_RECORDING_BYTES, RecordedFrame, Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["decode", "encode"]

MAGIC: Final = b"swrec"
_VERSION: Final = b"\x02"

# A few stored bytes can stand for any number: who can write into the store could fill this
# process's memory. So nothing larger is read, nor written; 8 times what is recorded by default.
_MAX_BYTES: Final = 8 * MAX_RECORDING_BYTES
_MAX_FRAMES: Final = 8 * MAX_FRAMES

# How often to look for a longer common part though the one in use still fits. The second and
# third frame do too: the first is often unlike the rest (a role, then text).
_RENEW_EVERY: Final = 128

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Counts = Annotated[tuple[_Count, ...], msgspec.Meta(max_length=_MAX_FRAMES)]


class _Packed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A recording by columns, with one number per frame in each.

    Attributes:
        waits: milliseconds since the frame before.
        heads: bytes at its beginning that are those of the frame before.
        tails: the same at its end.
        sizes: the bytes of its own, between the two.
        own: these bytes of all frames.
    """

    status: Annotated[int, msgspec.Meta(ge=100, le=599)]
    headers: tuple[tuple[bytes, bytes], ...]
    dialect: str
    created_at: float
    waits: _Counts
    heads: _Counts
    tails: _Counts
    sizes: _Counts
    own: bytes
    epoch: bytes
    generation: bytes = b""
    scope: bytes = b""


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
    """Return the recording whose stored form is ``data``.

    Raises:
        CorruptRecordingError: the bytes are anything else, or of a version unknown here.
    """
    head, payload = data[: len(MAGIC) + 1], data[len(MAGIC) + 1 :]
    reader = _READERS.get(head)
    if reader is None:
        raise CorruptRecordingError("not a recording, or of an unknown version")
    try:
        return reader(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError, zlib.error) as error:
        raise CorruptRecordingError("the recording is damaged") from error


def shared_parts(recording: Recording) -> bytes:
    """Return the recording by columns, without what frames share, not yet compressed."""
    frames = [frame.data for frame in recording.frames]
    times = [0, *(frame.at_ms for frame in recording.frames)]
    heads: list[int] = []
    tails: list[int] = []
    own: list[bytes] = []
    for head, tail, data in _shared(frames):
        heads.append(head)
        tails.append(tail)
        own.append(data[head : len(data) - tail])
    packed = _Packed(
        status=recording.status,
        headers=recording.headers,
        dialect=recording.dialect,
        created_at=recording.created_at,
        waits=tuple(late - early for early, late in pairwise(times)),
        heads=tuple(heads),
        tails=tuple(tails),
        sizes=tuple(map(len, own)),
        epoch=recording.epoch,
        generation=recording.generation,
        scope=recording.scope,
        own=b"".join(own),
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


def _read_2(payload: bytes) -> Recording:
    inflating = zlib.decompressobj()
    plain = inflating.decompress(payload, _MAX_BYTES)
    if not inflating.eof or inflating.unused_data:
        raise ValueError("cut off, followed by something, or too large")
    packed = _PACKED.decode(plain)
    counts = {len(column) for column in (packed.waits, packed.heads, packed.tails, packed.sizes)}
    if len(counts) > 1 or sum(packed.sizes) != len(packed.own):
        raise ValueError("the columns do not agree")
    if len(packed.own) + sum(packed.heads) + sum(packed.tails) > _MAX_BYTES:
        raise ValueError("too large")
    frames = tuple(map(RecordedFrame, accumulate(packed.waits), _frames(packed)))
    return Recording(
        packed.status,
        packed.headers,
        frames,
        packed.dialect,
        packed.created_at,
        packed.epoch,
        packed.generation,
        packed.scope,
    )


def _frames(packed: _Packed) -> list[bytes]:
    frames: list[bytes] = []
    data = first = last = b""
    own, at = packed.own, 0
    for head, tail, size in zip(packed.heads, packed.tails, packed.sizes, strict=True):
        # A frame that shares as much as the one before has the same beginning and end.
        if head != len(first) or tail != len(last):
            if max(head, tail) > len(data):  # slices do not complain
                raise ValueError("the frame before has fewer bytes")
            first, last = data[:head], data[len(data) - tail :]
        end = at + size
        data = first + own[at:end] + last
        frames.append(data)
        at = end
    return frames


_PACKED: Final = msgspec.msgpack.Decoder(_Packed)
_READERS: Final[Mapping[bytes, Callable[[bytes], Recording]]] = {
    MAGIC + b"\x01": msgspec.msgpack.Decoder(Recording).decode,
    MAGIC + _VERSION: _read_2,
}
