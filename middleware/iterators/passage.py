"""One stream on its way through: what is the same whether it is waited for or not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from ...guardrails import Channels, Guard, blocking_of
from ...wire import MESSAGE, Dialect
from ...wire.errors import ContentBlockedError, StreamwardError
from ..bounds import bounded
from ..pipeline import Pipeline
from ..policy import Limits
from ..report import Outcome, Report, ReportHook, report_on, tell
from ..stream import Stream
from .items import Items

__all__ = ["Passage", "Rules", "limited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the caller has set.

    Attributes:
        guards: who decides.
        monitor: True lets every item leave; the guards look at it behind the stream.
        channels: what guards may do to each sort of channel.
        limits: the size of the buffers.
        dialects: of the caller's own; they are asked first.
        items: says how items are handled, from the first of them.
        name: what the report calls the stream.
        on_report: gets the report.
        cancelled: what it means when the reader's task is cancelled.
    """

    guards: Sequence[Guard]
    monitor: bool
    channels: Channels
    limits: Limits
    items: Callable[[Any], Items]
    name: str
    on_report: ReportHook
    cancelled: Outcome = "cancelled"
    dialects: Sequence[Dialect] = ()


class Passage:
    """Carries the items of one stream, and keeps what the report says.

    Attributes:
        stream: the way through the guards, once there is an item.
        outcome: what the report says if nothing more happens.
        report: what happened, once it is over.
        error_frames: after a failure, the bytes on which the official client of the dialect
            raises; empty where there are none, and for objects.
    """

    def __init__(self, rules: Rules, clock: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules
        self._clock = clock
        self._items: Items | None = None
        self._began: float | None = None
        self._asked = 0.0
        self._ttft: float | None = None
        self._gap = 0.0
        self._bytes_out = 0
        self._code: str | None = None
        self.stream: Stream | None = None
        self.outcome: Outcome = "client_left"
        self.report: Report | None = None
        self.error_frames = b""

    @property
    def _pipeline(self) -> Pipeline | None:
        return self.stream.pipeline if self.stream else None

    def asks(self) -> None:
        """Note that the source is asked for its next item."""
        self._asked = self._clock()
        if self._began is None:
            self._began = self._asked

    def take(self, item: Any) -> tuple[Stream, bytes]:
        """Take an item from the source; return the way that its bytes go.

        Raises:
            UnreadableFrameError: it is of another sort than the first, or cannot be read.
        """
        if self._pipeline is not None and self._pipeline.tokens:
            self._gap = max(self._gap, self._clock() - self._asked)
        if self._items is None or self.stream is None:
            self._items = self._rules.items(item)
            self.stream = self._opened(self._items)
        return self.stream, self._items.take(item)

    def _opened(self, items: Items) -> Stream:
        rules = self._rules
        return Stream(
            items.framing,
            headers=(),
            path="",
            guards=rules.guards,
            limits=rules.limits,
            channels=rules.channels,
            monitor=rules.monitor,
            dialects=rules.dialects,
        )

    def give(self, frames: Sequence[bytes]) -> list[Any]:
        """Return the items for frames that leave."""
        if self._items is None:
            return []
        if self._ttft is None and self._pipeline is not None and self._pipeline.delivered:
            self._ttft = self._clock() - (self._began or 0.0)
        self._bytes_out += sum(map(len, frames))
        return self._items.give(frames)

    def check(self) -> None:
        """Raise what ends the stream, once something has.

        Raises:
            StreamwardError: the stream has to end.
        """
        if (pipeline := self._pipeline) is not None and pipeline.failure is not None:
            raise pipeline.failure

    def whole(self) -> None:
        """Note that the source has ended and everything has left."""
        complete = self._pipeline is not None and self._pipeline.complete
        self.outcome = "complete" if complete else "incomplete"

    def fail(self, error: StreamwardError) -> None:
        """Note why the stream has ended before its time."""
        self._code = error.code
        self.outcome = "blocked" if isinstance(error, ContentBlockedError) else "failed"
        if (pipeline := self._pipeline) is not None and self._items is not None:
            pipeline.failure = pipeline.failure or error
            self.error_frames = (
                b"" if self._items.framing is MESSAGE else b"".join(pipeline.last_words())
            )

    def cancel(self) -> None:
        """Note that the reader's task was cancelled."""
        self.outcome = self._rules.cancelled

    def end(self) -> None:
        """Say the report, once."""
        if self.report is not None:
            return
        self.report = replace(
            report_on(self._pipeline),
            outcome=self.outcome,
            code=self._code,
            route=self._rules.name,
            ttft=self._ttft,
            duration=0.0 if self._began is None else self._clock() - self._began,
            longest_gap=self._gap,
            bytes_out=self._bytes_out,
        )
        tell(self._rules.on_report, self.report)


def limited(guard: Guard) -> Guard:
    """Return a guard that is called within its limits, the same one for all streams."""
    if blocking_of(guard.blocking) is None:
        return guard
    try:
        return _limited(cast("Any", guard))
    except TypeError:  # it has no hash
        return bounded(guard)


@lru_cache(maxsize=128)
def _limited(guard: Guard) -> Guard:
    return bounded(guard)
