"""The application behind the proxies: that of ``tests/support/lockstep.py``, and a paced stream.

``/v1/paced?frames=100&pace=20`` sends a frame every 20 ms; each says when it was sent, in ns on the
monotonic clock that all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

from support import lockstep

__all__ = ["app", "wsgi"]

_PATH = "/v1/paced"


def _frame() -> bytes:
    return f"data: {time.monotonic_ns()}{' token' * 20}\n\n".encode()


def _asked(query: str) -> tuple[int, float]:
    values = parse_qs(query)
    return int(values["frames"][0]), int(values["pace"][0]) / 1000


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] != "http" or scope["path"] != _PATH:
        await lockstep.app(scope, receive, send)
        return
    while (await receive()).get("more_body"):
        pass
    frames, pace = _asked(scope["query_string"].decode())
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(frames):
        await asyncio.sleep(pace)
        await send({"type": "http.response.body", "body": _frame(), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    if environ["PATH_INFO"] != _PATH:
        return lockstep.wsgi(environ, start_response)
    environ["wsgi.input"].read()
    start_response("200 OK", [("content-type", "text/event-stream")])
    return _paced(*_asked(environ["QUERY_STRING"]))


def _paced(frames: int, pace: float) -> Iterator[bytes]:
    for _ in range(frames):
        time.sleep(pace)
        yield _frame()
