"""Frameworks and servers as people run them, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse as FastAPIStreaming
from fastapi.sse import EventSourceResponse as FastAPIEvents
from fastapi.sse import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from support.asking import BROKEN
from support.guard import SECRET, WordGuard
from support.servers import running, served
from support.streams import ScriptedApp

from streamward import Streamward

PIECES = ["My key is ", "S3C", "RET-12", "345 and ", "more."]
CLEAN = ["One ", "two ", "three."]


def fastapi_app(pieces: list[str], *, guarded: bool = True) -> FastAPI:
    app = FastAPI()
    if guarded:
        app.add_middleware(Streamward, guards=[WordGuard()])

    @app.get("/events", response_class=FastAPIEvents)
    async def events() -> AsyncIterator[ServerSentEvent]:
        for piece in pieces:
            yield ServerSentEvent(data={"text": piece})

    @app.get("/lines")
    async def lines() -> AsyncIterator[dict[str, str]]:
        for piece in pieces:
            yield {"text": piece}

    @app.get("/plain")
    async def plain() -> FastAPIStreaming:
        async def generate() -> AsyncIterator[str]:
            for piece in pieces:
                yield piece

        return FastAPIStreaming(generate(), media_type="text/plain")

    return app


def starlette_app(pieces: list[str], *, guarded: bool = True) -> Starlette:
    async def sse(request: Any) -> EventSourceResponse:
        async def generate() -> AsyncIterator[dict[str, str]]:
            for piece in pieces:
                yield {"data": piece}

        return EventSourceResponse(generate())

    async def bare(request: Any) -> StreamingResponse:
        async def generate() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield f"data: {json.dumps({'text': piece})}\n\n".encode()

        return StreamingResponse(generate(), media_type="text/event-stream")

    app = Starlette(routes=[Route("/sse-starlette", sse), Route("/bare", bare)])
    if guarded:
        app.add_middleware(Streamward, guards=[WordGuard()])
    return app


def raw_app(pieces: list[str], *, guarded: bool = True) -> Any:
    frames = [f"data: {json.dumps({'text': piece})}\n\n".encode() for piece in pieces]
    app = ScriptedApp(frames)
    return Streamward(app, guards=[WordGuard()]) if guarded else app


CASES = [
    (fastapi_app, "/events"),
    (fastapi_app, "/lines"),
    (fastapi_app, "/plain"),
    (starlette_app, "/sse-starlette"),
    (starlette_app, "/bare"),
    (raw_app, "/"),
]


def read_text(body: bytes) -> str:
    """Return the text that any of the formats carries, as its client would put it together."""
    if not body.startswith((b"data", b"{")):
        return body.decode()
    lines = [line for line in body.decode().replace("\r\n", "\n").split("\n") if line]
    values = [line.removeprefix("data: ") for line in lines if not line.startswith((":", "event"))]
    return "".join(json.loads(v)["text"] if v.startswith("{") else v for v in values)


@pytest.mark.parametrize("http", ["h11", "httptools"])
@pytest.mark.parametrize(("make", "path"), CASES, ids=[f"{m.__name__}{p}" for m, p in CASES])
def test_a_secret_never_leaves_any_framework(make, path, http):
    with running(make(PIECES), http) as url:
        answer = httpx.get(url + path)

    assert answer.status_code == 200
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    assert SECRET not in answer.text
    assert read_text(answer.content) == "My key is <SECRET> and more."


@pytest.mark.parametrize(("make", "path"), CASES, ids=[f"{m.__name__}{p}" for m, p in CASES])
def test_a_clean_answer_is_identical_in_any_framework(make, path):
    with running(make(CLEAN)) as ours, running(make(CLEAN, guarded=False)) as theirs:
        guarded, bare = httpx.get(ours + path).content, httpx.get(theirs + path).content

    assert guarded == bare
    assert read_text(bare) == "One two three."


# Other servers run as processes of their own

_APP = """
import json
from streamward import Streamward
from support.guard import WordGuard
from support.streams import ScriptedApp

frames = [f"data: {json.dumps({'text': piece})}\\n\\n".encode() for piece in %r]
async def inner(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive(); await send({"type": "lifespan.startup.complete"})
        await receive(); await send({"type": "lifespan.shutdown.complete"})
        return
    script = [frames[0], RuntimeError()] if scope["path"] == "/fail" else frames
    await ScriptedApp(script)(scope, receive, send)
app = Streamward(inner, guards=[WordGuard()])
"""


@pytest.fixture(params=["hypercorn", "granian"], scope="module")
def other_server(request, tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "served.py").write_text(_APP % PIECES)
    with served(request.param, "served:app", folder=folder) as url:
        yield url


def test_a_secret_never_leaves_another_server(other_server):
    answer = httpx.get(other_server + "/")

    assert read_text(answer.content) == "My key is <SECRET> and more."


def test_a_failure_in_the_middle_is_told_by_another_server(other_server):
    """The error event arrives; hypercorn and granian differ in how they end the transfer."""
    received = b""
    with (
        contextlib.suppress(httpx.TransportError),
        httpx.stream("GET", other_server + "/fail") as r,
    ):
        for chunk in r.iter_raw():
            received += chunk

    assert b'"code":"upstream_error"' in received


def test_a_closed_tab_stops_the_application():
    app = ScriptedApp([f for n in range(500) for f in (b"data: x \n\n", 0.01)])
    with running(Streamward(app, guards=[WordGuard()])) as url:
        with httpx.stream("GET", url) as response:
            next(response.iter_raw())
        deadline = time.monotonic() + 5
        while not app.cancelled and time.monotonic() < deadline:
            time.sleep(0.01)

    assert app.cancelled
    assert app.sent < 100


async def test_a_failure_aborts_the_transfer_under_uvicorn():
    app = ScriptedApp([b"data: x \n\n", RuntimeError()])
    with running(Streamward(app, guards=[WordGuard()])) as url:
        async with httpx.AsyncClient() as client, client.stream("GET", url) as response:
            with pytest.raises(BROKEN):
                await asyncio.wait_for(response.aread(), 5)
