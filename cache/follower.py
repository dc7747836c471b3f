"""One reader of a running answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from .signal import LoopSignal

if TYPE_CHECKING:
    from .recording import RecordedFrame
    from .running import Head, Running
    from .signal import Signal

__all__ = ["Follower"]


class Follower:
    """Reads a running answer at its own speed. Inside its ``with`` block it counts as a reader.

    Args:
        running: the answer.
        position: how many of its frames to leave out.
        counts: False for one that only passes the answer on.
        signal: how it sleeps and is woken; default: as a task of the running loop.

    Attributes:
        running: the answer.
        position: how many of its frames are behind it.
    """

    def __init__(
        self,
        running: Running,
        position: int = 0,
        *,
        counts: bool = True,
        signal: Signal | None = None,
    ) -> None:
        self.running = running
        self._woken = signal or LoopSignal()
        self._counts = counts
        self.position = position

    def __enter__(self) -> Self:
        self.running.listen(self._woken.set, counts=self._counts)
        return self

    def __exit__(self, *raised: object) -> None:
        self.running.unlisten(self._woken.set)

    async def head(self) -> Head | None:
        """Wait for the beginning; return None if the answer ended without one."""
        running = self.running
        while True:
            self._woken.clear()  # before looking: what changes from here on is not missed
            if running.head is not None or running.ending is not None:
                return running.head
            await self._woken.wait()

    async def frames(self) -> list[RecordedFrame]:
        """Wait for the next frames and return them; none once the answer has ended."""
        while True:
            self._woken.clear()
            ended = self.running.ending is not None  # first: no frame comes after the end
            found = self.running.since(self.position)
            if found or ended:
                self.position += len(found)
                return found
            await self._woken.wait()
