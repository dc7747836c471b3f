"""One WebSocket connection: everything that lasts as long as it does.

Strategy: as for an exchange. The application runs in a task of its own, and what it sends is
carried through its direction inside its own call of ``send``: no queue, so a slow client slows it.
What the client sends is read a little ahead, because nobody else would notice that it has left.

Text of the server's is joined over its messages. It is decided where a dialect says that it has
ended, when the application closes, and when its turn is over: when it has said something and then
waits for the client. That tells nothing of an application that waits all the time, beside what it
says; its turns end by silence, if the policy says so. What the client says is decided message by
message.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any, Final

from ...wire.errors import StreamwardError, UpstreamFailedError
from ..controls import Controls
from ..conversation import Conversation
from ..inbox import Message, Receive
from ..outbox import Send
from ..policy import Policy, Scope, Sockets
from ..report import Outcome, Report, report_on
from ..sources import App
from .closing import close_code, is_block, of_client
from .direction import Direction
from .inbox import SocketInbox

__all__ = ["Connection"]

# How long an application that waits for the client may take to end once that has left, and how long
# a cancelled one may take to clean up.
_GRACE: Final = 5.0
_GONE = "the connection has ended"


class Connection:
    """Carries one connection from its handshake to its report.

    Args:
        app: the application.
        scope: its ASGI scope.
        receive: the server's ``receive``.
        send: the server's ``send``.
        route: the pattern whose policy this is.
        policy: the rules, with the guards filled in.
    """

    def __init__(
        self, app: App, scope: Scope, receive: Receive, send: Send, *, route: str, policy: Policy
    ) -> None:
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        self._began = loop.time()
        self._over: asyncio.Future[None] = loop.create_future()
        self._app = app
        self._controls = Controls()
        self._scope = self._controls.attach(scope)
        self._send = send
        self._route = route
        self._policy = policy
        self._inbox = SocketInbox(receive, self._client_left)
        self._lock = asyncio.Lock()
        path = scope["path"]
        guards = policy.guards or ()
        self._rules = policy.sockets or Sockets()
        self._guards = guards if self._rules.guard != "client" else ()
        asked = guards if self._rules.guard != "server" else ()
        self._client = Direction("websocket.receive", path, policy, asked) if asked else None
        self._server: Direction | None = None
        self._accepted = self._closed = self._left = False
        self._talk = Conversation()
        self._error: StreamwardError | None = None
        self._outcome: Outcome | None = None
        self._ttft: float | None = None
        self._bytes_out = 0
        self._said_at = self._began

    async def run(self) -> None:
        """Run the connection.

        Raises:
            Exception: what the application raised.
        """
        task = asyncio.create_task(self._ask())
        helpers = [asyncio.create_task(self._inbox.run())]
        if self._rules.turn is not None:
            helpers.append(asyncio.create_task(self._mind_silence(self._rules.turn)))
        try:
            await asyncio.wait({task, self._over}, return_when=asyncio.FIRST_COMPLETED)
            if self._left and self._talk.waiting:  # it hears so itself
                await asyncio.wait({task}, timeout=_GRACE)
            await self._conclude(task)
        except asyncio.CancelledError:
            self._outcome = self._outcome or "cancelled"
            raise
        finally:
            await self._stop(task, *helpers)

    def report(self) -> Report | None:
        """Return what happened, or None when the connection was not accepted, or not ours."""
        if not self._accepted or not self._controls.touch:
            return None
        server, client = self._server, self._client
        report = report_on(server.stream.pipeline if server else None)
        both = [one for one in (server, client) if one is not None]
        findings = sum((Counter(one.findings) for one in both), Counter[str]())
        failed = {name for one in both for name in one.stream.pipeline.guards_failed}
        return replace(
            report,
            outcome=self._outcome or "failed",
            code=self._error.code if self._error else None,
            route=getattr(self._scope.get("route"), "path", None) or self._route,
            method="GET",
            status=101,
            ttft=self._ttft,
            duration=self._clock() - self._began,
            bytes_out=self._bytes_out,
            findings=dict(sorted(findings.items())),
            guards_failed=tuple(sorted(failed)),
        )

    # What the application hears

    async def _ask(self) -> None:
        await self._app(self._scope, self._receive, self._take)

    async def _receive(self) -> Message:
        if self._talk.turn_is_over():
            await self._end_turn()
        self._talk.waiting = True
        try:
            while True:
                message = await self._inbox.next()
                if self._client is None or message["type"] != "websocket.receive":
                    return message
                if (heard := await self._heard(self._client, message)) is not None:
                    return heard
        finally:
            self._talk.waiting = False

    async def _heard(self, client: Direction, message: Message) -> Message | None:
        """Return what the application gets of a message; None: nothing."""
        leaving = await client.carry(message)
        if client.failure is None:
            leaving += await client.pause()
        if client.failure is None:
            return leaving[0] if leaving else None
        self._end_with(of_client(client.failure))
        await asyncio.Event().wait()  # until the application is cancelled
        return None

    async def _end_turn(self) -> None:
        async with self._lock:
            self._talk.spoke = False
            if self._server is not None and not self._over.done():
                await self._pass(await self._server.pause())
                self._check(self._server)

    async def _mind_silence(self, seconds: float) -> None:
        while True:
            since = self._clock() - self._said_at if self._talk.spoke else 0.0
            if since < seconds:
                await asyncio.sleep(seconds - since)
            else:
                await self._end_turn()

    # What the application says

    async def _take(self, message: Message) -> None:
        if self._accepted:
            self._talk.interrupts()
        async with self._lock:
            if self._over.done():
                raise OSError(_GONE)
            if not self._controls.touch:
                await self._send(message)
            elif message["type"] == "websocket.send":
                await self._say(message)
            elif message["type"] == "websocket.close":
                await self._close(message)
            else:
                self._accepted = self._accepted or message["type"] == "websocket.accept"
                await self._send(message)
        if self._over.done():  # ASGI 2.4: `send` raises OSError once nobody reads any more
            raise OSError(_GONE)

    async def _say(self, message: Message) -> None:
        if self._server is None:
            self._server = self._opened()
        server, self._said_at = self._server, self._clock()
        self._talk.speaks()
        await self._pass(await server.carry(message))
        if self._rules.messages == "whole":
            await self._pass(await server.pause())
        if self._ttft is None and server.stream.pipeline.delivered:
            self._ttft = self._clock() - self._began
        self._check(server)

    def _opened(self) -> Direction:
        guards = self._guards if self._controls.guard else ()
        return Direction("websocket.send", self._scope["path"], self._policy, guards)

    async def _close(self, message: Message) -> None:
        await self._finish()
        if not self._over.done():
            await self._shut(message)

    async def _shut(self, close: Message) -> None:
        self._closed = True
        await self._inbox.close(close.get("code", 1000), close.get("reason") or "")
        await self._deliver(close)

    async def _finish(self) -> None:
        if self._server is not None and self._server.failure is None:
            await self._pass(await self._server.finish())
            self._check(self._server)

    async def _pass(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            said: str | bytes = message["text"] if "text" in message else message["bytes"]
            self._bytes_out += len(said if isinstance(said, bytes) else said.encode())
            await self._deliver(message)

    async def _deliver(self, message: Message) -> None:
        if not self._left:
            try:
                await self._send(message)
            except OSError:  # ASGI 2.4: the client has left
                self._client_left()

    def _check(self, direction: Direction) -> None:
        if direction.failure is not None:
            self._end_with(direction.failure)

    # How it ends

    def _end_with(self, error: StreamwardError) -> None:
        self._error = self._error or error
        self._set_over()

    def _client_left(self) -> None:
        if self._left or self._closed:
            return
        self._left = True
        # In the middle of an answer it is the client that ended it; else the answers are whole.
        self._outcome = self._ended() if self._talk.waiting else "client_left"
        if self._policy.on_leave == "cancel":
            self._set_over()

    def _set_over(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _ended(self) -> Outcome:
        complete = self._server is not None and self._server.stream.pipeline.complete
        return "complete" if complete else "incomplete"

    async def _conclude(self, task: asyncio.Task[None]) -> None:
        raised = task.exception() if task.done() and not task.cancelled() else None
        ours = self._error is not None
        if task.done() and raised is None and not self._closed and not self._left:
            async with self._lock:
                await self._finish()
        settled = not self._accepted or self._closed or self._left
        if self._error is not None and not settled:
            await self._fail(self._error)
        elif raised is not None and not settled:
            self._error = UpstreamFailedError("the application failed")
            await self._fail(self._error)
        self._outcome = self._outcome or self._ended()
        if raised is not None and not ours:
            raise raised

    async def _fail(self, error: StreamwardError) -> None:
        """Say what may still be said, then why, in the dialect; then close with a fitting code."""
        self._outcome = "blocked" if is_block(error) else "failed"
        code = close_code(error)
        async with self._lock:
            if (server := self._server) is not None:
                await self._pass(await server.fail(error))
                await self._pass(server.last_words())
            await self._shut({"type": "websocket.close", "code": code, "reason": error.code})

    async def _stop(self, *tasks: asyncio.Task[None]) -> None:
        """Leave nothing running behind; guards that only watch look at the rest."""
        for one in tasks:
            one.cancel()
        await asyncio.wait(tasks, timeout=_GRACE)
        for one in tasks:
            if one.done() and not one.cancelled():
                one.exception()  # said by `_conclude`, or beside the point by now
        for direction in (self._client, self._server):
            if direction is not None:
                await direction.stream.settle()
