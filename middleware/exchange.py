"""One request and its response: everything that lasts as long as they do.

What the application sends is carried through the pipeline inside its own call of ``send``: no
queue, so back-pressure reaches it as if nobody stood between. A replay is the same exchange with a
recording in the application's place. How it runs, and how it waits, says ``loop.py`` for an event
loop and ``wsgi/exchange.py`` for a thread.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, ClassVar

from ..cache import Running, Signal
from ..wire import SSE, framing_of
from ..wire.errors import ContentBlockedError, StreamwardError
from .answer import Answer
from .caching import CacheSide
from .controls import Controls
from .farewell import reason
from .headers import Headers, acceptable, by_name
from .inbox import Inbox, Receive
from .keeper import Keeper
from .leaving import wants_end
from .outbox import Outbox, Send
from .policy import Policy, Scope, Timeouts
from .report import Outcome, Report, report_on, template_of
from .resume import RESET, hint
from .sources import App, Source
from .stream import Stream

__all__ = ["Exchange"]


class Exchange(ABC):
    """Carries one exchange from the request to its report.

    Args:
        app: the application.
        scope: its ASGI scope.
        receive: the server's ``receive``.
        send: the server's ``send``.
        route: the pattern whose policy this is.
        policy: the rules, with the guards filled in.
        cache: the cache's part in this exchange.
    """

    _sends_beside: ClassVar[bool]

    def __init__(
        self,
        app: App,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        route: str,
        policy: Policy,
        cache: CacheSide,
    ) -> None:
        controls = Controls(stay=policy.on_leave != "cancel" or policy.grace != 0)
        self._clock = time.monotonic
        self._began = self._clock()
        self._over = False
        self._method = scope["method"]
        self._route = route
        self._policy = policy
        self._cache = cache
        self._inbox = Inbox(receive, scope["headers"])
        self._outbox = Outbox(send, beside=self._sends_beside)
        self._answer = Answer(
            self,
            path=scope["path"],
            policy=policy,
            controls=controls,
            cache=cache,
            send=send,
            outbox=self._outbox,
        )
        self._source = Source(
            self,
            app,
            controls.attach({**scope, "headers": acceptable(scope["headers"])}),
            policy=policy,
            cache=cache,
            inbox=self._inbox,
            outbox=self._outbox,
            answer=self._answer,
        )
        self._keeper: Keeper | None = None
        self._keeping: Awaitable[None] | None = None
        self._error: StreamwardError | None = None
        self._outcome: Outcome | None = None
        self._left = self._given_up = self._handed_over = False
        self._ttft: float | None = None

    def report(self) -> Report | None:
        """Return what happened, or None when the response was no stream of ours."""
        if not self._outbox.started:
            return None
        stream, recording = self._answer.stream, self._source.recording
        report = report_on(stream.pipeline if stream else None)
        return replace(
            report,
            outcome=self._outcome or "failed",
            code=self._error.code if self._error else None,
            route=template_of(self._source.scope) or self._route,
            method=self._method,
            status=self._answer.status,
            dialect=recording.dialect if recording else report.dialect,
            cache=self._cache.use,
            not_kept=self._cache.not_kept(self._outcome or "failed"),
            ttft=self._ttft,
            duration=self._clock() - self._began,
            longest_gap=self._keeper.longest_gap if self._keeper else 0.0,
            usage=None if self._cache.use == "joined" else report.usage,
            frames=len(recording.frames) if recording else report.frames,
            bytes_out=self._outbox.bytes_out,
            heartbeats=self._outbox.heartbeats,
        )

    # What the answer tells

    @property
    def over(self) -> bool:
        """True once nothing more of the answer is wanted."""
        return self._over

    async def begin(self, headers: Headers, timeouts: Timeouts) -> None:
        """Start the response, the keeper and the watch; whoever takes over finds them started."""
        if not self._outbox.started:
            await self._start(headers, timeouts)
        if self._cache.reset and framing_of(by_name(headers).get("content-type", "")) is SSE:
            await self._outbox.prelude(RESET)

    async def _start(self, headers: Headers, timeouts: Timeouts) -> None:
        await self._outbox.start(self._answer.status, headers)
        self._keeper = Keeper(
            self._outbox,
            timeouts=timeouts,
            interval=self._policy.heartbeat,
            beat=self._source.beat,
            busy=self._answer.is_busy,
            on_timeout=self.end_with,
        )
        self._keep_time(self._keeper)
        self.watch()
        resume = self._policy.resume
        if resume is not None and resume.hand_over is not None and (link := self._cache.link()):
            self._plan_hand_over(resume.hand_over, hint(link))

    def heard(self) -> None:
        """Note that the application has spoken: it is not silent."""
        if self._keeper is not None:
            self._keeper.heard()

    def delivered(self) -> None:
        """Note that text has left."""
        if self._ttft is None:
            self._ttft = self._clock() - self._began

    def ended(self, stream: Stream) -> None:
        """Note that the answer is whole, and keep it while its end is being sent.

        The client never waits for the store; a client that asks again at once finds the answer
        where the store is in memory.
        """
        pipeline, recorder = stream.pipeline, self._outbox.recorder
        self._outcome = "complete" if pipeline.complete else "incomplete"
        guarded = self._policy.mode == "monitor" or not pipeline.guards_failed
        if isinstance(recorder, Running):
            recorder.delivered = not self._outbox.client_gone
            recorder.end(self._outcome)
        if recorder is not None and self._cache.wants(pipeline, guarded=guarded):
            keeping = self._cache.keep(recorder, self._answer.headers, pipeline.dialect or "")
            self._keeping = self._beside(keeping)

    def done(self) -> None:
        """Note that all has left: now the application may know that its client has."""
        self._inbox.reveal()

    def end_with(self, error: StreamwardError) -> None:
        """End the answer with an error; the first one counts."""
        self._error = self._error or error
        self._set_over()

    async def _hand_over(self, last: bytes) -> None:
        """End the response before a platform cuts it; the answer goes on for who comes back."""
        if not self._outbox.finished:
            await self._outbox.hand_over(last)
            self._handed_over = True
            self.leave()

    def _decide(self) -> bool:
        """Give the answer up, unless its policy wants its end; return whether it does."""
        pipeline = self._answer.stream.pipeline if self._answer.stream else None
        seconds = self._clock() - self._began
        wanted = wants_end(self._policy.on_leave, pipeline, seconds, self._outbox.bytes_out)
        if not wanted:
            self._give_up()
        return wanted

    def _give_up(self) -> None:
        if (lease := self._cache.lease) is not None:
            lease.running.end("lost")  # nobody reads it: who comes from here on asks for himself
        self._given_up = True
        self._set_over()

    def _set_over(self) -> None:
        self._over = True

    # How it ends

    async def _conclude(self, raised: BaseException | None) -> None:
        if self._answer.refused is not None:
            self._outcome = "failed"
        elif not self._outbox.started or self._outbox.finished:
            self._outcome = self._leaving() if self._left else self._outcome or "complete"
            if self._keeping is not None:
                await self._keeping
            if raised is not None:
                raise raised
        elif self._given_up or (self._inbox.told and raised is None):
            self._outcome = self._leaving()
        else:
            await self._fail(raised)

    def _leaving(self) -> Outcome:
        return "handed_over" if self._handed_over else "client_left"

    async def _fail(self, raised: BaseException | None) -> None:
        """Tell the client in its dialect, then cut the transfer, unless that breaks the client."""
        ours = self._error is not None
        self._error = error = self._error or reason(raised)
        self._outcome = "failed"
        if (stream := self._answer.stream) is not None:
            pipeline = stream.pipeline
            if not self._source.told:
                await self._outbox.frames(await stream.fail(error, self._inbox.call.id))
            self._error = error = pipeline.failure or error
            if isinstance(error, ContentBlockedError):
                self._outcome = "blocked"
            proper = pipeline.ends_properly()
            if isinstance(self._outbox.recorder, Running):
                self._outbox.recorder.end("incomplete" if proper else "cut")
            if proper or not pipeline.cuts():
                await self._outbox.finish()
            if proper:
                return
        if raised is not None and not ours:
            raise raised
        raise error

    # How it runs

    @abstractmethod
    def watch(self) -> None:
        """Notice from now on when the client leaves."""

    @abstractmethod
    def leave(self) -> None:
        """Note that the client is gone."""

    @abstractmethod
    def swallow(self) -> None:
        """Take a message that comes after the end, or refuse it."""

    @abstractmethod
    def signal(self) -> Signal:
        """Return what wakes a reader of a running answer."""

    @abstractmethod
    def from_anywhere(self, work: Callable[[], None]) -> Callable[[], None]:
        """Return what does the work where this exchange runs, called in whatever thread."""

    @abstractmethod
    async def pause(self, seconds: float) -> None:
        """Wait so long."""

    @abstractmethod
    def _keep_time(self, keeper: Keeper) -> None:
        """Ask the keeper from now on."""

    @abstractmethod
    def _plan_hand_over(self, seconds: float, last: bytes) -> None:
        """End the response in so many seconds."""

    @abstractmethod
    def _beside(self, work: Coroutine[Any, Any, None]) -> Awaitable[None]:
        """Let work go on beside what comes next, to its own end."""
