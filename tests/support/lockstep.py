"""An application that sends a frame only after the test has seen the one before.

So a frame that is held on the way is a test that stands still, whatever the machine's speed. The
module runs in the server's process: ``support.lockstep:app`` is the ASGI application, ``:wsgi`` the
WSGI one. The test steers a stream past the proxy, with :class:`support.asking.Remote`.

A stream is named by the header ``x-stream``, so that two users can ask for the same URL. What it is
like, the query says: the fields of :class:`Script`.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs

__all__ = ["Stream", "app", "frame", "wsgi"]


@dataclass
class Stream:
    """What the application knows of one stream.

    Attributes:
        asked: how often it was asked for.
        allowed: how many frames it may send.
        sent: how many it did.
        ended: whether it sent the end.
        left: whether it was told that its client is gone.
        headers: of the last request.
        client: address and port that the last request came from; None in WSGI.
    """

    asked: int = 0
    allowed: int = 1
    sent: int = 0
    ended: bool = False
    left: bool = False
    headers: dict[str, str] = field(default_factory=dict[str, str])
    client: list[Any] | None = None


@dataclass(frozen=True)
class Script:
    """What a query asks for.

    Attributes:
        frames: how many.
        size: how many bytes are added to each.
        breaks: before which frame the application raises; -1: before none.
        late: 1: the first frame too waits until it is allowed.
        pace: milliseconds to wait before each frame.
        marked: 1: ``X-Accel-Buffering: no`` is among the headers.
        reads: 1: it reads the prompt before it answers, as those do that need it (ASGI).
    """

    frames: int = 10
    size: int = 0
    breaks: int = -1
    late: int = 0
    pace: int = 0
    marked: int = 0
    reads: int = 0

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers of the answer."""
        kind = ("content-type", "text/event-stream")
        return [kind, ("x-accel-buffering", "no")] if self.marked else [kind]

    def steps(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Return each frame after how many must be allowed before it; the end is empty."""
        for number in range(self.frames):
            if number == self.breaks:
                raise RuntimeError("the application breaks, as it was told")
            yield number + 1 + self.late, frame(name, number, self.size)
        yield self.frames + 1 + self.late, b""


_streams: dict[str, Stream] = defaultdict(Stream)
_changed = threading.Condition()


def frame(name: str, number: int, size: int = 0) -> bytes:
    """Return one frame of a stream; ``size`` bytes are added to it."""
    return f"data: {name} {number} {'x' * size}\n\n".encode()


def _script(query: str) -> Script:
    return Script(**{key: int(value[0]) for key, value in parse_qs(query).items()})


def _steered(path: str) -> bool:
    return path.startswith("/allow") or path == "/seen"


def _steer(path: str, name: str) -> bytes:
    with _changed:
        stream = _streams[name]
        if path == "/allow":
            stream.allowed += 1
        elif path == "/allow-all":
            stream.allowed = 1_000_000
        _changed.notify_all()
        return json.dumps(asdict(stream)).encode()


def _asked(name: str, headers: dict[str, str], client: Any) -> Stream:
    with _changed:
        stream = _streams[name]
        stream.asked += 1
        stream.headers = headers
        stream.client = client
        return stream


# ASGI


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    headers = {key.decode(): value.decode() for key, value in scope["headers"]}
    name = headers.get("x-stream", "")
    if _steered(scope["path"]):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": _steer(scope["path"], name)})
        return
    stream = _asked(name, headers, scope["client"])
    script = _script(scope["query_string"].decode())
    if scope["type"] == "websocket":
        await _websocket(stream, script, name, receive, send)
        return
    while script.reads and (await receive()).get("more_body"):
        pass
    speaking = asyncio.ensure_future(_speak(stream, script, name, send))
    leaving = asyncio.ensure_future(_leave(receive))
    await asyncio.wait({speaking, leaving}, return_when=asyncio.FIRST_COMPLETED)
    if not speaking.done():
        stream.left = True
    for task in (speaking, leaving):
        task.cancel()
    await asyncio.wait({speaking, leaving})
    if not speaking.cancelled():
        speaking.result()


async def _lifespan(receive: Any, send: Any) -> None:
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})


async def _leave(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _speak(stream: Stream, script: Script, name: str, send: Any) -> None:
    headers = [(key.encode(), value.encode()) for key, value in script.headers]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for needed, body in script.steps(name):
        await _until_allowed(stream, needed)
        await asyncio.sleep(script.pace / 1000)
        await send({"type": "http.response.body", "body": body, "more_body": bool(body)})
        stream.sent += 1
    stream.ended = True


async def _websocket(stream: Stream, script: Script, name: str, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    for needed, body in script.steps(name):
        await _until_allowed(stream, needed)
        if body:
            await send({"type": "websocket.send", "bytes": body})
    await send({"type": "websocket.close"})


async def _until_allowed(stream: Stream, needed: int) -> None:
    while stream.allowed < needed:  # noqa: ASYNC110  # threads, as WSGI has them, know no events
        await asyncio.sleep(0.002)


# WSGI


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    name, path = environ.get("HTTP_X_STREAM", ""), environ["PATH_INFO"]
    if _steered(path):
        start_response("200 OK", [("content-type", "application/json")])
        return [_steer(path, name)]
    environ["wsgi.input"].read()
    headers = {k[5:].lower().replace("_", "-"): v for k, v in environ.items() if k[:5] == "HTTP_"}
    stream = _asked(name, headers, None)
    script = _script(environ.get("QUERY_STRING", ""))
    start_response("200 OK", script.headers)
    return _generate(stream, script, name)


def _generate(stream: Stream, script: Script, name: str) -> Iterator[bytes]:
    try:
        for needed, body in script.steps(name):
            with _changed:
                while stream.allowed < needed:
                    _changed.wait()
            time.sleep(script.pace / 1000)
            if body:
                yield body
                stream.sent += 1
    except GeneratorExit:
        stream.left = True
        raise
    stream.ended = True
