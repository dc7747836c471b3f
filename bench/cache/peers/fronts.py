"""Runs each contestant: where it takes requests, what it keeps, and who can be killed."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis import Redis

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
MODULES = Path(sys.prefix) / "node"


@dataclass(frozen=True)
class Front:
    """A contestant that runs.

    Attributes:
        leader: where who asks first asks.
        follower: where others ask: another process, where there are several.
        process: whose death is the death of who leads: the first process, or, of a proxy, the
            application behind it.
        held: returns how many bytes are kept.
        method: what it can be asked with.
    """

    leader: str
    follower: str
    process: subprocess.Popen[bytes]
    held: Callable[[], int]
    method: str = "POST"


class MissingError(Exception):
    """A contestant is not installed."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(command: list[Any], port: int) -> Generator[subprocess.Popen[bytes]]:
    """Run a program until the block ends; it listens at the port when the block begins."""
    out = subprocess.DEVNULL
    process = subprocess.Popen([*map(str, command)], cwd=_ROOT, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 60
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:  # a reader of it hangs
            process.kill()
            process.wait(10)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def origin() -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "bench.cache.peers.origin", "--port", port]
    with running(command, port) as process:
        yield f"http://127.0.0.1:{port}", process


@contextlib.contextmanager
def library(name: str, redis: str) -> Generator[tuple[Front, str]]:
    """Run two processes of a library that shares answers through Redis."""
    with contextlib.ExitStack() as stack:
        source, _ = stack.enter_context(origin())
        urls: list[str] = []
        processes: list[subprocess.Popen[bytes]] = []
        for _ in range(2):
            port = free_port()
            command = _command(name, source, redis, port)
            processes.append(stack.enter_context(running(command, port)))
            urls.append(f"http://127.0.0.1:{port}")
        yield Front(urls[0], urls[1], processes[0], lambda: _in_redis(redis)), source


def _command(name: str, source: str, redis: str, port: int) -> list[Any]:
    if name == "resumable-stream":
        script = _HERE / "resumable.mjs"
        return [program("node"), script, MODULES, source, redis, port]
    module = [sys.executable, "-m", "bench.cache.peers.apps", "--app", name]
    return [*module, "--origin", source, "--redis", redis, "--port", port]


def _in_redis(url: str) -> int:
    client: Any = cast("Any", Redis).from_url(url)
    names: list[bytes] = list(client.scan_iter())
    return sum(client.memory_usage(name) or 0 for name in names)


_NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{}}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    proxy_cache_path {folder}/cache keys_zone=answers:1m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {source}; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_cache answers; proxy_cache_methods POST; proxy_cache_valid 200 1h;
            proxy_cache_key "$request_uri $http_authorization $request_body";
            proxy_cache_lock on; proxy_cache_lock_timeout 60s; proxy_cache_lock_age 60s;
            client_body_buffer_size 1m; client_max_body_size 1m;
        }}
    }}
}}
"""


@contextlib.contextmanager
def nginx(_: str) -> Generator[tuple[Front, str]]:
    with tempfile.TemporaryDirectory() as folder, origin() as (source, process):
        port = free_port()
        config = Path(folder) / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(_NGINX.format(folder=folder, port=port, source=source, user=user))
        with running([program("nginx"), "-e", f"{folder}/error.log", "-c", config], port):
            url = f"http://127.0.0.1:{port}"
            files = Path(folder) / "cache"

            def held() -> int:
                return sum(one.stat().st_size for one in files.rglob("*") if one.is_file())

            yield Front(url, url, process, held), source


_VCL = """
vcl 4.1;
backend app {{ .host = "127.0.0.1"; .port = "{port}"; }}
"""


@contextlib.contextmanager
def varnish(_: str) -> Generator[tuple[Front, str]]:
    """Run Varnish as it comes; it keeps no POST, so it is asked with GET."""
    with tempfile.TemporaryDirectory() as folder, origin() as (source, process):
        port = free_port()
        config = Path(folder) / "app.vcl"
        config.write_text(_VCL.format(port=source.rpartition(":")[2]))
        jail = ["-j", "none", "-n", folder, "-f", config, "-s", "s0=malloc,64m"]
        with running([program("varnishd"), "-F", *jail, "-a", f"127.0.0.1:{port}"], port):
            url = f"http://127.0.0.1:{port}"

            def held() -> int:
                command = [program("varnishstat"), "-n", folder, "-1", "-f", "SMA.s0.g_bytes"]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                return int(said.split()[1])

            yield Front(url, url, process, held, "GET"), source


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise MissingError(f"{name} is not installed")
    return found


def version(name: str) -> str:
    """Return the version of a contestant.

    Raises:
        MissingError: it is not installed.
    """
    if name == "resumable-stream":
        manifest = MODULES / "node_modules/resumable-stream/package.json"
        if not manifest.exists():
            raise MissingError("the npm package is not installed")
        return _number(manifest.read_text().split('"version"')[1])
    if name == "nothing":
        return ""
    if name in ("nginx", "varnish"):
        command = [program("nginx"), "-v"] if name == "nginx" else [program("varnishd"), "-V"]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        return _number(said.stdout + said.stderr)
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        raise MissingError("the Python package is not installed") from None


def _number(text: str) -> str:
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else "?"
