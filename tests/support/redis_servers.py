"""Real Redis servers on free loopback ports, to be stopped, killed, filled and started again."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator

import pytest

from .programs import program
from .servers import free_port

START_SECONDS = 10
ATTEMPTS = 3  # another process may take the free port before Redis does


class RedisServer:
    """One redis-server process."""

    def __init__(self, folder: str, options: tuple[str, ...]) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program("redis-server"), "--port", str(self.port)]
        self._command += ["--bind", "127.0.0.1", "--dir", folder, "--save", "", *options]
        self.start()

    def start(self) -> None:
        """Start the process, also after :meth:`kill`, with nothing in its memory."""
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(self._command, stdin=quiet, stdout=quiet, stderr=quiet)
        self.runs = self._greets()

    def pause(self) -> None:
        """Keep the port open and answer nothing, as behind a black hole."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once; SIGKILL also ends a stopped process."""
        self.process.kill()
        self.process.wait()

    def _greets(self) -> bool:
        """Wait until the server greets, or its process has ended."""
        address = ("127.0.0.1", self.port)
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(address, 1) as client:
                client.sendall(b"PING\r\n")
                if client.recv(7) in {b"+PONG\r\n", b"-NOAUTH"}:
                    return True
            time.sleep(0.01)
        return False


@contextlib.contextmanager
def running_redis(*options: str) -> Generator[RedisServer]:
    """Run a redis-server with these further options until the block ends."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        for _ in range(ATTEMPTS):
            server = RedisServer(folder, options)
            stack.callback(server.kill)
            if server.runs:
                yield server
                return
        pytest.fail("redis-server did not start")
