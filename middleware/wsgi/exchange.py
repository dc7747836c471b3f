"""One request and its response under WSGI, in the thread that the server gave."""

from __future__ import annotations

import math
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from traceback import print_exception
from typing import Any

from ...cache import Signal
from ...wire.errors import StreamwardError
from ..caching import CacheSide
from ..exchange import Exchange
from ..inbox import Message
from ..keeper import Keeper
from ..leaving import Solitude
from ..policy import Policy
from .application import Application, Untouched
from .body import Body
from .request import Request, StartResponse, WSGIApp, status_line, texts
from .steps import HandOut, Steps, run

__all__ = ["WSGIExchange"]


class _OverError(BaseException):
    """Ends what is under way, as a cancellation does where there are tasks."""


@dataclass(frozen=True, slots=True)
class _Out:
    """A message for the server."""

    message: Message


class WSGIExchange(Exchange):
    """Carries one exchange. The rules are those of :class:`Exchange`; here, nothing runs beside.

    Args:
        app: the application.
        request: the request.
        start_response: the server's.
        route: the pattern whose policy this is.
        policy: the rules, with the guards filled in.
        cache: the cache's part in this exchange.
        beside: True calls the application in a thread of its own.
        on_end: called once it is over.
    """

    _sends_beside = False

    def __init__(
        self,
        app: WSGIApp,
        request: Request,
        start_response: StartResponse,
        *,
        route: str,
        policy: Policy,
        cache: CacheSide,
        beside: bool,
        on_end: Callable[[Exchange], None],
    ) -> None:
        self._application = Application(app, request, self, beside=beside)
        super().__init__(
            self._application,
            request.scope,
            request.receive,
            self._hand_out,
            route=route,
            policy=policy,
            cache=cache,
        )
        self._start_response = start_response
        self._log = request.log
        self._on_end = on_end
        self._woken = threading.Event()
        self._solitude: Solitude | None = None
        self._look_at = 0.0
        self._ended = False
        self._handing: tuple[float, bytes] | None = None
        self._steps = Steps(self._run_here())

    # What the server calls

    def answer(self) -> Iterable[bytes]:
        """Call the application; return what the server iterates over."""
        thing = self._steps.next()
        if isinstance(thing, _Out) and thing.message["type"] == "http.response.start":
            self._respond(thing.message)
            if not self.untouched:
                return Body(self, b"")  # most servers send the headers with it
            thing = self._steps.next()
        if isinstance(thing, Untouched):
            self._steps.next()
            return thing.body
        return Body(self, self._chunk_of(thing))

    def chunk(self) -> bytes | None:
        """Go on; return the next bytes for the client, or None at their end.

        Raises:
            Exception: why the answer could not be completed; it makes the server cut the transfer.
        """
        while not self._ended:
            if (body := self._chunk_of(self._steps.next())) is None:
                self._ended = True
            elif body:
                return body
        return None

    def close(self) -> None:
        """Finish, once all was sent; before that, the client has left."""
        if self._ended:
            self._finish(self._steps.next())
            return
        self._ended = True
        self.leave()
        try:
            self._finish(self._steps.throw(_OverError() if self.over else OSError("left")))
        except StreamwardError:
            return  # there is no transfer to cut

    def _finish(self, thing: object | None) -> None:
        while thing is not None:
            thing = self._steps.next()

    def _respond(self, message: Message) -> Callable[[bytes], object]:
        status = message["status"]
        own = self._application.line
        line = own if own.startswith(f"{status} ") else status_line(status)
        return self._start_response(line, texts(message["headers"]))

    def _chunk_of(self, thing: object | None) -> bytes | None:
        if not isinstance(thing, _Out) or not thing.message.get("more_body", False):
            return None
        body: bytes = thing.message["body"]
        return body

    # What the application's place calls

    @property
    def untouched(self) -> bool:
        """True once the response has turned out to be none of ours."""
        return self._answer.untouched

    async def waited(self) -> None:
        """Note that the application was waited for; end the answer if it was for too long."""
        if self._keeper is not None:
            self._keeper.check()
        await self._hand_over_if_due()

    def push(self, work: Coroutine[Any, Any, None]) -> None:
        """Do some work, and write at once what it hands out (PEP 3333: ``write``)."""
        steps = Steps(work)
        while (thing := steps.next()) is not None:
            if isinstance(thing, _Out) and thing.message["type"] == "http.response.start":
                self._write = self._respond(thing.message)
            elif body := self._chunk_of(thing):
                self._write(body)

    async def _hand_out(self, message: Message) -> None:
        began = self._clock()
        try:
            await HandOut(_Out(message))
        finally:
            if self._keeper is not None:
                self._keeper.forgive(self._clock() - began)

    # How it runs

    async def _fail(self, raised: BaseException | None) -> None:
        """Tell the client; where that ends the answer, raise nothing: some servers would cut it."""
        try:
            await super()._fail(raised)
        except Exception as error:
            if not self._outbox.finished:
                raise
            print_exception(error, file=self._log)

    async def _run_here(self) -> None:
        try:
            await self._conclude(await self._give())
        except BaseException:
            self._outcome = self._outcome or "cancelled"
            raise
        finally:
            await self._cache.release()
            if self._answer.stream is not None:
                await self._answer.stream.settle()
            self._on_end(self)

    async def _give(self) -> Exception | None:
        try:
            await self._source.give(await self._cache.look_up(self._inbox))
        except _OverError:
            return None
        except Exception as error:  # noqa: BLE001 - raised by `_conclude`, when the client was told
            return error
        return None

    def leave(self) -> None:
        """Note that the client is gone; asked again at each piece, while the answer goes on."""
        if self._outbox.finished or self.over:
            return
        self._left = self._outbox.client_gone = True
        if self._cache.use in ("joined", "hit"):
            self._give_up()  # who gives the answer goes on
        elif self._policy.on_leave != "finish" and self._is_alone() and self._decide():
            self._look_at = math.inf

    def _is_alone(self) -> bool:
        if self._solitude is None:
            self._solitude = Solitude(self._cache.lease, self._policy.grace or 0.0)
        if self._clock() < self._look_at:
            return False
        rest = run(self._solitude.rest())
        self._look_at = self._clock() + rest
        return rest <= 0

    def watch(self) -> None:
        """Do nothing: that the client leaves is noticed when something is sent to it."""

    def _keep_time(self, keeper: Keeper) -> None:
        del keeper  # it is asked whenever this thread waits

    def _plan_hand_over(self, seconds: float, last: bytes) -> None:
        self._handing = self._clock() + seconds, last

    async def _hand_over_if_due(self) -> None:
        if self._handing is not None and self._clock() >= self._handing[0]:
            last, self._handing = self._handing[1], None
            if not self._left:
                await self._hand_over(last)

    def _beside(self, work: Coroutine[Any, Any, None]) -> Awaitable[None]:
        return work  # done when the server has sent all

    def _set_over(self) -> None:
        super()._set_over()
        self._woken.set()

    def swallow(self) -> None:
        """Refuse a message that comes after the end: this closes the application's iterable.

        Raises:
            OSError: always.
        """
        raise OSError("the answer has ended")

    # Waiting

    def signal(self) -> Signal:
        """Return what wakes this thread."""
        return _Waking(self._woken, self._wait)

    def from_anywhere(self, work: Callable[[], None]) -> Callable[[], None]:
        """Return the work itself: it sets a flag, and wakes this thread."""
        return work

    async def pause(self, seconds: float) -> None:
        """Wait so long; the client gets signs of life meanwhile."""
        end = self._clock() + seconds
        self._woken.clear()
        while (rest := end - self._clock()) > 0:
            await self._wait(rest)

    async def _wait(self, seconds: float | None = None) -> None:
        """Wait until woken, or for so long; keep time meanwhile."""
        while not self.over:
            due = self._keeper.next() if self._keeper else None
            handing = self._handing[0] - self._clock() if self._handing else None
            times = [time for time in (due, handing, seconds) if time is not None]
            if self._woken.wait(max(0.0, min(times)) if times else None):
                break
            if self._keeper is not None and not self._keeper.check():
                await self._hand_over_if_due()
                await self._keeper.beat_if_due()
            if seconds is not None:
                break
        if self.over:
            raise _OverError


@dataclass(frozen=True, slots=True)
class _Waking:
    """Wakes the thread of an exchange."""

    woken: threading.Event
    sleep: Callable[[float | None], Awaitable[None]]

    def set(self) -> None:
        """Wake it."""
        self.woken.set()

    def clear(self) -> None:
        """Let it sleep."""
        self.woken.clear()

    async def wait(self, seconds: float | None = None) -> None:
        """Sleep until woken, or for so long."""
        await self.sleep(seconds)
