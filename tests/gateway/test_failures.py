"""When the upstream fails: what a client is told, and how often the upstream is asked."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Callable
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
import structlog
from support.asking import BROKEN
from support.raw_http import Asked, raw_upstream, response
from support.servers import free_port, running
from support.streams import DONE, chat

from streamward import Streamward
from streamward.errors import ConfigurationError, MissingExtraError
from streamward.gateway import Gateway, Retries, UpstreamTimeouts

CHAT = "/v1/chat/completions"
QUICK = {"wait": 0.01, "longest_wait": 1.0}


@contextmanager
def gateway_to(answer, **settings):
    """Run an upstream and a gateway in front of it."""
    with (
        raw_upstream(answer) as upstream,
        running(Streamward(Gateway(upstream.url, **settings)), lifespan="on") as url,
    ):
        yield upstream, url


def hang_up(asked: Asked, sock: socket.socket) -> bool:
    return False


def in_turn(*answers: Callable[[Asked, socket.socket], bool | None]):
    """Answer each request in another way; the last one for all that follow."""
    left = list(answers)

    def answer(asked: Asked, sock: socket.socket) -> bool | None:
        return (left.pop(0) if len(left) > 1 else left[0])(asked, sock)

    return answer


def saying(body: bytes, *headers, status: bytes = b"200 OK"):
    return lambda asked, sock: sock.sendall(response(body, *headers, status=status))


def silent(asked: Asked, sock: socket.socket) -> bool:
    sock.recv(1)  # until the gateway gives up
    return False


# What the client is told


SHAPES = {
    CHAT: {
        "error": {
            "message": "The upstream cannot be reached.",
            "type": "server_error",
            "param": None,
            "code": "upstream_unreachable",
        }
    },
    "/v1/messages": {
        "type": "error",
        "error": {
            "type": "api_error",
            "message": "The upstream cannot be reached.",
            "code": "upstream_unreachable",
        },
    },
    "/api/chat": {"error": "The upstream cannot be reached."},
}
SHAPES |= {"/openai/v1/responses": SHAPES[CHAT], "/api/v1/chat/completions": SHAPES[CHAT]}
SHAPES |= {"/v1/messages/count_tokens": SHAPES["/v1/messages"], "/api/tags": SHAPES["/api/chat"]}


@pytest.fixture(scope="module")
def nobody():
    """A gateway in front of nobody."""
    retries = Retries(attempts=2, **QUICK)
    gateway = Gateway(f"http://127.0.0.1:{free_port()}", retries=retries)
    with running(Streamward(gateway), lifespan="on") as url:
        yield url


@pytest.mark.parametrize("path", SHAPES)
def test_an_upstream_that_cannot_be_reached_is_a_502_in_the_shape_of_the_api(nobody, path):
    answer = httpx.post(nobody + path, json={})

    assert answer.status_code == 502
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == SHAPES[path]


def test_a_client_of_anthropic_is_known_by_its_header(nobody):
    answer = httpx.post(f"{nobody}/proxy", headers={"anthropic-version": "2023-06-01"})

    assert answer.json() == SHAPES["/v1/messages"]


def test_an_upstream_that_hangs_up_is_a_502():
    with gateway_to(hang_up) as (upstream, url):
        answer = httpx.post(url + CHAT, json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_error")
    assert len(upstream.asked) == 1  # a POST may have been paid for


@pytest.mark.parametrize(
    "words",
    [b"no HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", b"HTTP/1.1 101 Yes\r\n\r\n"],
)
def test_what_is_no_answer_is_a_502_that_quotes_nothing(words):
    with (
        gateway_to(lambda asked, sock: sock.sendall(words) or False) as (_, url),
        structlog.testing.capture_logs() as logs,
    ):
        answer = httpx.post(url + CHAT, json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_error")
    assert logs == [
        {"event": "not_answered", "log_level": "warning", "code": "upstream_error", "status": 502, "attempts": 1}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "kind"), [(CHAT, "server_error"), ("/v1/messages", "timeout_error")]
)
def test_an_upstream_that_does_not_begin_in_time_is_a_504(path, kind):
    with gateway_to(silent, timeouts=UpstreamTimeouts(first_byte=0.1)) as (upstream, url):
        answer = httpx.get(url + path)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (504, "upstream_timeout", kind)
    assert len(upstream.asked) == 1  # time is up, for a GET too


def test_a_full_pool_is_a_504():
    with raw_upstream(silent) as upstream:
        transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=1))
        timeouts = UpstreamTimeouts(pool=0.1)
        gateway = Gateway(upstream.url, transport=transport, timeouts=timeouts)
        with running(gateway, lifespan="on") as url, _asking(url), httpx.Client() as client:
            while not upstream.asked:
                pass
            answer = client.get(url)

    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "upstream_timeout")


def _asking(url: str) -> socket.socket:
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname, parts.port))
    sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    return sock


def test_a_silence_in_an_answer_that_is_no_stream_cuts_it():
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"

    def stalls(asked: Asked, sock: socket.socket) -> bool:
        sock.sendall(head)
        return silent(asked, sock)

    with (
        gateway_to(stalls, timeouts=UpstreamTimeouts(between_bytes=0.1)) as (_, url),
        pytest.raises(BROKEN),
    ):
        httpx.post(url + CHAT, json={})


@pytest.mark.parametrize(
    "head",
    [b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"Content-Length: 9\r\n\r\nhello"],
)
def test_an_answer_that_is_cut_is_cut_for_the_client_too(head):
    cut = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head

    with gateway_to(lambda asked, sock: sock.sendall(cut) or False) as (_, url):
        parts = urlsplit(url)
        client = http.client.HTTPConnection(parts.hostname, parts.port)
        client.request("POST", CHAT, b"{}")
        with pytest.raises(http.client.IncompleteRead):
            client.getresponse().read()
        client.close()


def read_until_cut(url: str) -> tuple[int, bytes]:
    """Return the status and the bytes of a stream that must not end as it should."""
    got = b""
    with httpx.stream("POST", url, json={}) as answer:
        try:
            for piece in answer.iter_raw():
                got += piece
        except BROKEN:
            return answer.status_code, got
    pytest.fail("the stream was not cut")


@pytest.mark.parametrize("how", ["closed", "reset", "silent"])
def test_a_stream_that_breaks_off_ends_with_an_error_and_a_cut(how):
    frames = b"".join(chat(["Hello", " you"])[:2])

    def breaks(asked: Asked, sock: socket.socket) -> bool:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        sock.sendall(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(frames), frames))
        if how == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return silent(asked, sock) if how == "silent" else False

    with gateway_to(breaks, timeouts=UpstreamTimeouts(between_bytes=0.2)) as (_, url):
        status, got = read_until_cut(url + CHAT)

    assert status == 200
    assert got.startswith(frames)
    problem = json.loads(got[len(frames) :].removeprefix(b"data: "))["error"]
    assert problem["code"] == ("upstream_timeout" if how == "silent" else "upstream_error")


@pytest.mark.parametrize(
    "status", [b"400 Bad", b"401 No", b"404 Not", b"429 Slow", b"500 Oh", b"529 Full"]
)
def test_the_upstreams_own_error_is_passed_on_and_it_is_not_asked_again(status):
    body = b'{"error" : {"message": "theirs"}}\n'
    kind, wait = (b"content-type", b"application/json"), (b"retry-after", b"1")
    with gateway_to(saying(body, kind, wait, status=status)) as (upstream, url):
        answer = httpx.get(url + CHAT)

    assert (answer.status_code, answer.content) == (int(status[:3]), body)
    assert answer.headers["retry-after"] == "1"
    assert len(upstream.asked) == 1


# How often the upstream is asked


class Refusing(httpx.AsyncHTTPTransport):
    """A transport that cannot connect for a while."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.tried = 0
        self._times = times

    async def handle_async_request(self, request):
        self.tried += 1
        if self.tried <= self._times:
            raise httpx.ConnectError("refused")
        return await super().handle_async_request(request)


class Unwritable(httpx.AsyncBaseTransport):
    """A transport that finds a request which HTTP cannot say."""

    async def handle_async_request(self, request):
        raise httpx.LocalProtocolError("Illegal header value b'secret'")


def test_a_request_that_cannot_be_written_is_a_400():
    with running(Gateway("http://127.0.0.1:1", transport=Unwritable()), lifespan="on") as url:
        answer = httpx.post(url + CHAT, content=b"prompt")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_forwarded")


@pytest.mark.parametrize(("times", "status"), [(2, 200), (3, 502)])
def test_a_connection_is_tried_again_for_every_method(times, status):
    with raw_upstream(saying(b"hello")) as upstream:
        transport = Refusing(times)
        gateway = Gateway(upstream.url, transport=transport, retries=Retries(attempts=3, **QUICK))
        with running(gateway, lifespan="on") as url:
            answer = httpx.post(url + CHAT, content=b"prompt")

    assert (answer.status_code, transport.tried) == (status, 3)
    assert [asked.body for asked in upstream.asked] == ([b"prompt"] if status == 200 else [])


@pytest.mark.parametrize(
    ("method", "body", "settings", "times"),
    [
        ("GET", b"", {}, 3),
        ("DELETE", b"", {}, 3),
        ("POST", b"", {}, 1),
        ("PUT", b"text", {}, 1),  # of its body something has left
        ("PUT", b"text", {"keep_body": 4}, 3),
        ("PUT", b"text", {"keep_body": 3}, 1),
        ("POST", b"text", {"keep_body": 4}, 1),
        ("POST", b"text", {"keep_body": 4, "methods": frozenset({"POST"})}, 3),
        ("GET", b"", {"methods": frozenset({"POST"})}, 1),
        ("GET", b"", {"attempts": 1}, 1),
    ],
)
def test_a_request_is_sent_again_only_where_that_is_safe(method, body, settings, times):
    retries = Retries(**{"attempts": 3, **QUICK, **settings})
    with gateway_to(hang_up, retries=retries) as (upstream, url):
        answer = httpx.request(method, url, content=body)

    assert answer.status_code == 502
    assert [asked.body for asked in upstream.asked] == [body] * times


@pytest.mark.parametrize("pieces", [[b"one ", b"two ", b"three"], [b"x" * 100_000]])
def test_a_body_that_was_kept_arrives_whole_the_second_time(pieces):
    retries = Retries(methods=frozenset({"POST"}), keep_body=200_000, **QUICK)
    with gateway_to(in_turn(hang_up, saying(b"hello")), retries=retries) as (upstream, url):
        answer = httpx.post(url, content=iter(pieces))

    assert answer.content == b"hello"
    assert [asked.body for asked in upstream.asked] == [b"".join(pieces)] * 2


BUSY = saying(b"busy", status=b"503 Busy")
PATIENT = {"statuses": frozenset({429, 503}), "methods": frozenset({"POST"}), "keep_body": 9}


@pytest.mark.parametrize(
    ("answers", "settings", "got", "times"),
    [
        ([BUSY, BUSY, saying(b"hello")], PATIENT, (200, b"hello"), 3),
        ([BUSY], PATIENT, (503, b"busy"), 3),
        ([BUSY], {}, (503, b"busy"), 1),
        ([BUSY], {**PATIENT, "statuses": frozenset({429})}, (503, b"busy"), 1),
        ([BUSY], {**PATIENT, "methods": frozenset({"GET"})}, (503, b"busy"), 1),
        ([saying(b"later", (b"retry-after", b"2"), status=b"429 Slow")], PATIENT, (429, b"later"), 1),
        ([saying(b"now", (b"retry-after", b"0"), status=b"429 Slow")], PATIENT, (429, b"now"), 3),
        ([saying(b"age", (b"retry-after", b"9" * 5000), status=b"429 S")], PATIENT, (429, b"age"), 1),
        ([saying(b"day", (b"retry-after", b"Mon, 1 Jan"), status=b"429 S")], PATIENT, (429, b"day"), 1),
    ],
)  # fmt: skip
def test_an_error_is_asked_again_where_that_was_said(answers, settings, got, times):
    retries = Retries(**{**QUICK, **settings})
    with gateway_to(in_turn(*answers), retries=retries) as (upstream, url):
        answer = httpx.post(url + CHAT, content=b"prompt")

    assert (answer.status_code, answer.content) == got
    assert [asked.body for asked in upstream.asked] == [b"prompt"] * times


def test_an_upstream_that_breaks_off_after_a_byte_is_not_asked_again():
    frames = b"".join(chat(["Hello"])[:2])
    begun = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"
    with gateway_to(lambda asked, sock: sock.sendall(begun + frames) or False) as (upstream, url):
        read_until_cut(url + CHAT)

    assert len(upstream.asked) == 1


def test_a_connection_is_used_again():
    body = b"".join([*chat(["Hello"]), DONE])
    answer = saying(body, (b"content-type", b"text/event-stream"))
    with gateway_to(answer) as (upstream, url):
        for _ in range(3):
            assert httpx.post(url + CHAT).content == body

    assert [asked.connection for asked in upstream.asked] == [1, 1, 1]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (UpstreamTimeouts, {"connect": 0}),
        (UpstreamTimeouts, {"first_byte": -1}),
        (UpstreamTimeouts, {"between_bytes": "1"}),
        (Retries, {"attempts": 0}),
        (Retries, {"attempts": 1.5}),
        (Retries, {"wait": 0}),
        (Retries, {"keep_body": -1}),
        (Retries, {"methods": frozenset({"post"})}),
        (Retries, {"methods": ["POST"]}),
        (Retries, {"statuses": frozenset({200})}),
        (Retries, {"statuses": {503}}),
    ],
)
def test_a_value_that_cannot_work_is_said_at_once(kind, settings):
    with pytest.raises(ConfigurationError, match=next(iter(settings))):
        kind(**settings)


def test_without_httpx_the_extra_is_named(monkeypatch):
    import sys

    for name in [n for n in sys.modules if n.startswith("streamward.gateway.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "httpx", None)

    with pytest.raises(MissingExtraError, match="gateway"):
        Gateway("http://example.com")
