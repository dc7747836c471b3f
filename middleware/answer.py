"""The application's answer, message by message: is it a stream of ours, and what leaves of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ..guardrails import Guard, StreamActions
from ..wire import SSE, Framing, dumps
from ..wire.errors import StreamwardError, UpstreamFailedError
from .caching import CacheSide
from .controls import Controls
from .headers import Headers, for_stream
from .inbox import Message
from .outbox import Outbox, Send
from .policy import Policy, Timeouts
from .stream import Stream, concerns

__all__ = ["Answer", "Stage"]

# Proxies that wait for a first kilobyte or two pass everything on after it.
_PRELUDE = b":" + b" " * 2045 + b"\n\n"

# Cancelled within `send`, a generator is left where it yields: see `LoopExchange.swallow`.
_PATIENCE = 1.0


class Stage(Protocol):
    """What an answer needs of the exchange that it is part of."""

    @property
    def over(self) -> bool:
        """True once nothing more of the answer is wanted."""
        ...

    async def begin(self, headers: Headers, timeouts: Timeouts) -> None:
        """Start the response; from here on the exchange keeps time and watches the client."""
        ...

    def heard(self) -> None:
        """Note that the application has spoken."""
        ...

    def delivered(self) -> None:
        """Note that text has left."""
        ...

    def ended(self, stream: Stream) -> None:
        """Note that the answer is whole; its end has not been sent yet."""
        ...

    def done(self) -> None:
        """Note that all of the answer has left."""
        ...

    def end_with(self, error: StreamwardError) -> None:
        """End the answer."""
        ...

    def leave(self) -> None:
        """Note that the client is gone."""
        ...

    def swallow(self) -> None:
        """Take a message that comes after the end, or refuse it."""
        ...


class Answer:
    """Stands in the place of ``send`` for the application.

    Args:
        stage: the exchange.
        path: the path of the request.
        policy: the rules.
        controls: what the application says about its own response.
        cache: the cache's part in this exchange.
        send: the server's ``send``, for what is not ours.
        outbox: for what is.

    Attributes:
        untouched: True once the response has turned out to be none of ours.
        stream: the body, once the response has turned out to be a stream.
        status: the response's.
        headers: the response's, fit for a stream.
        actions: what happens to findings, in the prompt too.
        relayed: True when what comes has been guarded, for another exchange.
        restorer: the guard that puts values back which a prompt had stand-ins for, if any.
        refused: why the stream was answered with 502 instead, if it was.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        path: str,
        policy: Policy,
        controls: Controls,
        cache: CacheSide,
        send: Send,
        outbox: Outbox,
    ) -> None:
        self._stage = stage
        self._path = path
        self._policy = policy
        self._controls = controls
        self._cache = cache
        self._send = send
        self._outbox = outbox
        self.untouched = False
        self.actions = StreamActions()
        self.relayed = False
        self.restorer: Guard | None = None
        self.stream: Stream | None = None
        self.status = 200
        self.headers: Headers = []
        self.refused: StreamwardError | None = None
        self._taking = 0
        self._idle: asyncio.Event | None = None

    async def send(self, message: Message) -> None:
        """Take one message of the application's."""
        self._taking += 1
        try:
            await self._take(message)
        finally:
            self._taking -= 1
            if self._idle is not None and not self._taking:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until no message is being taken, but not for longer than a second."""
        if self._taking:
            self._idle = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), _PATIENCE)

    async def _take(self, message: Message) -> None:
        if self.untouched:
            await self._send(message)
        elif self._stage.over:
            self._stage.swallow()
        elif message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body" and self.stream is not None:
            await self._body(self.stream, message)
        elif message["type"] == "http.response.pathsend" and self.stream is not None:
            body = await asyncio.to_thread(Path(message["path"]).read_bytes)
            await self._body(self.stream, {"body": body})
        elif message["type"] != "http.response.trailers":  # which nobody guards
            await self._send(message)

    async def _start(self, message: Message) -> None:
        headers = message.get("headers", ())
        touch = self._controls.touch
        framing = concerns(message["status"], headers, self._path) if touch else None
        if self._outbox.started and not self._continues(message["status"], framing):
            self._stage.end_with(UpstreamFailedError("the answer began in another way"))
            self._stage.swallow()
            return
        if framing is None:
            self._cache.is_no_stream()
            self.untouched = True
            await self._send(message)
            return
        self.status = message["status"]
        try:
            self.stream = Stream(
                framing,
                headers=headers,
                path=self._path,
                guards=self._guards(),
                limits=self._policy.limits,
                channels=self._policy.channels,
                monitor=self._policy.mode == "monitor" and not self.relayed,
                actions=self.actions,
                dialects=self._policy.dialects,
            )
        except StreamwardError as error:
            await self.refuse(error, 502)
            return
        self.headers = for_stream(headers)
        self._outbox.recorder = self._cache.recorder(
            self.status, self.headers, wanted=self._controls.record
        )
        resume = self._policy.resume
        self._outbox.ids = resume is not None and resume.ids and framing is SSE
        await self._stage.begin(self.headers + self._cache.headers(), self._policy.timeouts)
        if self._policy.prelude and framing is SSE and not self._outbox.bytes_out:
            await self._outbox.prelude(_PRELUDE)

    def _continues(self, status: int, framing: Framing | None) -> bool:
        """Whether a response can go on where one that was lost has sent its headers."""
        before = concerns(self.status, self.headers, self._path)
        return framing is not None and framing is before and status == self.status

    def _guards(self) -> tuple[Guard, ...]:
        if self.relayed:
            return ()
        guards = (self._policy.guards or ()) if self._controls.guard else ()
        return guards if self.restorer is None else (*guards, self.restorer)

    async def _body(self, stream: Stream, message: Message) -> None:
        ended = not message.get("more_body", False)
        async for frames in stream.carry(message.get("body", b""), ended=ended):
            await self._outbox.frames(frames)
            if stream.heard():
                self._stage.heard()
            if stream.pipeline.delivered:
                self._stage.delivered()
        if stream.failure is not None:
            self._stage.end_with(stream.failure)
            self._stage.swallow()
            return
        if ended:
            self._stage.ended(stream)
            await self._outbox.finish()
            self._stage.done()
        if self._outbox.client_gone:
            self._stage.leave()

    def is_busy(self) -> bool:
        """Say whether a guard is at work on it."""
        return self.stream is not None and self.stream.busy

    async def nothing(self) -> None:
        """Say that there is nothing to send (204): an ``EventSource`` then stops asking."""
        self.status = 204
        await self._outbox.start(204, [(b"cache-control", b"no-store")])
        await self._outbox.finish()

    async def refuse(
        self, error: StreamwardError, status: int, headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        """Answer with an error: nothing has been sent yet, so the status can still say it."""
        self.refused = error
        self.status = status
        problem = {"type": "server_error", "code": error.code, "message": error.public_message}
        await self._outbox.start(status, [(b"content-type", b"application/json"), *headers])
        await self._outbox.frames([dumps({"error": problem})])
        await self._outbox.finish()
        self._stage.end_with(error)
