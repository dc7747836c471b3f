"""Real servers for the doctor: echoes under uvicorn, and nginx in front of them."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.programs import program
from support.servers import free_port, running, wait_for_port

from streamward.doctor import Echo
from streamward.doctor.serve import echo_server
from streamward.listening import listen, url_of

_CONF = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; default_type text/plain;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  {http}
  server {{ listen 127.0.0.1:{port}{tls}; location / {{ proxy_pass {upstream}; {location} }} }}
}}
"""


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start nginx in front of an upstream; return its URL. Lines go into the location, or http.

    With a certificate and its key, it speaks TLS, and offers HTTP/2.
    """
    with contextlib.ExitStack() as stack:

        def start(
            upstream: str, location: str, http: str = "", pair: tuple[Path, Path] | None = None
        ) -> str:
            port = free_port()
            folder = tmp_path / str(port)
            folder.mkdir()
            conf = folder / "nginx.conf"
            if pair is not None:
                http += f"ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};"
            tls = " ssl http2" if pair is not None else ""
            lines = {"upstream": upstream, "location": location, "folder": folder, "port": port}
            conf.write_text(_CONF.format(http=http.format(folder=folder), tls=tls, **lines))
            command = [program("nginx"), "-e", str(folder / "error.log"), "-c", str(conf)]
            server = subprocess.Popen(command)
            stack.callback(server.wait, 10)
            stack.callback(server.terminate)
            wait_for_port(port)
            return f"http{'' if pair is None else 's'}://127.0.0.1:{port}"

        yield start


@pytest.fixture
def echo() -> Iterator[str]:
    """An echo under uvicorn's h11, which answers HTTP/1.0 with a body that ends by closing."""
    with running(Echo()) as url:
        yield url


@pytest.fixture(scope="module")
def two_echoes() -> Iterator[tuple[str, str]]:
    """Two servers of `streamward doctor --serve`, as host:port; they know nothing of each other."""
    sockets = [listen("127.0.0.1", 0) for _ in range(2)]
    servers = [echo_server() for _ in sockets]
    threads = [
        threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        for server, sock in zip(servers, sockets, strict=True)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while not all(server.started for server in servers) and time.monotonic() < deadline:
        time.sleep(0.01)
    yield tuple(url_of(sock).removeprefix("http://") for sock in sockets)
    for server, thread in zip(servers, threads, strict=True):
        server.should_exit = True
        thread.join(10)
