"""From the source to the reader, item by item: once waiting for the source, once not.

Neither knows the iterator in front of it, so that one which nobody holds any more is gone at once,
and its source is closed.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from typing import Any, Generic, TypeVar

from ...wire.errors import StreamwardError, UpstreamFailedError
from ..stream import Stream
from .passage import Passage

__all__ = ["AsyncWay", "Way"]

Item = TypeVar("Item")

_FAILED = "the source did not finish"


class Way(Generic[Item]):
    """Carries an iterator's items."""

    def __init__(self, source: Iterable[Item], passage: Passage) -> None:
        self._source = source
        self._passage = passage

    def run(self) -> Generator[Item, None, None]:
        """Yield what may leave; then raise what ends the stream, if anything does."""
        passage = self._passage
        iterator = iter(self._source)
        try:
            while True:
                passage.asks()
                try:
                    item = next(iterator)
                except StopIteration:
                    break
                except Exception:
                    yield from self._given_up()
                    raise
                yield from self._carried(item)
                passage.check()
            yield from self._finished()
            passage.check()
            passage.whole()
        except StreamwardError as error:
            passage.fail(error)
            raise
        finally:
            self.end(iterator)

    def end(self, *more: Any) -> None:
        """Close the source, and its iterator; say the report."""
        try:
            for one in {id(it): it for it in (*more, self._source)}.values():
                if callable(close := getattr(one, "close", None)):
                    close()
            if (stream := self._passage.stream) is not None and stream.pipeline.watch is not None:
                stream.pipeline.watch.settle_here()
        finally:
            self._passage.end()

    def _carried(self, item: Item) -> list[Item]:
        stream, chunk = self._passage.take(item)
        frames = stream.pipeline.feed(chunk)
        if stream.pipeline.watch is not None:
            stream.pipeline.watch.go_on_beside()
        return self._passage.give(frames)

    def _finished(self) -> list[Item]:
        stream = self._passage.stream
        return self._passage.give(stream.pipeline.finish()) if stream else []

    def _given_up(self) -> list[Item]:
        error = UpstreamFailedError(_FAILED)
        stream = self._passage.stream
        items = self._passage.give(stream.pipeline.give_up(error)) if stream else []
        self._passage.fail(error)
        return items


class AsyncWay(Generic[Item]):
    """Carries an asynchronous iterator's items."""

    def __init__(self, source: AsyncIterable[Item], passage: Passage) -> None:
        self._source = source
        self._passage = passage

    async def run(self) -> AsyncGenerator[Item, None]:
        """Yield what may leave; then raise what ends the stream, if anything does."""
        passage = self._passage
        iterator = aiter(self._source)
        try:
            while True:
                passage.asks()
                try:
                    item = await anext(iterator)
                except StopAsyncIteration:
                    break
                except Exception:
                    for one in await self._given_up():
                        yield one
                    raise
                for one in await self._carried(item):
                    yield one
                passage.check()
            for one in await self._finished():
                yield one
            passage.check()
            passage.whole()
        except StreamwardError as error:
            passage.fail(error)
            raise
        except asyncio.CancelledError:
            passage.cancel()
            raise
        finally:
            await self.end(iterator)

    async def end(self, *more: Any) -> None:
        """Close the source, and its iterator; say the report."""
        try:
            for one in {id(it): it for it in (*more, self._source)}.values():
                close = getattr(one, "aclose", None) or getattr(one, "close", None)
                if callable(close) and inspect.isawaitable(closing := close()):
                    await closing
            if (stream := self._passage.stream) is not None:
                await stream.settle()
        finally:
            self._passage.end()

    async def _carried(self, item: Item) -> list[Item]:
        stream, chunk = self._passage.take(item)
        return await self._through(stream, chunk)

    async def _finished(self) -> list[Item]:
        stream = self._passage.stream
        return await self._through(stream, b"", ended=True) if stream else []

    async def _through(self, stream: Stream, chunk: bytes, *, ended: bool = False) -> list[Item]:
        frames: list[bytes] = []
        async for leaving in stream.carry(chunk, ended=ended):
            frames += leaving
        return self._passage.give(frames)

    async def _given_up(self) -> list[Item]:
        error = UpstreamFailedError(_FAILED)
        stream = self._passage.stream
        items = self._passage.give(await stream.give_up(error)) if stream else []
        self._passage.fail(error)
        return items
