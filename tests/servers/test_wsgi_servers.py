"""Flask and Django behind the WSGI door, under the servers that people run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support.asking import BROKEN
from support.guard import WordGuard
from support.servers import free_port, running, wait_for_port
from support.streams import ScriptedApp, chat, chat_text

from streamward import Streamward
from streamward.cache import RedisCache

# One module serves both frameworks: what is asked for is in the path, what happened is in files.
_APP = """
import json, os, time
from pathlib import Path
from streamward import Policy, StreamwardWSGI
from streamward.cache import RedisCache
from support.guard import WordGuard
from support.streams import chat

HERE = Path(__file__).parent
SPLIT = ["My key is S3C", "RET-1", "2345 and ", "more."]

def note(kind, name):
    with open(HERE / f"{kind}-{name}", "ab", 0) as file:
        file.write(b"x")

def pieces(name):
    note("asked", name)
    try:
        if name == "clean":
            yield from chat(["One ", "two ", "three."])
        elif name == "slow":
            for piece in chat(["Hello ", "there, ", "how ", "are ", "you?"]):
                yield piece
                time.sleep(0.15)
        elif name == "endless":
            for piece in chat(["word "] * 2000)[:-2]:
                yield piece
                time.sleep(0.01)
        elif name == "fails":
            yield from chat(SPLIT)[:3]
            raise RuntimeError("secret reason")
        else:
            yield from chat(SPLIT)
    finally:
        note("closed", name)

def guarded(app):
    return StreamwardWSGI(
        app,
        guards=[WordGuard()],
        cache=RedisCache(os.environ["REDIS_URL"], prefix=os.environ["PREFIX"], timeout=2.0),
        policy=Policy(heartbeat=0.05),
        heartbeats=os.environ.get("HEARTBEATS") == "1",
    )

def flask_app():
    from flask import Flask, Response, request, stream_with_context
    app = Flask(__name__)
    @app.route("/<name>", methods=["GET", "POST"])
    def answer(name):
        if name == "plain":
            return {"key": "S3CRET-12345", "asked": request.get_data(as_text=True)}
        return Response(stream_with_context(pieces(name)), mimetype="text/event-stream")
    app.wsgi_app = guarded(app.wsgi_app)
    return app

def django_app():
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import JsonResponse, StreamingHttpResponse
    from django.urls import path
    def answer(request, name):
        if name == "plain":
            return JsonResponse({"key": "S3CRET-12345", "asked": request.body.decode()})
        return StreamingHttpResponse(pieces(name), content_type="text/event-stream")
    settings.configure(
        ROOT_URLCONF=type("Urls", (), {"urlpatterns": [path("<name>", answer)]}),
        SECRET_KEY="x", ALLOWED_HOSTS=["*"], MIDDLEWARE=[],
    )
    return guarded(get_wsgi_application())

app = {"flask": flask_app, "django": django_app}[os.environ["FRAMEWORK"]]()
"""

_GUNICORN = ["gunicorn", "served:app", "--workers", "2", "--graceful-timeout", "1"]
_COMMANDS = {
    "gthread": [*_GUNICORN, "--worker-class", "gthread", "--threads", "8"],
    "gevent": [*_GUNICORN, "--worker-class", "gevent"],
    "waitress": ["waitress-serve", "--threads", "8"],
}
CASES = [
    ("gthread", "flask", False),
    ("gevent", "flask", False),
    ("waitress", "flask", True),
    ("gthread", "django", True),
    ("gevent", "django", True),
    ("waitress", "django", False),
]
TESTS = Path(__file__).parents[1]
ALICE = {"authorization": "Bearer alice"}
WHOLE = b"".join(chat(["Hello ", "there, ", "how ", "are ", "you?"]))


class Served:
    """One server process, and the folder in which it notes what happens."""

    def __init__(self, url: str, folder: Path, group: int, *, heartbeats: bool) -> None:
        self.url = url
        self.group = group
        self.folder = folder
        self.heartbeats = heartbeats

    def count(self, kind: str, name: str) -> int:
        file = self.folder / f"{kind}-{name}"
        return file.stat().st_size if file.exists() else 0

    def get(self, name: str, **named: str) -> httpx.Response:
        return httpx.get(f"{self.url}/{name}", headers=named or ALICE, timeout=20)


@contextlib.contextmanager
def serving(server: str, framework: str, redis_url: str, folder: Path, *, heartbeats: bool = False):
    (folder / "served.py").write_text(_APP)
    port = free_port()
    address = f"127.0.0.1:{port}"
    command = list(_COMMANDS[server])
    command += (
        [f"--listen={address}", "served:app"] if server == "waitress" else ["--bind", address]
    )
    command[0] = os.path.join(os.path.dirname(sys.executable), command[0])
    path = os.pathsep.join([str(TESTS), str(TESTS.parent / "src"), str(folder)])
    env = {
        **os.environ,
        "PYTHONPATH": path,
        "REDIS_URL": redis_url,
        "PREFIX": folder.parent.name,
        "FRAMEWORK": framework,
        "HEARTBEATS": "1" if heartbeats else "0",
    }
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_for_port(port)
            yield Served(f"http://{address}", folder, process.pid, heartbeats=heartbeats)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)


@pytest.fixture(
    params=CASES, ids=[f"{s}-{f}{'-beats' if b else ''}" for s, f, b in CASES], scope="module"
)
def served(request, redis_server, tmp_path_factory) -> Iterator[Served]:
    server, framework, heartbeats = request.param
    folder = tmp_path_factory.mktemp(f"{server}-{framework}-") / "here"
    folder.mkdir()
    with serving(server, framework, redis_server.url, folder, heartbeats=heartbeats) as one:
        yield one


def until(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def without_beats(body: bytes) -> bytes:
    blocks = body.split(b"\n\n")
    return b"\n\n".join(block for block in blocks if not block.startswith(b":"))


def test_a_secret_never_leaves_and_the_answer_is_replayed(served):
    first, again = served.get("secret"), served.get("secret")
    # It is kept behind the answer: who asks at once may still join it.
    until(lambda: "; hit" in served.get("secret").headers["cache-status"])

    assert chat_text(first.content) == "My key is <SECRET> and more."
    assert first.headers["x-accel-buffering"] == "no"
    assert "content-length" not in first.headers
    assert again.content == first.content
    assert served.count("asked", "secret") == served.count("closed", "secret") == 1


def test_a_clean_answer_is_identical(served):
    assert without_beats(served.get("clean").content) == b"".join(chat(["One ", "two ", "three."]))


def test_what_is_no_stream_passes_with_its_body(served):
    answer = httpx.post(f"{served.url}/plain", content=b"asked", headers=ALICE)

    assert answer.json() == {"key": "S3CRET-12345", "asked": "asked"}
    assert "cache-status" not in answer.headers


def test_pieces_arrive_as_they_come(served):
    times: list[float] = []
    with httpx.stream("GET", f"{served.url}/slow", headers={"authorization": "x"}) as answer:
        body = b""
        for chunk in answer.iter_raw():
            times.append(time.monotonic())
            body += chunk

    assert without_beats(body) == WHOLE
    assert len(times) >= 6
    assert (b"\n:" in body) == served.heartbeats


def test_a_failure_in_the_middle_is_told_and_cuts_the_transfer(served):
    got: list[bytes] = []
    with (
        httpx.stream("GET", f"{served.url}/fails", headers={"authorization": "x"}) as answer,
        pytest.raises(BROKEN),
    ):
        got.extend(answer.iter_raw())  # what came before the cut stays in the list
    body = b"".join(got)

    assert b'"code":"upstream_error"' in body
    assert b"secret reason" not in body
    assert b"S3C" not in body


def test_many_at_once_are_one_answer(served):
    """Two processes under gunicorn: they join through Redis."""
    before = served.count("asked", "slow")
    with ThreadPoolExecutor(6) as threads:
        bob = {"authorization": "bob"}
        asking = [threads.submit(lambda: served.get("slow", **bob)) for _ in range(6)]
        answers = [one.result() for one in asking]

    assert {without_beats(answer.content) for answer in answers} == {WHOLE}
    assert served.count("asked", "slow") - before == 1


def test_a_client_that_leaves_stops_the_application(served):
    with httpx.stream("GET", f"{served.url}/endless", headers={"authorization": "x"}) as answer:
        next(answer.iter_raw())

    until(lambda: served.count("closed", "endless") == served.count("asked", "endless") == 1)


@pytest.fixture
def two_folders(tmp_path) -> tuple[Path, Path]:
    """Servers in them share the names in Redis."""
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    return folders


def test_a_killed_leader_is_told_to_who_follows_elsewhere(redis_server, two_folders):
    url, (here, there) = redis_server.url, two_folders
    got: list[bytes] = []
    with (
        serving("gthread", "flask", url, here) as one,
        serving("waitress", "django", url, there) as other,
    ):
        headers = ask(one.url)

        def lead() -> None:
            with contextlib.suppress(httpx.TransportError):
                one.get("endless", **headers)

        leader = threading.Thread(target=lead)
        leader.start()
        until(lambda: one.count("asked", "endless"))
        with (
            httpx.stream("GET", f"{other.url}/endless", headers=headers, timeout=30) as answer,
            pytest.raises(BROKEN),
        ):
            got.extend(killing(one.group, answer.iter_raw()))
        leader.join()

    assert b'"code":"leader_lost"' in got[-1]
    assert other.count("asked", "endless") == 0


def killing(group: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Kill a server once something has come from it."""
    yield next(chunks)
    os.killpg(group, signal.SIGKILL)
    yield from chunks


def test_wsgi_and_asgi_join_each_other(redis_server, two_folders):
    """A real gunicorn leads; uvicorn's own process, this one, follows."""
    with serving("gthread", "flask", redis_server.url, two_folders[0]) as wsgi:
        app = ScriptedApp([RuntimeError()])
        store = RedisCache(redis_server.url, prefix=two_folders[0].parent.name, timeout=2.0)
        with running(Streamward(app, guards=[WordGuard()], cache=store)) as url:
            got: list[httpx.Response] = []
            leader = threading.Thread(target=lambda: got.append(wsgi.get("slow", **ask(wsgi.url))))
            leader.start()
            until(lambda: wsgi.count("asked", "slow"))
            follower = httpx.get(f"{url}/slow", headers=ask(wsgi.url), timeout=20)
            leader.join()

    assert follower.content == got[0].content == WHOLE
    assert follower.headers["cache-status"].endswith("collapsed")
    assert app.calls == 0


def ask(url: str) -> dict[str, str]:
    return {**ALICE, "host": httpx.URL(url).netloc.decode()}
