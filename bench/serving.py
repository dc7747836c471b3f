"""A server of a benchmark, in a process of its own."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

_ROOT = Path(__file__).parent.parent


@contextlib.contextmanager
def serving(module: str, *arguments: str) -> Generator[str]:
    """Run a module that takes ``--port``; yield its URL once somebody listens there.

    Raises:
        RuntimeError: nobody listened within two minutes.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    command = [sys.executable, "-m", module, *arguments, "--port", str(port)]
    server = subprocess.Popen(command, cwd=_ROOT)
    try:
        _wait(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("the server of the benchmark did not start")
