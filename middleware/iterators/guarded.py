"""The two iterators that people hold: one that is waited for, and one that is not."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from ..report import Report
from .passage import Passage
from .ways import AsyncWay, Way

__all__ = ["AsyncGuardedStream", "GuardedStream"]

Item = TypeVar("Item")


class _Guarded:
    """What both have."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    @property
    def report(self) -> Report | None:
        """What the stream did; None until it is over."""
        return self._passage.report

    @property
    def error_frames(self) -> bytes:
        """What to send to a client after an error, so that its own SDK raises.

        Empty before an error, for objects, and where a dialect has no such frames.
        """
        return self._passage.error_frames


class GuardedStream(_Guarded, Iterator[Item]):
    """A guarded iterator, made by ``guard_stream``; it closes its source with itself.

    Iterating raises what the source raises, and a ``StreamwardError`` where a guard ends the
    stream; in both cases after all that may leave.
    """

    def __init__(self, source: Iterable[Item], passage: Passage) -> None:
        super().__init__(passage)
        self._way = Way(source, passage)
        self._steps = self._way.run()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        return next(self._steps)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop here: close the source, and say the report."""
        self._steps.close()
        if self.report is None:
            self._way.end()


class AsyncGuardedStream(_Guarded, AsyncIterator[Item]):
    """A guarded asynchronous iterator, made by ``guard_stream``; it closes its source with itself.

    Iterating raises what the source raises, and a ``StreamwardError`` where a guard ends the
    stream; in both cases after all that may leave. Guards that may take long work in threads.
    """

    def __init__(self, source: AsyncIterable[Item], passage: Passage) -> None:
        super().__init__(passage)
        self._way = AsyncWay(source, passage)
        self._steps = self._way.run()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        return await anext(self._steps)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop here: close the source, and say the report."""
        await self._steps.aclose()
        if self.report is None:
            await self._way.end()
