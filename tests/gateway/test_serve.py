"""``streamward serve``, from the outside: a process, real sockets, signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from support.asking import BROKEN
from support.raw_http import Asked, RawUpstream, ask, raw_upstream, response, wait_until_gone
from support.servers import free_port, running
from support.streams import DONE, ScriptedApp, chat, chat_text

from streamward.cli import main
from streamward.gateway.command import Guarding
from streamward.gateway.run import GUARDS

START_SECONDS = 60
CHAT = "/v1/chat/completions"
FRAMES = chat(
    ["The token ", "is ghp_0123456789abc", "defghijABCDEFGHIJ", "012345 and ", "no more."]
)


class Serving:
    """A running ``streamward serve``.

    Attributes:
        url: where it listens.
        process: the command.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.match(r"http://[\d.]+:\d+", line)
        assert found, line + process.stderr.read()
        self.url = found[0]

    def stop(self) -> tuple[list[dict[str, Any]], str]:
        """Stop it, and wait for its end."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> tuple[list[dict[str, Any]], str]:
        """Wait for its end; return its log, line by line, and what it said beside."""
        out, err = self.process.communicate(timeout=START_SECONDS)
        return [json.loads(line) for line in out.splitlines()], err


@contextmanager
def serve(upstream: str, *options: str) -> Iterator[Serving]:
    # Where tests run in the background, children ignore SIGINT unless told otherwise.
    code = "import signal, streamward.cli as cli; signal.signal(signal.SIGINT, signal.default_int_handler); cli.main()"
    command = [sys.executable, "-c", code, "serve", "--upstream", upstream, "--port", "0", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield Serving(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def test_it_guards_keeps_and_reports(tmp_path):
    secret = tmp_path / "headers"
    secret.write_text("Authorization: Bearer sk-secret\n\nX-Team: blue\n")
    seen: list[dict[bytes, bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope["headers"]))
        await ScriptedApp([*FRAMES])(scope, receive, send)

    options = ["--guard", "secrets", "--cache", "memory", "--headers-file", str(secret)]
    with running(app) as upstream, serve(upstream, *options) as gateway:
        mine = {"authorization": "Bearer me"}
        answers = [httpx.post(gateway.url + CHAT, headers=mine, json={}) for _ in range(2)]
        log, said = gateway.stop()

    assert chat_text(answers[0].content) == "The token is <GITHUB_TOKEN> and no more."
    assert answers[0].content == answers[1].content
    assert [headers[b"authorization"] for headers in seen] == [b"Bearer sk-secret"]
    assert seen[0][b"x-team"] == b"blue"
    assert [line["cache"] for line in log] == ["stored", "hit"]
    assert log[0]["findings"] == {"secrets.GITHUB_TOKEN.edit": 1}
    assert "sk-secret" not in json.dumps(log) + said
    assert gateway.process.returncode == 0


def test_by_default_it_passes_on_what_it_gets():
    whole = response(b'{"a": 1 }', (b"Content-Type", b"application/json"), (b"Server", b"theirs"))
    stream = response(b"".join([*FRAMES, DONE]), (b"Content-Type", b"text/event-stream"))
    answers = [whole, stream]
    with (
        raw_upstream(
            lambda asked, sock: sock.sendall(answers[len(upstream.asked) - 1])
        ) as upstream,
        serve(upstream.url) as gateway,
    ):
        request = b"POST /v1/a%2Fb?x=%41 HTTP/1.1\r\nHost: me\r\nX-Forwarded-For: 9.9.9.9\r\n"
        request += b"Connection: close\r\nContent-Length: 2\r\n\r\n{}"
        got = [ask(gateway.url, request) for _ in answers]
        log, said = gateway.stop()

    assert [one.line for one in upstream.asked] == [b"POST /v1/a%2Fb?x=%41 HTTP/1.1"] * 2
    assert upstream.asked[0].headers == [
        (b"host", upstream.url[7:].encode()),
        (b"x-forwarded-for", b"9.9.9.9"),
        (b"content-length", b"2"),
    ]
    assert [body for _, _, body in got] == [b'{"a": 1 }', b"".join([*FRAMES, DONE])]
    kept = [(n.lower(), v) for n, v in got[0][1] if n.lower() != b"connection"]
    assert kept == [
        (b"content-type", b"application/json"),
        (b"server", b"theirs"),
        (b"content-length", b"9"),
    ]
    assert [line["event"] for line in log] == ["stream"]
    assert said == ""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stream_that_is_open_may_end(how):
    """The gateway is stopped in the middle of it, and takes no other request."""
    with (
        running(ScriptedApp([FRAMES[0], FRAMES[1], 1.5, *FRAMES[2:]])) as upstream,
        serve(upstream) as gateway,
        httpx.stream("POST", gateway.url + CHAT, json={}) as answer,
    ):
        pieces = answer.iter_raw()
        got = next(pieces)
        gateway.process.send_signal(how)
        until_refused(gateway.url)
        got += b"".join(pieces)
        log, said = gateway.ended()

    assert got == b"".join(FRAMES)
    assert [line["outcome"] for line in log if line["method"] == "POST"] == ["complete"]
    assert said == ""
    assert gateway.process.returncode == 0


def until_refused(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=1)
        except httpx.TransportError:
            return
    pytest.fail("it still takes requests")


def test_a_grace_that_is_over_ends_a_stream():
    def endless(asked: Asked, sock: Any) -> bool:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"
        sock.sendall(head + FRAMES[0])
        wait_until_gone(asked, sock)
        return False

    with (
        raw_upstream(endless) as upstream,
        serve(upstream.url, "--grace", "1") as gateway,
        httpx.stream("POST", gateway.url + CHAT, json={}) as answer,
    ):
        pieces = answer.iter_raw()
        next(pieces)
        log, said = gateway.stop()
        assert upstream.asked[0].gone.wait(20)

    assert [line["outcome"] for line in log] == ["cancelled"]
    assert "Traceback" not in said
    assert gateway.process.returncode == 0


def test_a_stream_that_breaks_off_is_one_line_in_the_log_and_no_traceback():
    def breaks(asked: Asked, sock: Any) -> bool:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"
        sock.sendall(head + FRAMES[0])
        return False

    with raw_upstream(breaks) as upstream, serve(upstream.url) as gateway:
        with pytest.raises(BROKEN):
            httpx.post(gateway.url + CHAT, json={})
        log, said = gateway.stop()

    assert [(line["event"], line["outcome"], line["code"]) for line in log] == [
        ("stream", "failed", "upstream_error")
    ]
    assert said == ""


def test_a_websocket_is_refused_without_advice(raw: RawUpstream):
    with serve(raw.url) as gateway:
        answer = httpx.get(
            gateway.url,
            headers={
                "connection": "upgrade",
                "upgrade": "websocket",
                "sec-websocket-version": "13",
            },
        )
        _, said = gateway.stop()

    assert answer.status_code == 501
    assert said == ""
    assert not raw.asked


@pytest.fixture
def raw() -> Iterator[RawUpstream]:
    with raw_upstream(lambda asked, sock: sock.sendall(response(b"hello"))) as server:
        yield server


MISUSE = {
    "localhost:8000": "write the upstream as http://host:port",
    "http://u:p@example.com": "no credentials in the upstream's URL",
}


@pytest.mark.parametrize("upstream", MISUSE)
def test_a_bad_url_is_said_in_one_line(upstream, monkeypatch):
    said = refused(monkeypatch, "--upstream", upstream)

    assert MISUSE[upstream] in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--monitor"], "name one with --guard"),
        (["--prompt", "block"], "name one with --guard"),
        (["--cache", "redis"], "redis://host:6379/0"),
        (["--cache", "redis://me:pw@example.com"], "--cache-password-file"),
        (["--headers-file", "/nowhere"], "/nowhere cannot be read"),
        (["--cacert", "/nowhere"], "--cacert"),
    ],
)
def test_options_that_cannot_work_are_said_in_one_line(options, words, monkeypatch):
    said = refused(monkeypatch, "--upstream", "http://example.com", *options)

    assert words in said
    assert "pw" not in said


def test_a_header_that_cannot_be_read_is_not_shown(tmp_path, monkeypatch):
    (tmp_path / "headers").write_text("sk-secret")

    said = refused(
        monkeypatch, "--upstream", "http://example.com", "--headers-file", str(tmp_path / "headers")
    )

    assert "Authorization: Bearer …" in said
    assert "secret" not in said


def test_a_gateway_in_front_of_itself_is_said(monkeypatch):
    port = str(free_port())

    said = refused(monkeypatch, "--upstream", f"http://localhost:{port}", "--port", port)

    assert said == f"streamward: the upstream would be this gateway itself: http://127.0.0.1:{port}"


@pytest.mark.parametrize("missing", ["httpx", "uvicorn"])
def test_a_missing_extra_is_named(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)

    said = refused(monkeypatch, "--upstream", "http://example.com")

    assert said.endswith("needs the extra 'gateway': pip install 'streamward[gateway]'")


def refused(monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    monkeypatch.setattr(sys, "argv", ["streamward", "serve", *options])
    with pytest.raises(SystemExit) as stopped:
        main()
    said = str(stopped.value)
    assert said.startswith("streamward: ") and "\n" not in said
    return said


def test_every_guard_of_the_help_exists_and_none_is_missing():
    assert {one.value for one in Guarding} == set(GUARDS)
