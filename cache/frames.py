"""The frames of a recording: as they were heard, or packed by columns and rebuilt one by one.

Strategy: whoever asks for an answer that is kept waits for its first bytes alone. So what is read
from a store is checked as a whole at once, which the columns make quick, and its frames are made
while they leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final, overload

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_STORED_FRAMES", "Columns", "PackedFrames", "RecordedFrame"]

# Read from a store, or written there; 8 times what is recorded by default.
MAX_STORED_FRAMES: Final = 8 * 65_536

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Counts = Annotated[tuple[_Count, ...], msgspec.Meta(max_length=MAX_STORED_FRAMES)]


class RecordedFrame(
    msgspec.Struct,
    frozen=True,
    array_like=True,
    forbid_unknown_fields=True,
    gc=False,  # a number and bytes make no cycle, and there are thousands
):
    """One frame as it left.

    Attributes:
        at_ms: milliseconds after the first frame.
        data: its bytes, framing included.
    """

    at_ms: Annotated[int, msgspec.Meta(ge=0)]
    data: bytes


class Columns(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Frames by columns: two have a number for each frame, three one for each run of frames.

    A run is of frames that share equally much with the frame before.

    Attributes:
        waits: milliseconds since the frame before, for each frame.
        sizes: the bytes of its own, between what it shares, for each frame.
        runs: how many frames, for each run.
        heads: bytes at the beginning that are those of the frame before, for each run.
        tails: the same at the end, for each run.
        own: the frames' own bytes, one after the other.
    """

    waits: _Counts
    sizes: _Counts
    runs: _Counts
    heads: _Counts
    tails: _Counts
    own: bytes

    def check(self) -> int:
        """Return how many bytes the frames have together.

        Raises:
            ValueError: the columns do not agree, or a frame shares more than the one before has.
        """
        if (
            not len(self.runs) == len(self.heads) == len(self.tails)
            or not sum(self.runs) == len(self.waits) == len(self.sizes)
            or sum(self.sizes) != len(self.own)
        ):
            raise ValueError("the columns do not agree")
        total, at, shared = len(self.own), 0, 0
        for run, head, tail in zip(self.runs, self.heads, self.tails, strict=True):
            before = self.sizes[at - 1] + shared if at else 0
            # Within a run it cannot happen: the frame before has all that this one shares.
            if run and max(head, tail) > before:
                raise ValueError("the frame before has fewer bytes")
            at, shared = at + run, head + tail if run else shared
            total += run * (head + tail)
        return total


class PackedFrames(Sequence[RecordedFrame]):
    """Frames that are rebuilt from their columns as they are asked for, in their order.

    To go through them costs little more than a tuple; one by its index costs as much as all of
    them, once. They equal a tuple of the same frames.

    Args:
        columns: that agree, see :meth:`Columns.check`.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def __len__(self) -> int:
        """Return how many frames there are, at no cost."""
        return len(self._columns.sizes)

    def __iter__(self) -> Iterator[RecordedFrame]:
        """Yield the frames, each made when it is asked for."""
        columns = self._columns
        own, at, at_ms, data = columns.own, 0, 0, b""
        frames = zip(columns.waits, columns.sizes, strict=True)
        for run, head, tail in zip(columns.runs, columns.heads, columns.tails, strict=True):
            first, last = data[:head], data[len(data) - tail :]
            for wait, size in islice(frames, run):
                data = first + own[at : at + size] + last
                at += size
                at_ms += wait
                yield RecordedFrame(at_ms, data)

    @overload
    def __getitem__(self, index: int) -> RecordedFrame: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RecordedFrame, ...]: ...
    def __getitem__(self, index: int | slice) -> RecordedFrame | tuple[RecordedFrame, ...]:
        """Return one frame, or a tuple of some."""
        return self._all[index]

    def __eq__(self, other: object) -> bool:
        """Say whether ``other`` is a tuple of the same frames, or packs the same."""
        return self._all == (other._all if isinstance(other, PackedFrames) else other)

    def __hash__(self) -> int:
        """Return the hash of the tuple of these frames."""
        return hash(self._all)

    def __repr__(self) -> str:
        """Say how many there are; their text is nobody's business."""
        return f"PackedFrames({len(self)} frames)"

    @cached_property
    def _all(self) -> tuple[RecordedFrame, ...]:
        return tuple(self)
