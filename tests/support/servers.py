"""Real servers on free loopback ports, for as long as a test needs them.

:func:`running` serves an application of the test's own process; :func:`served` starts one of
:data:`COMMANDS` as people run it, with an application that it imports.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Literal

import uvicorn

Http = Literal["h11", "httptools"]
Ws = Literal["auto", "websockets-sansio", "wsproto"]

_TESTS = Path(__file__).parent.parent

# How each server is told what to serve, and where: those that proxies are tried before.
SERVERS = {
    "uvicorn-h11": "uvicorn {app} --http h11 --host 127.0.0.1 --port {port}",
    "uvicorn-httptools": "uvicorn {app} --http httptools --host 127.0.0.1 --port {port}",
    "hypercorn": "hypercorn {app} --bind 127.0.0.1:{port}",
    "granian": "granian {app} --interface asgi --host 127.0.0.1 --port {port}",
    "gunicorn-uvicorn": "gunicorn {app} -k uvicorn_worker.UvicornWorker --bind 127.0.0.1:{port}",
    "gunicorn-wsgi": "gunicorn {app} -k gthread --threads 8 --bind 127.0.0.1:{port}",
    "granian-wsgi": "granian {app} --interface wsgi --blocking-threads 8 --host 127.0.0.1 --port {port}",
}

COMMANDS = {
    **SERVERS,
    "daphne": "daphne {app} -b 127.0.0.1 -p {port} --application-close-timeout 1",
    "uvicorn-http2": "uvicorn {app} --http zttp --http2 --host 127.0.0.1 --port {port}",
    "granian-http2": "granian {app} --interface asgi --http 2 --host 127.0.0.1 --port {port}",
    "gunicorn-gevent-wsgi": "gunicorn {app} -k gevent --bind 127.0.0.1:{port}",
    "waitress-wsgi": "waitress-serve --threads 8 --listen 127.0.0.1:{port} {app}",
}


@contextlib.contextmanager
def served(
    server: str,
    app: str,
    *options: str,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Generator[str]:
    """Run one of :data:`COMMANDS` as a process; yield its base URL once it answers.

    Args:
        server: its key.
        app: as ``module:name``, from ``tests`` or from the folder.
        options: further ones of the server's.
        folder: where the server runs.
        env: further variables of its environment.

    Raises:
        RuntimeError: the server ended before it listened.
    """
    port = free_port()
    name, *arguments = COMMANDS[server].format(app=app, port=port).split()
    command = [str(Path(sys.executable).parent / name), *arguments, *options]
    paths = [str(_TESTS), str(folder or _TESTS), os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={
            **os.environ,
            **(env or {}),
            "PYTHONPATH": os.pathsep.join(filter(None, map(_absolute, paths))),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not wait_for_port(port, 0.5):
            if process.poll() is not None:
                raise RuntimeError(f"{server} did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:  # it waits for streams that a test left open
            process.kill()
            process.wait()


def _absolute(paths: str) -> str:
    return os.pathsep.join(str(Path(one).resolve()) for one in paths.split(os.pathsep) if one)


@contextlib.contextmanager
def running(
    app: Any,
    http: Http = "h11",
    ws: Ws = "auto",
    *,
    lifespan: Literal["off", "on"] = "off",
    proxy_headers: bool = True,
) -> Generator[str]:
    """Serve an ASGI app with uvicorn in a thread; yield its base URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            http=http,
            ws=ws,
            log_level="critical",
            lifespan=lifespan,
            proxy_headers=proxy_headers,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait(lambda: server.started, thread)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(10)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def free_udp_port() -> int:
    """Return a UDP port of this machine that nobody listens on."""
    with socket.socket(type=socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_port(port: int, seconds: float = 20.0) -> bool:
    """Return whether somebody listens on a port, at once when somebody does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.02)
    return False


def _wait(ready: Any, thread: threading.Thread, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
