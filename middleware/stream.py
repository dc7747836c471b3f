"""One response body that is a stream: decoded, carried through, off the loop if need be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import TypeVarTuple

from ..guardrails import Channels, Guard, StreamActions
from ..wire import PLAIN, Dialect, Framing, framing_of
from ..wire.errors import StreamwardError
from .decoding import Inflater
from .headers import by_name, content_coding
from .pipeline import Pipeline
from .policy import Limits
from .threads import in_thread

__all__ = ["Stream", "concerns"]

Args = TypeVarTuple("Args")


def concerns(status: int, headers: Iterable[tuple[bytes, bytes]], path: str = "") -> Framing | None:
    """Return the framing of a response that is a stream; None for every other response.

    Plain text is a stream when its length is not known beforehand.
    """
    if status < 200 or status in (204, 304):
        return None
    names = by_name(headers)
    framing = framing_of(names.get("content-type", ""), path, names)
    return None if framing is PLAIN and "content-length" in names else framing


class Stream:
    """Carries the body of one response.

    Args:
        framing: how its content type says it is cut; or its dialect, where that is known.
        headers: its headers, as the application sent them.
        path: the path of the request.
        guards: who decides.
        limits: the size of the buffers.
        channels: what guards may do to each sort of channel.
        monitor: True lets every frame leave; the guards look at it behind the stream.
        actions: what the answer shares with its prompt; default: the stream's own.
        dialects: of the user's own; they are asked first.

    Attributes:
        busy: True while a guard decides in a thread.

    Raises:
        UnsupportedEncodingError: the body is compressed in a way that cannot be undone.
    """

    def __init__(
        self,
        framing: Framing | Dialect,
        *,
        headers: Iterable[tuple[bytes, bytes]],
        path: str,
        guards: Sequence[Guard],
        limits: Limits,
        channels: Channels,
        monitor: bool = False,
        actions: StreamActions | None = None,
        dialects: Sequence[Dialect] = (),
    ) -> None:
        names = by_name(headers)
        coding = content_coding(names)
        self._inflater = Inflater(coding) if coding else None
        self._heard = 0
        self._work: asyncio.Task[list[bytes]] | None = None
        self._leaving: list[bytes] = []
        self.busy = False
        self.pipeline = Pipeline(
            framing,
            headers=names,
            path=path,
            guards=guards,
            limits=limits,
            channels=channels,
            monitor=monitor,
            actions=actions,
            dialects=dialects,
        )

    @property
    def failure(self) -> StreamwardError | None:
        """Why the stream has to end, once it has to."""
        return self.pipeline.failure

    def heard(self) -> bool:
        """Whether the application has spoken since this was last asked."""
        before, self._heard = self._heard, self.pipeline.spoken
        return self._heard > before

    async def carry(self, body: bytes, *, ended: bool) -> AsyncIterator[list[bytes]]:
        """Take a piece of the body; yield the frames that leave. See ``failure`` afterwards."""
        try:
            for piece in [body] if self._inflater is None else self._inflater.feed(body):
                if piece:
                    yield await self._run(self.pipeline.feed, piece)
                    if self.pipeline.watch is not None:
                        self.pipeline.watch.go_on()
            if ended:
                if self._inflater is not None:
                    self._inflater.finish()
                yield await self._run(self.pipeline.finish)
        except StreamwardError as error:
            self.pipeline.failure = self.pipeline.failure or error

    async def settle(self) -> None:
        """Let the guards that only watch look at the rest."""
        if self.pipeline.watch is not None:
            await self.pipeline.watch.settle()

    async def fail(self, error: StreamwardError, call: int | str = 0) -> list[bytes]:
        """End the stream with an error; return the frames that tell the client.

        Args:
            error: why it ends.
            call: the id of the JSON-RPC call that it answers.
        """
        return await self._run(self.pipeline.fail, error, call)

    async def pause(self) -> list[bytes]:
        """Say that every text is whole; return what waits, decided. The stream may go on."""
        return await self._run(self.pipeline.pause)

    async def give_up(self, error: StreamwardError) -> list[bytes]:
        """End the stream with an error; return what waits, decided as it stands."""
        return await self._run(self.pipeline.give_up, error)

    async def _run(self, step: Callable[[*Args], list[bytes]], *args: *Args) -> list[bytes]:
        """Take a step of the pipeline; in a thread where a guard may take long.

        Who is cancelled leaves its step behind, which no thread can stop. The next one waits for
        it: two at a time would decide what neither has seen. What it let go leaves first.
        """
        if not self.pipeline.blocking:
            return step(*args)
        self.busy = True
        try:
            await self._catch_up()
            self._work = asyncio.create_task(in_thread(step, *args))
            self._work.add_done_callback(_forgive)
            await self._catch_up()
        finally:
            self.busy = False
        leaving, self._leaving = self._leaving, []
        return leaving

    async def _catch_up(self) -> None:
        if (work := self._work) is not None:
            await asyncio.wait({work})
            self._work = None
            self._leaving += work.result()


def _forgive(work: asyncio.Task[list[bytes]]) -> None:
    """Look at an error, so that one for which nobody waits any more is not logged."""
    if not work.cancelled():
        work.exception()
