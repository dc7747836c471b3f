"""The timer of an exchange: signs of life for the client, a limit on the application's silence."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from ..wire.errors import UpstreamTimeoutError
from .outbox import Outbox
from .policy import Timeouts

__all__ = ["Keeper"]


class Keeper:
    """Wakes up only when something is due: one timer a stream, however many tokens.

    Args:
        outbox: tells when something last left, and sends the heartbeats.
        timeouts: how long the application may stay silent.
        interval: seconds of silence before a heartbeat; None: never.
        beat: returns the heartbeat's bytes at this moment; empty when none can be sent.
        busy: whether a guard is at work: then neither is the application the slow one.
        on_timeout: called once, when the application was silent for too long.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        timeouts: Timeouts,
        interval: float | None,
        beat: Callable[[], bytes],
        busy: Callable[[], bool],
        on_timeout: Callable[[UpstreamTimeoutError], None],
    ) -> None:
        self._outbox = outbox
        self._timeouts = timeouts
        self._interval = interval
        self._beat = beat
        self._busy = busy
        self._on_timeout = on_timeout
        self._clock = time.monotonic
        self._last_token = self._clock()
        self._first_seen = False
        self.longest_gap = 0.0

    def heard(self) -> None:
        """Note that the application has sent a frame with data."""
        now = self._clock()
        if self._first_seen:
            self.longest_gap = max(self.longest_gap, now - self._last_token)
        self._first_seen = True
        self._last_token = now

    async def run(self) -> None:
        """Keep time until cancelled, or until the application has been silent for too long."""
        while (wait := self.next()) is not None:
            if wait > 0:
                await asyncio.sleep(wait)
                continue
            if self._outbox.busy or self._busy():
                self._last_token = self._clock()  # it is not the application that is slow
            if self.check():
                return
            if self._outbox.busy:
                await asyncio.sleep(_BUSY)
            else:
                await self.beat_if_due()

    def check(self) -> bool:
        """Say whether the application has been silent for too long, and tell whom it concerns."""
        error = self._overdue()
        if error is not None:
            self._on_timeout(error)
        return error is not None

    async def beat_if_due(self) -> None:
        """Send a sign of life, if it is time for one."""
        if self._clock() >= self._beat_due():
            await self._send_beat()

    def forgive(self, seconds: float) -> None:
        """Note that for so long it was not the application that was slow."""
        self._last_token += seconds

    async def _send_beat(self) -> None:
        if beat := self._beat():
            await self._outbox.heartbeat(beat)
        else:
            self._outbox.last_sent = self._clock()

    def _limit(self) -> float | None:
        timeouts = self._timeouts
        return timeouts.between_tokens if self._first_seen else timeouts.first_token

    def _overdue(self) -> UpstreamTimeoutError | None:
        limit = self._limit()
        if limit is None or self._clock() < self._last_token + limit:
            return None
        return UpstreamTimeoutError("between_tokens" if self._first_seen else "first_token", limit)

    def next(self) -> float | None:
        """Return the seconds until something is due; None when nothing ever will be."""
        due = [self._beat_due()]
        if (limit := self._limit()) is not None:
            due.append(self._last_token + limit)
        if not self._first_seen and self._timeouts.between_tokens is not None:
            # The first token may come while we sleep, and then this limit counts.
            due.append(self._clock() + self._timeouts.between_tokens)
        first = min(due)
        return None if first == math.inf else first - self._clock()

    def _beat_due(self) -> float:
        return math.inf if self._interval is None else self._outbox.last_sent + self._interval


_BUSY = 0.05
