"""Monitor mode: guards look at frames that have left already. They delay and change nothing."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future, wait

import structlog

from ..guardrails import Channels, Guard, Ward
from ..wire import Frame, Framing, Step
from ..wire.errors import StreamwardError
from .threads import in_thread, start_thread

__all__ = ["Watch"]

# A guard that falls this many frames behind, or `limit` bytes, is given up for this stream, rather
# than fill the memory.
_MAX_BEHIND = 4096


class Watch:
    """Follows one stream at a distance.

    Args:
        guards: who looks.
        limit: how many bytes their ward may hold, and how many may wait for it.
        channels: what they might do to each sort of channel, if they did anything.

    Attributes:
        findings: how often each (guard, entity, kind of action) was found so far.
    """

    def __init__(
        self, guards: Sequence[Guard], limit: int, channels: Channels | None = None
    ) -> None:
        self._guards = tuple(guards)
        self._limit = limit
        self._channels = channels
        self._blocking = any(guard.blocking for guard in guards)
        self._behind: deque[tuple[Frame, list[Step]]] = deque()
        self._noted = self._taken = 0  # bytes; each is counted in one thread only
        self._ward: Ward | None = None
        self._lost = False
        self._work: asyncio.Task[None] | None = None
        self._beside: Future[None] | None = None
        self.findings: Counter[tuple[str, str, str]] = Counter()

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the guards that failed, and that the others go on without."""
        return self._ward.failed if self._ward else ()

    def note(self, framing: Framing, frame: Frame, steps: list[Step]) -> None:
        """Take a frame that is about to leave."""
        if self._ward is None:
            self._ward = Ward(self._guards, framing, self._limit, channels=self._channels)
            self.findings = self._ward.findings
        self._noted += len(frame.raw)
        if self._overrun() and not self._blocking:
            self._look()  # much has come at once
        if self._overrun():
            self._lose("overrun")
        if not self._lost:
            self._behind.append((frame, steps))

    def _overrun(self) -> bool:
        much = len(self._behind) >= _MAX_BEHIND or self._noted - self._taken > self._limit
        return much and len(self._behind) > 0

    def go_on(self) -> None:
        """Look at what has left meanwhile: now, or in a thread where a guard may take long."""
        if not self._blocking:
            self._look()
        elif self._work is None or self._work.done():
            self._work = asyncio.create_task(in_thread(self._look))

    async def settle(self) -> None:
        """Look at the rest, and wait for it."""
        if self._work is not None:
            await asyncio.wait({self._work})
        if self._blocking:
            await in_thread(self._look, True)
        else:
            self._look(True)

    def go_on_beside(self) -> None:
        """Do as ``go_on`` where there is no event loop."""
        if not self._blocking:
            self._look()
        elif self._beside is None or self._beside.done():
            self._beside = start_thread(self._look)

    def settle_here(self) -> None:
        """Do as ``settle`` where there is no event loop."""
        if self._beside is not None:
            wait({self._beside})
        self._look(True)

    def _look(self, ended: bool = False) -> None:  # noqa: FBT001, FBT002 - passed to a thread
        try:
            while self._ward is not None and self._behind and not self._lost:
                frame, steps = self._behind.popleft()
                self._taken += len(frame.raw)
                self._ward.feed(frame, steps)
            if self._ward is not None and ended and not self._lost:
                self._ward.finish()
        except StreamwardError as error:
            self._lose(error.code)

    def _lose(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            self._behind.clear()
            structlog.get_logger("streamward").warning("monitor_lost", reason=reason)
