"""A Redis of the benchmark's own, answers to keep in it, and figures of a run."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from typing import Any

from bench.cache_size import chunk
from bench.texts import prose, tokens

TOKENS = 500
SECRET = bytes(range(32))


def frames(count: int = TOKENS) -> list[bytes]:
    """Return the frames of an answer of so many tokens, as OpenAI sends them."""
    source = random.Random(7)
    words = tokens(prose(count))[:count]
    said = [chunk(word, source, obfuscated=False) for word in words]
    last = chunk("", source, obfuscated=False).replace(
        b'"finish_reason":null', b'"finish_reason":"stop"'
    )
    return [*said, last, b"data: [DONE]\n\n"]


@contextlib.contextmanager
def redis() -> Generator[str]:
    """Run a redis-server on a free port of the loopback; yield its URL.

    Raises:
        RuntimeError: it is not installed, or does not start.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise RuntimeError("redis-server is not installed")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--port", str(port), "--save", "", "--dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(10)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError("redis-server did not start")


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the 99th of a hundred."""
    ordered = sorted(values)
    return {"p50": statistics.median(ordered), "p99": ordered[int(len(ordered) * 0.99)]}


async def ask(app: Any, send: Any, *, query: str = "") -> None:
    """Ask an ASGI application one question, as a client that stays to the end."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "raw_path": b"/v1/chat/completions",
        "query_string": query.encode(),
        "headers": [(b"authorization", b"Bearer x"), (b"content-type", b"application/json")],
    }
    waiting = [{"type": "http.request", "body": b'{"messages": []}', "more_body": False}]
    never = asyncio.Event()

    async def receive() -> Any:
        if not waiting:
            await never.wait()
        return waiting.pop()

    await app(scope, receive, send)


def scripted(body: Sequence[bytes], gap: float = 0.0) -> Any:
    """Return an application that sends these frames, so many seconds apart."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for frame in body:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
            await asyncio.sleep(gap)  # as from a model: one token, then somebody else's turn
        await send({"type": "http.response.body", "body": b""})

    return app


async def swallow(message: Any) -> None:
    """Take what an ASGI application sends, at no cost."""
    del message
