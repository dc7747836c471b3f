"""A stock nginx in front: without streamward it holds the stream, with one line it does not."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.programs import program
from support.servers import free_port, running, wait_for_port
from support.streams import ScriptedApp, chat

from streamward import Streamward

FRAMES = chat(["one ", "two ", "three ", "four ", "five ", "six "])
SCRIPT = [item for frame in FRAMES for item in (frame, 0.1)]

# What Debian's nginx does with `proxy_pass` and nothing else: HTTP/1.0 upstream, buffering on.
_CONF = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {upstream}; }} }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path, upstream: str) -> Iterator[str]:
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(_CONF.format(folder=folder, port=port, upstream=upstream))
    server = subprocess.Popen([program("nginx"), "-e", str(folder / "error.log"), "-c", str(conf)])
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def arrivals(url: str) -> list[bytes]:
    """Return what arrives, piece by piece."""
    with httpx.stream("GET", url, timeout=10) as response:
        return list(response.iter_raw())


@pytest.mark.parametrize("guarded", [True, False], ids=["streamward", "bare"])
def test_a_stock_nginx_passes_every_frame_at_once_only_with_the_line(guarded, tmp_path):
    app = ScriptedApp(SCRIPT)
    door = Streamward(app) if guarded else app
    with running(door, "h11") as upstream, nginx(tmp_path, upstream) as url:
        pieces = arrivals(url)

    assert b"".join(pieces) == b"".join(FRAMES)
    # Frames leave 0.1 s apart: a proxy that passes them on delivers nearly as many pieces.
    assert len(pieces) >= len(FRAMES) - 2 if guarded else len(pieces) <= 2
