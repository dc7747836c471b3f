"""One call whose answer is a stream.

Strategy: the method writes to a context of ours, whether it yields messages or calls ``write``
itself. There a message goes through the guards, and what may leave is written to the real context
inside of that same call: no queue, so a slow client slows the method.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from inspect import isasyncgenfunction
from typing import Any

from ...wire.errors import StreamwardError, UpstreamFailedError
from ..conversation import Conversation
from ..iterators.passage import Passage
from .status import grpc, told

__all__ = ["Call"]

Method = Callable[[Any, Any], Any]


class Call:
    """Carries one call.

    Args:
        method: the application's.
        context: the real one.
        passage: the way of its messages.
    """

    def __init__(self, method: Method, context: Any, passage: Passage) -> None:
        self._method = method
        self._context = context
        self._passage = passage
        self._lock = asyncio.Lock()
        self._talk = Conversation()

    async def run(self, request: Any) -> None:
        """Run the method, and end the call as it has to end.

        Args:
            request: the request, or the iterator over the requests.
        """
        passage = self._passage
        passage.asks()
        try:
            await self._carry(request)
        except asyncio.CancelledError:
            passage.cancel()
            raise
        except StreamwardError as error:
            passage.fail(error)
            await self._abort(error)
        except grpc.aio.AbortError:
            passage.fail(UpstreamFailedError("the method aborted the call"))
            raise
        except Exception:
            await self._fail()
            raise
        finally:
            if passage.stream is not None:
                await passage.stream.settle()
            passage.end()

    async def write(self, message: Any) -> None:
        """Take a message of the method's; write those that may leave."""
        self._talk.speaks()
        async with self._lock:
            stream, chunk = self._passage.take(message)
            async for frames in stream.carry(chunk, ended=False):
                await self._write(frames)
            self._passage.check()
            self._passage.asks()

    async def listen(self, wait: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for the client; where the method has spoken before, its turn is over."""
        if self._talk.turn_is_over():
            async with self._lock:
                self._talk.spoke = False
                if self._passage.stream is not None:
                    await self._write(await self._passage.stream.pause())
                    self._passage.check()
        self._talk.waiting = True
        try:
            return await wait()
        finally:
            self._talk.waiting = False

    async def abort(self, *args: Any, **named: Any) -> None:
        """Let the method end the call by itself, behind what it has said."""
        await self._give_up()
        await self._context.abort(*args, **named)

    async def _carry(self, request: Any) -> None:
        context = _Context(self._context, self)
        if hasattr(request, "__aiter__"):
            request = self._requests(request)
        if isasyncgenfunction(self._method):
            async with aclosing(self._method(request, context)) as messages:
                async for message in messages:
                    await self.write(message)
        else:
            await self._method(request, context)
        await self._finish()

    async def _requests(self, requests: Any) -> AsyncIterator[Any]:
        iterator = aiter(requests)
        while True:
            try:
                yield await self.listen(iterator.__anext__)
            except StopAsyncIteration:
                return

    async def _finish(self) -> None:
        async with self._lock:
            if (stream := self._passage.stream) is not None:
                async for frames in stream.carry(b"", ended=True):
                    await self._write(frames)
            self._passage.check()
            self._passage.whole()

    async def _write(self, frames: Iterable[bytes]) -> None:
        for message in self._passage.give([*frames]):
            await self._context.write(message)

    async def _give_up(self) -> None:
        error = UpstreamFailedError("the method did not finish its answer")
        async with self._lock:
            if (stream := self._passage.stream) is not None:
                await self._write(await stream.give_up(error))
        self._passage.fail(error)

    async def _fail(self) -> None:
        """Say what may still be said; then a status that does not quote the exception.

        gRPC writes the exception that is raised behind it to its log, and not to the client.
        """
        await self._give_up()
        with suppress(grpc.aio.AbortError):
            await self._abort(UpstreamFailedError())

    async def _abort(self, error: StreamwardError) -> None:
        await self._context.abort(*told(error, self._context))


class _Context:
    """The real context, except for what says or hears something."""

    def __init__(self, context: Any, call: Call) -> None:
        self._context = context
        self._call = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    async def write(self, message: Any) -> None:
        await self._call.write(message)

    async def read(self) -> Any:
        return await self._call.listen(self._context.read)

    async def abort(self, *args: Any, **named: Any) -> None:
        await self._call.abort(*args, **named)
