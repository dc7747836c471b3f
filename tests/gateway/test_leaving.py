"""A client that leaves or reads slowly: the upstream notices, over real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

import pytest
from support.raw_http import Asked, connected, raw_upstream, wait_until_gone
from support.servers import running
from support.streams import DONE, chat

from streamward import Policy, Streamward
from streamward.cache import MemoryCache
from streamward.gateway import Gateway
from streamward.guardrails import Terms

CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: me\r\nContent-Length: 2\r\n\r\n{}"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
FRAMES = chat(["Hello", " you"])


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def saying(words: bytes):
    """Say this much, and wait for the other side to leave."""

    def answer(asked: Asked, sock: socket.socket) -> bool:
        if words:
            sock.sendall(words)
        wait_until_gone(asked, sock)
        return False

    return answer


DOORS = {
    "bare": lambda app: app,
    "streamward": Streamward,
    "guarded": lambda app: Streamward(app, guards=[Terms("codename", ["secret"])]),
    "cached": lambda app: Streamward(app, cache=MemoryCache()),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("words", [b"", WHOLE, STREAM, STREAM + chunk(FRAMES[0] + FRAMES[1])])
def test_the_upstream_loses_its_connection_when_the_client_leaves(door, words):
    with raw_upstream(saying(words)) as upstream:
        app = DOORS[door](Gateway(upstream.url))
        with running(app, lifespan="on") as url:
            with connected(url) as client:
                client.sendall(CHAT)
                if words:
                    assert client.recv(65536).startswith(b"HTTP/1.1 200")
                until(lambda: upstream.asked)
            assert upstream.asked[0].gone.wait(20)


def test_the_upstream_notices_a_client_that_leaves_in_mid_request():
    noticed = threading.Event()

    def server(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(20)
            with contextlib.suppress(ConnectionError):
                while sock.recv(65536):
                    pass
            noticed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=server, args=(listener,), daemon=True).start()
        gateway = Gateway(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with running(gateway, lifespan="on") as url:
            with connected(url) as client:
                client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nbegun")
                assert not noticed.wait(0.1)
            assert noticed.wait(20)


@pytest.mark.parametrize("settings", [{"on_leave": "finish"}, {"grace": 60.0}])
def test_an_answer_that_is_to_be_finished_is_asked_for_to_its_end(settings):
    """Also when its client left before it had begun: then the recording is what remains."""
    left = threading.Event()

    def answer(asked: Asked, sock: socket.socket) -> None:
        if len(upstream.asked) == 1:
            assert left.wait(20)
        sock.sendall(STREAM + chunk(b"".join([*FRAMES, DONE])) + b"0\r\n\r\n")
        asked.gone.set()

    store = MemoryCache()

    reports = []
    with raw_upstream(answer) as upstream:
        app = Streamward(
            Gateway(upstream.url), cache=store, policy=Policy(**settings), on_report=reports.append
        )
        with running(app, lifespan="on") as url:
            with connected(url) as client:
                client.sendall(CHAT)
                until(lambda: upstream.asked)
            left.set()
            until(lambda: reports)

    assert len(upstream.asked) == 1
    assert reports[0].cache == "stored"


@pytest.mark.parametrize("door", ["bare", "streamward"])
@pytest.mark.parametrize("words", [WHOLE.replace(b"99", b"999999999"), STREAM])
def test_a_slow_reader_slows_the_upstream(door, words):
    """What waits in between is what sockets and servers hold, not the answer."""
    taken = 0
    piece = b"data: " + b"x" * 10_000 + b"\n\n"
    piece = chunk(piece) if words is STREAM else piece

    def answer(asked: Asked, sock: socket.socket) -> bool:
        nonlocal taken
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        sock.settimeout(1.0)
        sock.sendall(words)
        try:
            while taken < 64 * 1024 * 1024:
                taken += sock.send(piece[taken % len(piece) :])
        except TimeoutError:
            stuck.set()
        wait_until_gone(asked, sock)
        return False

    stuck = threading.Event()
    with raw_upstream(answer) as upstream:
        app = DOORS[door](Gateway(upstream.url))
        with running(app, lifespan="on") as url, connected(url) as client:
            client.sendall(CHAT)
            assert stuck.wait(60)
            before = taken

    assert before < 24 * 1024 * 1024
