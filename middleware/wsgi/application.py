"""The WSGI application, called as the rest of streamward calls applications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from ...cache import Signal
from ..controls import CONTROLS, Controls
from ..headers import Headers
from ..inbox import Receive
from ..outbox import Send
from ..policy import Scope
from ..stream import concerns
from .hands import Hands, OwnHands, ThreadHands
from .request import Request, WSGIApp
from .steps import HandOut

__all__ = ["Application", "Stage", "Untouched"]


class Untouched:
    """What the application returned, to be given to the server as it is.

    Args:
        body: an iterable of bytes.
    """

    def __init__(self, body: Iterable[bytes]) -> None:
        self.body = body


class _Rest:
    """What is left of a body that is not ours."""

    def __init__(self, first: bytes | None, left: Iterator[bytes], hands: Hands, body: Any) -> None:
        self._first = first
        self._left = left
        self._hands = hands
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        piece = self._first
        while piece is not None:
            yield piece
            piece = self._hands.wait_for(lambda: next(self._left, None))

    def close(self) -> None:
        self._hands.close(lambda: close(self._body))


class Stage(Protocol):
    """What the application's place needs of the exchange that it is part of."""

    @property
    def over(self) -> bool:
        """True once nothing more of the answer is wanted."""
        ...

    @property
    def untouched(self) -> bool:
        """True once the response has turned out to be none of ours."""
        ...

    def signal(self) -> Signal:
        """Return what wakes the server's thread."""
        ...

    async def waited(self) -> None:
        """Note that the application has been waited for; end the answer if it was for too long."""
        ...

    def push(self, work: Any) -> None:
        """Do some work, and write at once what it hands out."""
        ...


class Application:
    """Calls the application and gives its answer as messages.

    The first piece is asked for before the response starts: an application that fails before that
    is answered for by its server, and one that is a generator says only then what it responds.

    Args:
        app: the application.
        request: what it is called with.
        stage: the exchange.
        beside: True calls it in a thread of its own.

    Attributes:
        line: the status line that the application gave.
    """

    def __init__(self, app: WSGIApp, request: Request, stage: Stage, *, beside: bool) -> None:
        self._app = app
        self._request = request
        self._stage = stage
        self._headers: Headers = []
        self._started = False
        self._beside = beside
        self._written: list[bytes] = []
        self.line = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call it once."""
        self._send = send
        self._path: str = scope["path"]
        environ = self._request.fit(scope, receive)
        self._controls: Controls = environ[CONTROLS]
        hands = ThreadHands(self._stage.signal()) if self._beside else OwnHands()
        body: Iterable[bytes] = ()
        passed_on = False
        try:
            body = await hands.do(lambda: self._app(environ, self._start_response))
            if self.line and not hands.beside and not self._is_ours():
                await self._start()
                passed_on = True
                await HandOut(Untouched(body))
                return
            if self.line and hands.beside and self._is_ours():
                await self._start()  # from here on the client can be told that it goes on
            left = iter(body)
            piece = await hands.do(lambda: next(left, None))
            await self._start()
            if self._stage.untouched:
                passed_on = True
                await HandOut(Untouched(_Rest(piece, left, hands, body)))
                return
            await self._give(piece, left, hands)
        finally:
            if not passed_on:
                hands.close(lambda: close(body))

    async def _give(self, piece: bytes | None, left: Iterator[bytes], hands: Hands) -> None:
        while piece is not None:
            await self._stage.waited()
            await self._give_written()
            await self._body(piece, more=True)
            if self._stage.over:
                return
            piece = await hands.do(lambda: next(left, None))
        await self._stage.waited()
        await self._give_written()
        await self._body(b"", more=False)

    async def _give_written(self) -> None:
        written, self._written = self._written, []
        for data in written:
            await self._body(data, more=True)

    async def _body(self, body: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def _is_ours(self) -> bool:
        framing = concerns(self._status, self._headers, self._path)
        return self._controls.touch and framing is not None

    @property
    def _status(self) -> int:
        return int(self.line[:3])

    async def _start(self) -> None:
        if not self.line:
            raise RuntimeError("the application did not call start_response")
        if not self._started:
            self._started = True
            start = {"status": self._status, "headers": self._headers}
            await self._send({"type": "http.response.start", **start})

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        try:
            if exc_info and self._started:
                raise exc_info[1].with_traceback(exc_info[2])
        finally:
            exc_info = None  # PEP 3333: no circle of frames
        self.line = status
        self._headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        return self._write

    def _write(self, data: bytes) -> None:
        if self._beside:  # the server's thread sends: at the next piece
            self._written.append(data)
        else:
            self._stage.push(self._begun_with(data))

    async def _begun_with(self, data: bytes) -> None:
        await self._start()
        await self._body(data, more=True)


def close(body: object) -> None:
    """Close what an application returned, if it wants to be."""
    if (closes := getattr(body, "close", None)) is not None:
        closes()
