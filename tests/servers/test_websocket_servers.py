"""The WebSocket door behind real servers, with real clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import websockets
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from support.guard import SECRET, WordGuard
from support.realtime import response, session, written
from support.servers import free_port, running, wait_for_port

import streamward
from streamward import Report, Streamward
from streamward.guardrails import Block

TOKENS = ["It ", "is S3C", "RET-1", "2345. ", "Bye", "."]
SAFE = "It is <SECRET>. Bye."


class Served:
    """An application whose routes speak as a path says."""

    def __init__(self, guard: WordGuard) -> None:
        self.reports: list[Report] = []
        self.cancelled = threading.Event()
        routes = [
            WebSocketRoute("/words", self.words),
            WebSocketRoute("/v1/realtime", self.realtime),
            WebSocketRoute("/stuck", self.stuck),
            WebSocketRoute("/broken", self.broken),
        ]
        self.app = Streamward(
            Starlette(routes=routes), guards=[guard], on_report=self.reports.append
        )

    async def words(self, socket: WebSocket) -> None:
        await socket.accept()
        async for _ in socket.iter_text():
            for token in TOKENS:
                await socket.send_text(token)

    async def realtime(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(json.dumps(session()))
        async for text in socket.iter_text():
            if json.loads(text)["type"] == "response.create":
                for said in written(response(TOKENS)):
                    await socket.send_text(said)

    async def stuck(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("a ")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def broken(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("a ")
        raise RuntimeError("the model is gone")


@pytest.fixture(params=["websockets-sansio", "wsproto"])
def serve(request) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:

        def start(guard: WordGuard | None = None) -> tuple[Served, str]:
            served = Served(guard or WordGuard())
            url = stack.enter_context(running(served.app, ws=request.param))
            return served, url.removeprefix("http://")

        yield start


async def test_a_conversation_of_several_turns(serve):
    served, host = serve()

    async with asyncio.timeout(20), websockets.connect(f"ws://{host}/words") as client:
        for _ in range(3):
            await client.send("go on")
            said = ""
            while len(said) < len(SAFE):
                said += str(await client.recv())
            assert said == SAFE

    await until(lambda: served.reports)
    assert served.reports[0].route == "/words"
    assert served.reports[0].findings == {"words.SECRET.edit": 3}


async def test_the_official_client_of_realtime_gets_an_edited_session(serve):
    served, host = serve()
    client = openai.AsyncOpenAI(api_key="key", websocket_base_url=f"ws://{host}/v1")

    async with asyncio.timeout(20), client.realtime.connect(model="m") as connection:
        await connection.response.create()
        said, done = "", None
        async for event in connection:
            if event.type == "response.output_text.delta":
                said += event.delta
            if event.type == "response.done":
                done = event
                break
    await client.close()

    assert said == SAFE
    assert done.response.output[0].content[0].text == SAFE
    await until(lambda: served.reports)
    assert (served.reports[0].dialect, served.reports[0].outcome) == ("openai_realtime", "complete")


async def test_the_official_client_of_realtime_gets_a_block_as_its_error_event(serve):
    _, host = serve(WordGuard(Block()))
    client = openai.AsyncOpenAI(api_key="key", websocket_base_url=f"ws://{host}/v1")

    async with asyncio.timeout(20), client.realtime.connect(model="m") as connection:
        await connection.response.create()
        events, closed = await drained(connection)
    await client.close()

    assert events[-1].type == "error"
    assert events[-1].error.code == "content_blocked"
    assert not any(SECRET in event.model_dump_json() for event in events)
    assert (closed.code, closed.reason) == (1008, "content_blocked")


async def test_a_failure_closes_with_1011(serve):
    _, host = serve()

    async with asyncio.timeout(20), websockets.connect(f"ws://{host}/broken") as client:
        said, closed = await drained(client)

    assert json.loads(said[-1])["error"]["code"] == "upstream_error"
    assert closed.code == 1011


async def test_a_client_that_leaves_cancels_the_application(serve):
    served, host = serve()

    async with websockets.connect(f"ws://{host}/stuck") as client:
        await client.recv()

    await until(served.cancelled.is_set)
    await until(lambda: served.reports)
    assert served.reports[0].outcome == "client_left"


_APP = """
import asyncio
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from streamward import Streamward
from support.guard import WordGuard

async def words(socket):
    await socket.accept()
    async for _ in socket.iter_text():
        for token in %r:
            await socket.send_text(token)

async def broken(socket):
    await socket.accept()
    await socket.send_text("a ")
    raise RuntimeError("the model is gone")

async def leaving(socket):
    await socket.accept()
    await socket.send_text("a ")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        open("cancelled", "w").close()
        raise

routes = [
    WebSocketRoute("/words", words),
    WebSocketRoute("/broken", broken),
    WebSocketRoute("/leaving", leaving),
]
app = Streamward(Starlette(routes=routes), guards=[WordGuard()])
"""


@pytest.fixture(params=["hypercorn", "granian"], scope="module")
def other(request, tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """Yield the host of another server, and the folder that it runs in."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "served.py").write_text(_APP % TOKENS)
    port = free_port()
    binary = str(Path(sys.executable).parent / request.param)
    where = {
        "hypercorn": ["--bind", f"127.0.0.1:{port}"],
        "granian": ["--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)],
    }
    source = Path(streamward.__file__).parents[1]
    paths = os.pathsep.join(map(str, (source, Path(__file__).parents[1], folder)))
    process = subprocess.Popen(
        [binary, "served:app", *where[request.param]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, 30)
        yield f"127.0.0.1:{port}", folder
    finally:
        process.terminate()
        process.wait(15)


async def test_a_conversation_behind_another_server(other):
    host, _ = other

    async with asyncio.timeout(20), websockets.connect(f"ws://{host}/words") as client:
        for _ in range(2):
            await client.send("go on")
            said = ""
            while len(said) < len(SAFE):
                said += str(await client.recv())
            assert said == SAFE


async def test_a_failure_behind_another_server(other):
    host, _ = other

    async with asyncio.timeout(20), websockets.connect(f"ws://{host}/broken") as client:
        said, closed = await drained(client)

    assert json.loads(said[-1])["error"]["code"] == "upstream_error"
    assert closed.code == 1011


async def test_a_client_that_leaves_another_server_cancels_the_application(other):
    host, folder = other

    async with asyncio.timeout(20), websockets.connect(f"ws://{host}/leaving") as client:
        await client.recv()

    await until((folder / "cancelled").exists)


async def drained(connection: Any) -> tuple[list[Any], Any]:
    """Return what still comes, and the close frame."""
    got: list[Any] = []
    try:
        while True:
            got.append(await connection.recv())
    except websockets.ConnectionClosedError as error:
        return got, error.rcvd


async def until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - the server has a thread and a loop of its own
            await asyncio.sleep(0.01)
