"""The other end of a probe: an ASGI application that streams numbered frames at a known pace.

It tells what reached it, so that the doctor sees both ends of the way: the version of HTTP, the
names of the headers, how often this very request has come. Values of headers are told for a few
names only, since proxies put secrets into the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from ..errors import ConfigurationError
from ..middleware import opt_out
from ..wire import SSE, dumps
from .wish import Wish

__all__ = ["MARK", "TOLD", "Echo", "EchoDiedError"]

MARK: Final = "streamward-echo"
"""The word by which the doctor knows the first frame of an echo."""

TOLD: Final = ("accept-encoding", "connection", "te", "via", "x-accel-buffering")
"""The request headers whose values are told."""

_REMEMBERED = 1000
_PATIENCE = 5.0
_GUARDED = [(b"cache-control", b"no-store, no-transform"), (b"x-accel-buffering", b"no")]
_TYPE = (b"content-type", b"text/event-stream; charset=utf-8")

_Message = dict[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class EchoDiedError(Exception):
    """The application breaks, because the doctor wished so."""


class Echo:
    """Answers every HTTP request under its path with a stream that the request describes.

    Mount it where your streams are served, so that its answers pass the same hops::

        app.mount("/streamward-doctor", Echo())

    Where `Streamward` stands in front, it takes its answers out: they must leave as they are.

    Args:
        abort: breaks the connection of a request, given its ASGI scope. Without one a request that
            shall die before its answer gets what the server gives for an exception.
    """

    def __init__(self, *, abort: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        self._abort = abort
        self._calls: OrderedDict[str, int] = OrderedDict()

    async def __call__(self, scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        arrived = time.monotonic()
        opt_out(scope)
        try:
            wish = Wish.read(scope["query_string"].decode("latin-1"))
        except ConfigurationError:
            await _answer(send, 400, b"text/plain")
            return
        call = self._count(wish.probe)
        await _read_body(receive)
        if wish.dies_until and (wait := wish.dies_until - time.time()) > 0:
            await asyncio.sleep(min(wait, _PATIENCE))
            self._break(scope)
        headers = [_TYPE, *(_GUARDED if wish.guarded else ())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        seen = {"streamward": MARK, "seen": _seen(scope, call)}
        await _stream(wish, seen, arrived, _Reader(receive), send)

    def _count(self, probe: str) -> int:
        if not probe:
            return 1
        calls = self._calls.pop(probe, 0) + 1
        self._calls[probe] = calls
        if len(self._calls) > _REMEMBERED:
            self._calls.popitem(last=False)
        return calls

    def _break(self, scope: Mapping[str, Any]) -> None:
        if self._abort is not None:
            self._abort(scope)
        raise EchoDiedError


class _Reader:
    """Waits, and notices when the reader has left meanwhile."""

    def __init__(self, receive: _Receive) -> None:
        self._leaving = asyncio.ensure_future(receive())

    async def left_within(self, seconds: float) -> bool:
        await asyncio.wait({self._leaving}, timeout=seconds)
        return self._leaving.done()

    async def close(self) -> None:
        self._leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._leaving


async def _stream(
    wish: Wish, seen: dict[str, Any], arrived: float, reader: _Reader, send: _Send
) -> None:
    pad = secrets.token_hex(wish.size // 2 + 1)[: wish.size]
    try:
        for number in range(wish.frames):
            pause = 0.0 if number == 0 else wish.pace + (wish.silence if number == 1 else 0.0)
            if await reader.left_within(pause):
                return
            if number == wish.dies_at:
                raise EchoDiedError
            frame = {**(seen if number == 0 else {}), "n": number, "pad": pad}
            frame["t"] = round(time.monotonic() - arrived, 6)
            await send(_body(SSE.build(dumps(frame), "")))
        await send(_body(b"data: [DONE]\n\n", more=False))
    finally:
        await reader.close()


def _seen(scope: Mapping[str, Any], call: int) -> dict[str, Any]:
    headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
    return {
        "http": scope.get("http_version", ""),
        "names": sorted({name for name, _ in headers}),
        "values": {name: value for name, value in headers if name in TOLD},
        "call": call,
        "nonce": secrets.token_hex(8),
        "clock": time.time(),
    }


async def _read_body(receive: _Receive) -> None:
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


async def _answer(send: _Send, status: int, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(_body(b"", more=False))


def _body(body: bytes, *, more: bool = True) -> _Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
