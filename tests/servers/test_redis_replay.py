"""Recorded in one process, replayed byte for byte in another, through a real Redis."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.servers import free_port, wait_for_port

_APP = """
import os
from streamward import Streamward
from streamward.cache import RedisCache
from support.guard import WordGuard
from support.streams import ScriptedApp, chat

# Each process would answer differently: only a replay can be the same.
inner = ScriptedApp(chat(["I am ", str(os.getpid()), " and ", "S3CRET-", "1 "]))
app = Streamward(inner, guards=[WordGuard()], cache=RedisCache(os.environ["REDIS_URL"]))
"""

BODY = {"model": "m", "messages": [{"role": "user", "content": "who are you"}]}


@contextlib.contextmanager
def process(folder: Path, redis_url: str) -> Iterator[str]:
    port = free_port()
    tests = Path(__file__).parent.parent
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "served:app", "--port", str(port), "--lifespan", "off"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{folder}", "REDIS_URL": redis_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}/v1/chat/completions"
    finally:
        server.terminate()
        server.wait(10)


def ask(url: str, who: str = "alice") -> httpx.Response:
    # One name for both, as behind a load balancer: the host is part of what was asked.
    headers = {"authorization": f"Bearer {who}", "host": "api.example"}
    return httpx.post(url, json=BODY, headers=headers, timeout=10)


@pytest.fixture
def two_processes(tmp_path, redis_server) -> Iterator[tuple[str, str]]:
    (tmp_path / "served.py").write_text(_APP)
    with process(tmp_path, redis_server.url) as one, process(tmp_path, redis_server.url) as two:
        yield one, two


def test_another_process_replays_the_recording(two_processes):
    one, two = two_processes

    first = ask(one)
    deadline = time.monotonic() + 5  # the recording is kept after the client was served
    while "hit" not in (again := ask(one)).headers["cache-status"]:
        assert time.monotonic() < deadline
    second = ask(two)

    assert "hit" in second.headers["cache-status"]
    assert second.content == again.content
    assert first.content.endswith(b"data: [DONE]\n\n")
    assert b"S3CRET" not in second.content
    assert "fwd=uri-miss" in ask(two, "bob").headers["cache-status"]


def test_a_dead_redis_is_not_noticed_by_the_reader(tmp_path):
    (tmp_path / "served.py").write_text(_APP)
    with process(tmp_path, "redis://127.0.0.1:1/0") as url:
        answer = ask(url)

    assert answer.headers["cache-status"] == "streamward; fwd=bypass; detail=cache-unavailable"
    assert answer.content.endswith(b"data: [DONE]\n\n")
