"""Who gives an answer: the application, a recording, or another exchange that is given it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from msgspec.structs import replace

from ..cache import Follower, Recording, Running, Signal, schedule
from ..wire import DIALECTS
from ..wire.errors import (
    GuardError,
    LeaderLostError,
    NotCachedError,
    ResumeError,
    StoppedError,
    StreamwardError,
    UpstreamFailedError,
)
from .answer import Answer
from .caching import CacheSide
from .headers import for_stream
from .inbox import Inbox, Receive
from .lookup import Loss
from .outbox import Outbox, Send
from .policy import Policy, Scope, Timeouts
from .prompt import guard_prompt, status_of

__all__ = ["App", "Source"]

App = Callable[[Scope, Receive, Send], Awaitable[None]]


_STATUS = {"invalid": 403, "forbidden": 403, "expired": 410, "gone": 410, "unavailable": 503}


class Stage(Protocol):
    """What a source needs of the exchange that it is part of."""

    def watch(self) -> None:
        """Notice from now on when the client leaves."""
        ...

    async def begin(self, headers: list[tuple[bytes, bytes]], timeouts: Timeouts) -> None:
        """Start the response."""
        ...

    def delivered(self) -> None:
        """Note that text has left."""
        ...

    def signal(self) -> Signal:
        """Return what wakes a reader of a running answer."""
        ...

    def from_anywhere(self, work: Callable[[], None]) -> Callable[[], None]:
        """Return what does the work of the exchange when called in whatever thread."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait so long."""
        ...

    def end_with(self, error: StreamwardError) -> None:
        """End the answer."""
        ...


class Source:
    """Gives one answer, from wherever it comes.

    Args:
        stage: the exchange.
        app: the application.
        scope: what the application gets.
        policy: the rules.
        cache: the cache's part in the exchange.
        inbox: the request.
        outbox: the response.
        answer: what the application sends to.

    Attributes:
        scope: what the application got.
        recording: what is replayed, if it is a replay.
        told: True once the client was told why the answer ended, in frames of another exchange.
    """

    def __init__(
        self,
        stage: Stage,
        app: App,
        scope: Scope,
        *,
        policy: Policy,
        cache: CacheSide,
        inbox: Inbox,
        outbox: Outbox,
        answer: Answer,
    ) -> None:
        self._stage = stage
        self._app = app
        self._policy = policy
        self._cache = cache
        self._inbox = inbox
        self._outbox = outbox
        self._answer = answer
        self.scope = scope
        self.recording: Recording | None = None
        self.told = False

    async def give(self, found: Recording | Running | None) -> None:
        """Give the answer; of one that is followed and comes to nothing, look for another."""
        if self._cache.finished:
            await self._answer.nothing()
            return
        while isinstance(found, Running):
            loss = await self._follow(found)
            if loss is None:
                return
            found = await self._cache.look_up_again(loss)
        await (self._ask() if found is None else self._replay(found))

    def beat(self) -> bytes:
        """Return a sign of life that fits in at this moment; empty when none does."""
        if self.recording is not None:
            name = self.recording.dialect
            rows = (*self._policy.dialects, *DIALECTS)
            return next((row.heartbeat for row in rows if row.name == name), b"")
        return self._answer.stream.pipeline.heartbeat() if self._answer.stream else b""

    async def _ask(self) -> None:
        policy = self._policy
        if (refusal := self._cache.refusal) is not None:
            await self._refuse(refusal)
            return
        if (lease := self._cache.lease) is not None:
            lease.on_stop(self._stage.from_anywhere(self._stop))
        if policy.prompt != "pass":
            try:
                self.scope, self._answer.restorer = await guard_prompt(
                    self._inbox,
                    self.scope,
                    policy.prompt,
                    policy.guards or (),
                    policy.limits.request_body,
                    self._answer.actions,
                )
            except GuardError as error:
                await self._answer.refuse(error, status_of(error))
                return
        await self._app(self.scope, self._inbox.receive, self._answer.send)

    def _stop(self) -> None:
        self._stage.end_with(StoppedError("asked to stop"))

    async def _refuse(self, refusal: NotCachedError | ResumeError) -> None:
        """Answer with an error; where an answer that was followed had begun, cut it."""
        if self._outbox.started:
            self._stage.end_with(LeaderLostError("the answer that was joined broke off"))
            return
        status = 504 if isinstance(refusal, NotCachedError) else _STATUS[refusal.reason]
        await self._answer.refuse(refusal, status, self._cache.headers())

    async def _replay(self, recording: Recording) -> None:
        """Send a recording in the pace of the route."""
        self.recording = recording
        self._answer.status = recording.status
        headers = for_stream(recording.headers) + self._cache.hit_headers(recording)
        await self._stage.begin(headers, Timeouts(first_token=None, between_tokens=None))
        began = time.monotonic()
        if self._cache.position:
            recording = replace(recording, frames=recording.frames[self._cache.position :])
        for at, data in schedule(recording, self._cache.pace):
            if (wait := began + at - time.monotonic()) > 0:
                await self._stage.pause(wait)
            await self._outbox.frames([data])
            self._stage.delivered()
        await self._outbox.finish()

    async def _follow(self, running: Running) -> Loss | None:
        """Give what another exchange is being given; return why, if it came to nothing."""
        self._stage.watch()  # no application notices in our place when the client leaves
        self._answer.relayed = True
        follower = Follower(running, self._cache.position, signal=self._stage.signal())
        how = await self._relay(follower)
        self._answer.relayed = False
        if how == "ended":
            return None
        if how == "cut":
            self.told = True
            self._stage.end_with(UpstreamFailedError("the answer that was joined was cut"))
        elif how == "lost" and self._answer.stream and self._answer.stream.pipeline.frames:
            self._stage.end_with(LeaderLostError("the answer that was joined broke off"))
        else:
            return how
        return None

    async def _relay(self, follower: Follower) -> Loss | Literal["ended", "cut"]:
        """Send what is followed as if the application gave it; return how it ended."""
        running = follower.running
        with follower:
            head = await follower.head()
            if head is None or running.ending == "lost":
                return "unshared" if running.ending == "unshared" else "lost"
            if not self._cache.accepts(head):
                return "purged"
            if running.ending in ("complete", "incomplete") and (
                0 < running.count <= follower.position
            ):
                await self._answer.nothing()
                return "ended"
            start = {"status": head.status, "headers": [*head.headers]}
            await self._answer.send({"type": "http.response.start", **start})
            while frames := await follower.frames():
                await self._body(b"".join(frame.data for frame in frames), more=True)
        if running.ending in ("complete", "incomplete"):
            await self._body(b"", more=False)
            return "ended"
        return "cut" if running.ending == "cut" else "lost"

    async def _body(self, body: bytes, *, more: bool) -> None:
        await self._answer.send({"type": "http.response.body", "body": body, "more_body": more})
