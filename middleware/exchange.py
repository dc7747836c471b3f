"""One request and its response: everything that lasts as long as they do.

Strategy: the application runs in a task of its own, so that it can be cancelled when the client
leaves or the answer has to end. What it sends is carried through the pipeline inside its own call
of ``send``: no queue, so back-pressure reaches it as if nobody stood between. Once a stream has
started, two small tasks stand beside it: the keeper (time) and the watch (the client leaving).
A replay is the same exchange with a recording in the application's place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ..cache import Recording, schedule
from ..wire import DIALECTS
from ..wire.errors import ContentBlockedError, GuardError, StreamwardError, UpstreamFailedError
from .answer import Answer
from .caching import CacheSide
from .controls import Controls
from .headers import Headers, acceptable, for_stream
from .inbox import Inbox, Receive
from .keeper import Keeper
from .outbox import Outbox, Send
from .policy import Policy, Scope, Timeouts
from .prompt import guard_prompt, status_of
from .report import Outcome, Report
from .stream import Stream

__all__ = ["App", "Exchange"]

App = Callable[[Scope, Receive, Send], Awaitable[None]]

# How long a cancelled application may take to clean up before the transfer is ended without it.
_GRACE = 5.0


class Exchange:
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
        loop = asyncio.get_running_loop()
        controls = Controls()
        self._clock = loop.time
        self._began = loop.time()
        self._over: asyncio.Future[None] = loop.create_future()
        self._app = app
        self._scope = controls.attach({**scope, "headers": acceptable(scope["headers"])})
        self._route = route
        self._policy = policy
        self._cache = cache
        self._inbox = Inbox(receive)
        self._outbox = Outbox(send)
        self._answer = Answer(
            self,
            path=scope["path"],
            policy=policy,
            controls=controls,
            cache=cache,
            send=send,
            outbox=self._outbox,
        )
        self._replayed: Recording | None = None
        self._keeper: Keeper | None = None
        self._helpers: list[asyncio.Task[None]] = []
        self._keeping: asyncio.Task[None] | None = None
        self._error: StreamwardError | None = None
        self._outcome: Outcome | None = None
        self._left = False
        self._ttft: float | None = None

    async def run(self) -> None:
        """Run the exchange.

        Raises:
            Exception: what the application raised; or, to make the server abort the transfer,
                why a stream that had begun could not be completed.
        """
        self._replayed = await self._cache.look_up(self._inbox)
        recording = self._replayed
        work = self._ask() if recording is None else self._replay(recording)
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task, self._over}, return_when=asyncio.FIRST_COMPLETED)
            await self._conclude(task)
        except asyncio.CancelledError:
            self._outcome = self._outcome or "cancelled"
            raise
        finally:
            await self._stop(task)

    def report(self) -> Report | None:
        """Return what happened, or None when the response was no stream of ours."""
        if not self._outbox.started:
            return None
        stream, recording = self._answer.stream, self._replayed
        pipeline = stream.pipeline if stream else None
        return Report(
            outcome=self._outcome or "failed",
            code=self._error.code if self._error else None,
            route=_template(self._scope) or self._route,
            method=self._scope["method"],
            status=self._answer.status,
            dialect=recording.dialect if recording else pipeline.dialect if pipeline else None,
            cache=self._cache.use,
            not_kept=self._cache.not_kept(self._outcome or "failed"),
            ttft=self._ttft,
            duration=self._clock() - self._began,
            longest_gap=self._keeper.longest_gap if self._keeper else 0.0,
            tokens=pipeline.tokens if pipeline else 0,
            usage=pipeline.usage if pipeline else None,
            frames=len(recording.frames) if recording else pipeline.frames if pipeline else 0,
            bytes_out=self._outbox.bytes_out,
            heartbeats=self._outbox.heartbeats,
            held_peak=pipeline.held_peak if pipeline else 0,
            findings=pipeline.findings if pipeline else {},
            guards_failed=pipeline.guards_failed if pipeline else (),
        )

    # What the answer tells

    @property
    def over(self) -> bool:
        """True once nothing more of the answer is wanted."""
        return self._over.done()

    async def begin(self, headers: Headers, timeouts: Timeouts) -> None:
        """Start the response, the keeper and the watch."""
        await self._outbox.start(self._answer.status, headers)
        self._keeper = Keeper(
            self._outbox,
            timeouts=timeouts,
            interval=self._policy.heartbeat,
            beat=self._beat,
            busy=self._guards_at_work,
            on_timeout=self.end_with,
        )
        self._helpers = [
            asyncio.create_task(self._keeper.run()),
            asyncio.create_task(self._watch()),
        ]

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
        if recorder is not None and self._cache.wants(pipeline, guarded=guarded):
            keeping = self._cache.keep(recorder, self._answer.headers, pipeline.dialect or "")
            self._keeping = asyncio.create_task(keeping)

    def end_with(self, error: StreamwardError) -> None:
        """End the answer with an error; the first one counts."""
        self._error = self._error or error
        self._set_over()

    def leave(self) -> None:
        """Note that the client is gone."""
        if self._left or self._outbox.finished:
            return
        self._left = self._outbox.client_gone = True
        if self._policy.on_leave == "cancel":
            self._set_over()

    def _set_over(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _beat(self) -> bytes:
        if self._replayed is not None:
            name = self._replayed.dialect
            return next((row.heartbeat for row in DIALECTS if row.name == name), b"")
        return self._answer.stream.pipeline.heartbeat() if self._answer.stream else b""

    def _guards_at_work(self) -> bool:
        return self._answer.stream is not None and self._answer.stream.busy

    async def _watch(self) -> None:
        await self._inbox.client_left()
        self.leave()

    # Who gives the answer

    async def _ask(self) -> None:
        policy = self._policy
        if (refusal := self._cache.refusal) is not None:
            await self._answer.refuse(refusal, 504, self._cache.headers())
            return
        if policy.prompt != "pass":
            try:
                self._scope, self._answer.restorer = await guard_prompt(
                    self._inbox,
                    self._scope,
                    policy.prompt,
                    policy.guards or (),
                    policy.limits.request_body,
                    self._answer.actions,
                )
            except GuardError as error:
                await self._answer.refuse(error, status_of(error))
                return
        await self._app(self._scope, self._inbox.receive, self._answer.send)

    async def _replay(self, recording: Recording) -> None:
        self._answer.status = recording.status
        headers = for_stream(recording.headers) + self._cache.hit_headers(recording)
        await self.begin(headers, Timeouts(first_token=None, between_tokens=None))
        began = self._clock()
        for at, data in schedule(recording, self._cache.pace):
            if (wait := began + at - self._clock()) > 0:
                await asyncio.sleep(wait)
            await self._outbox.frames([data])
            self.delivered()
        await self._outbox.finish()

    # How it ends

    async def _conclude(self, task: asyncio.Task[None]) -> None:
        raised = task.exception() if task.done() and not task.cancelled() else None
        if self._answer.refused is not None:
            self._outcome = "failed"
        elif not self._outbox.started or self._outbox.finished:
            self._outcome = "client_left" if self._left else self._outcome or "complete"
            if self._keeping is not None:
                await self._keeping
            if raised is not None:
                raise raised
        elif self._left and self._policy.on_leave == "cancel":
            self._outcome = "client_left"
        else:
            await self._fail(raised)

    async def _fail(self, raised: BaseException | None) -> None:
        """Tell the client in its dialect, then cut the transfer so that every client notices."""
        ours = self._error is not None
        error = self._error or UpstreamFailedError("the application did not finish its answer")
        self._outcome = "failed"
        self._error = error
        if self._outbox.recorder is not None:
            self._outbox.recorder.abandon()
        if (stream := self._answer.stream) is not None:
            pipeline = stream.pipeline
            await self._outbox.frames(await stream.fail(error))
            self._error = error = pipeline.failure or error
            if isinstance(error, ContentBlockedError):
                self._outcome = "blocked"
            if pipeline.ends_properly():
                await self._outbox.finish()
                return
        if raised is not None and not ours:
            raise raised
        raise error

    async def _stop(self, task: asyncio.Task[None]) -> None:
        """Leave nothing running behind; guards that only watch look at the rest."""
        tasks = {task, *self._helpers}
        for one in tasks:
            one.cancel()
        await asyncio.wait(tasks, timeout=_GRACE)
        for one in tasks:
            if one.done() and not one.cancelled():
                one.exception()  # said by `_conclude`, or beside the point by now
        if self._answer.stream is not None:
            await self._answer.stream.settle()


def _template(scope: Scope) -> str | None:
    """Return the route as the framework declares it, without the values in the path."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) else None
