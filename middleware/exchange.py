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
from ..errors import ContentBlockedError, StreamwardError, UpstreamFailedError
from ..wire import DIALECTS, SSE, dumps
from .caching import CacheSide
from .controls import Controls
from .headers import Headers, acceptable, for_stream
from .inbox import Inbox, Message, Receive
from .keeper import Keeper
from .outbox import Outbox, Send
from .policy import Policy, Scope, Timeouts
from .report import Outcome, Report
from .stream import Stream, concerns

__all__ = ["App", "Exchange"]

App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Proxies that wait for a first kilobyte or two pass everything on after it.
_PRELUDE = b":" + b" " * 2045 + b"\n\n"
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
        self._app = app
        self._controls = Controls()
        self._scope = self._controls.attach({**scope, "headers": acceptable(scope["headers"])})
        self._send = send
        self._route = route
        self._policy = policy
        self._cache = cache
        self._inbox = Inbox(receive)
        self._outbox = Outbox(send)
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        self._began = loop.time()
        self._over: asyncio.Future[None] = loop.create_future()
        self._untouched = False
        self._stream: Stream | None = None
        self._replayed: Recording | None = None
        self._keeper: Keeper | None = None
        self._helpers: list[asyncio.Task[None]] = []
        self._error: StreamwardError | None = None
        self._left = False
        self._outcome: Outcome | None = None
        self._status = 200
        self._headers: Headers = []
        self._ttft: float | None = None

    async def run(self) -> None:
        """Run the exchange.

        Raises:
            Exception: what the application raised; or, to make the server abort the transfer,
                why a stream that had begun could not be completed.
        """
        self._replayed = await self._cache.look_up(self._inbox)
        work = self._answer() if self._replayed is None else self._replay(self._replayed)
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
        stream, recording = self._stream, self._replayed
        frames = stream.pipeline.frames if stream else 0
        return Report(
            outcome=self._outcome or "failed",
            code=self._error.code if self._error else None,
            route=_template(self._scope) or self._route,
            method=self._scope["method"],
            status=self._status,
            dialect=recording.dialect if recording else stream and stream.pipeline.dialect,
            cache=self._cache.use,
            ttft=self._ttft,
            duration=self._clock() - self._began,
            longest_gap=self._keeper.longest_gap if self._keeper else 0.0,
            tokens=stream.pipeline.tokens if stream else 0,
            usage=stream.pipeline.usage if stream else None,
            frames=len(recording.frames) if recording else frames,
            bytes_out=self._outbox.bytes_out,
            heartbeats=self._outbox.heartbeats,
            held_peak=stream.pipeline.held_peak if stream else 0,
            findings=stream.pipeline.findings if stream else {},
        )

    # The application's answer

    async def _answer(self) -> None:
        await self._app(self._scope, self._inbox.receive, self._on_message)

    async def _on_message(self, message: Message) -> None:
        if self._untouched:
            await self._send(message)
        elif self._over.done():
            raise OSError("the answer has ended")  # ASGI 2.4: nobody reads any more
        elif message["type"] == "http.response.start":
            await self._on_start(message)
        elif message["type"] == "http.response.body" and self._stream is not None:
            await self._on_body(self._stream, message)
        else:
            await self._send(message)

    async def _on_start(self, message: Message) -> None:
        headers = message.get("headers", ())
        framing = concerns(message["status"], headers) if self._controls.touch else None
        if framing is None:
            self._untouched = True
            await self._send(message)
            return
        self._status = message["status"]
        guards = (self._policy.guards or ()) if self._controls.guard else ()
        try:
            self._stream = Stream(
                framing,
                headers=headers,
                path=self._scope["path"],
                guards=guards,
                limits=self._policy.limits,
            )
        except StreamwardError as error:
            await self._refuse(error)
            return
        self._headers = for_stream(headers)
        if self._controls.record and self._status == 200:
            self._outbox.recorder = self._cache.recorder()
        await self._begin(self._headers + self._cache.headers(), self._policy.timeouts)
        if self._policy.prelude and framing is SSE:
            await self._outbox.prelude(_PRELUDE)

    async def _on_body(self, stream: Stream, message: Message) -> None:
        ended = not message.get("more_body", False)
        async for frames in stream.carry(message.get("body", b""), ended=ended):
            if stream.heard() and self._keeper is not None:
                self._keeper.heard()
            await self._outbox.frames(frames)
            if frames and self._ttft is None and stream.pipeline.tokens:
                self._ttft = self._clock() - self._began
        if stream.failure is not None:
            self._end_with(stream.failure)
            raise OSError("the answer has ended")
        if ended:
            await self._outbox.finish()
        if self._outbox.client_gone:
            self._leave()

    async def _refuse(self, error: StreamwardError) -> None:
        """Answer 502: nothing has been sent yet, so the status can still say it."""
        self._error = error
        self._status = 502
        self._outcome = "failed"
        problem = {"error": {"type": "server_error", "code": error.code}}
        problem["error"]["message"] = error.public_message
        await self._outbox.start(502, [(b"content-type", b"application/json")])
        await self._outbox.frames([dumps(problem)])
        await self._outbox.finish()
        self._set_over()

    # A recording in its place

    async def _replay(self, recording: Recording) -> None:
        self._status = recording.status
        headers = for_stream(recording.headers) + self._cache.hit_headers(recording)
        await self._begin(headers, Timeouts(first_token=None, between_tokens=None))
        began = self._clock()
        for at, data in schedule(recording, self._cache.pace()):
            if (wait := began + at - self._clock()) > 0:
                await asyncio.sleep(wait)
            await self._outbox.frames([data])
            self._ttft = self._ttft or self._clock() - self._began
        await self._outbox.finish()

    # Beginning and end

    async def _begin(self, headers: Headers, timeouts: Timeouts) -> None:
        await self._outbox.start(self._status, headers)
        self._keeper = Keeper(
            self._outbox,
            timeouts=timeouts,
            interval=self._policy.heartbeat,
            beat=self._beat,
            on_timeout=self._end_with,
        )
        self._helpers = [
            asyncio.create_task(self._keeper.run()),
            asyncio.create_task(self._watch()),
        ]

    def _beat(self) -> bytes:
        if self._replayed is not None:
            name = self._replayed.dialect
            return next((row.heartbeat for row in DIALECTS if row.name == name), b"")
        return self._stream.pipeline.heartbeat() if self._stream else b""

    async def _watch(self) -> None:
        await self._inbox.client_left()
        self._leave()

    def _leave(self) -> None:
        if self._left or self._outbox.finished:
            return
        self._left = self._outbox.client_gone = True
        if self._policy.on_leave == "cancel":
            self._set_over()

    def _end_with(self, error: StreamwardError) -> None:
        self._error = self._error or error
        self._set_over()

    def _set_over(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    async def _conclude(self, task: asyncio.Task[None]) -> None:
        raised = task.exception() if task.done() and not task.cancelled() else None
        if self._outcome is not None:
            return
        if not self._outbox.started:
            if raised is not None:
                raise raised
            return
        if self._outbox.finished:
            await self._complete()
            if raised is not None:
                raise raised
        elif self._left and self._policy.on_leave == "cancel":
            self._outcome = "client_left"
        else:
            await self._fail(raised)

    async def _complete(self) -> None:
        """The client has all of it; what remains is to keep it."""
        stream, recorder = self._stream, self._outbox.recorder
        if stream is None:
            self._outcome = "complete"
            return
        complete = stream.pipeline.complete
        self._outcome = "complete" if complete else "incomplete"
        if self._left:
            self._outcome = "client_left"
        if complete and recorder is not None:
            dialect = stream.pipeline.dialect or ""
            await self._cache.keep(recorder, headers=self._headers, dialect=dialect)

    async def _fail(self, raised: BaseException | None) -> None:
        """Tell the client in its dialect, then cut the transfer so that every client notices."""
        ours = self._error is not None
        error = self._error or UpstreamFailedError("the application did not finish its answer")
        self._outcome = "failed"
        self._error = error
        if self._outbox.recorder is not None:
            self._outbox.recorder.abandon()
        if self._stream is not None:
            pipeline = self._stream.pipeline
            await self._outbox.frames(pipeline.fail(error))
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
        """Leave nothing running behind."""
        for helper in self._helpers:
            helper.cancel()
        task.cancel()
        await asyncio.wait({task, *self._helpers}, timeout=_GRACE)
        for done in (task, *self._helpers):
            if done.done() and not done.cancelled():
                done.exception()  # said by `_conclude`, or beside the point by now


def _template(scope: Scope) -> str | None:
    """Return the route as the framework declares it, without the values in the path."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) else None
