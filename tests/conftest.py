"""What all tests have: a real Redis on a free loopback port, and how long properties run."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from support.programs import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# `make soak` runs the same properties for longer: --hypothesis-profile=soak.
settings.register_profile("short", deadline=None, max_examples=100)
settings.register_profile(
    "soak", deadline=None, max_examples=1000, suppress_health_check=list(HealthCheck)
)
settings.load_profile("short")

START_SECONDS = 10
ATTEMPTS = 3  # another process may take the free port before Redis does


@dataclass(frozen=True)
class RedisServer:
    url: str
    port: int
    process: subprocess.Popen[bytes]

    def pause(self) -> None:
        """Keep the port open and answer nothing, as behind a black hole."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _answers(server: RedisServer) -> bool:
    """Wait until the server greets, or its process has ended."""
    address = ("127.0.0.1", server.port)
    deadline = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1) as client:
            client.sendall(b"PING\r\n")
            if client.recv(7) in {b"+PONG\r\n", b"-NOAUTH"}:
                return True
        time.sleep(0.01)
    return False


def _launch(folder: str, port: int, options: tuple[str, ...]) -> RedisServer:
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", folder]
    command += ["--save", "", "--appendonly", "no", *options]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return RedisServer(f"redis://127.0.0.1:{port}/0", port, process)


@contextlib.contextmanager
def running_redis(*options: str) -> Iterator[RedisServer]:
    """Run a redis-server with these further options until the block ends."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        for _ in range(ATTEMPTS):
            server = _launch(folder, _free_port(), options)
            stack.callback(server.kill)  # SIGKILL also ends a stopped process
            if _answers(server):
                yield server
                return
        pytest.fail("redis-server did not start")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the whole run. Tests share it: give each its own prefix, hurt nothing."""
    with running_redis() as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[Callable[..., RedisServer]]:
    """Start a Redis of one's own, to be killed, stopped or filled."""
    with contextlib.ExitStack() as stack:
        yield lambda *options: stack.enter_context(running_redis(*options))
