"""What a gateway passes on, over real sockets: each byte as it came."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.raw_http import RawUpstream, ask, raw_upstream, request_of, response
from support.servers import running
from support.streams import DONE, chat

from streamward import Streamward
from streamward.gateway import Gateway


@pytest.fixture(scope="module")
def upstream():
    with raw_upstream(lambda asked, sock: sock.sendall(response(b"hello"))) as server:
        yield server


@pytest.fixture(scope="module", params=["bare", "streamward"])
def gateway(request, upstream: RawUpstream):
    """A gateway, alone and with streamward around it."""
    app = Gateway(upstream.url)
    with running(Streamward(app) if request.param == "streamward" else app, lifespan="on") as url:
        yield url


TOKEN = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12).map(str.encode)
VISIBLE = bytes(range(0x21, 0x7F)) + bytes(range(0x80, 0x100))
VALUE = st.lists(st.sampled_from(VISIBLE), min_size=1, max_size=30).map(bytes)
NAMES = TOKEN.map(b"x-".__add__) | st.sampled_from([b"accept-encoding", b"cookie", b"user-agent"])
HEADERS = st.lists(st.tuples(NAMES, VALUE), max_size=8)
PATH = st.lists(st.sampled_from([c for c in range(0x21, 0x7F) if c not in b"?#"]), max_size=40)
QUERY = st.lists(st.sampled_from([c for c in range(0x21, 0x7F) if c != 0x23]), max_size=40)


@given(
    method=st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"QUERY", b"OPTIONS"]),
    path=PATH.map(bytes),
    query=QUERY.map(bytes),
    headers=HEADERS,
    body=st.none() | st.binary(max_size=2000),
)
def test_a_request_arrives_as_it_was_sent(upstream, gateway, method, path, query, headers, body):
    target = b"/" + path + (b"?" + query if query else b"")
    headers = [(n, v) for n, v in headers if n != b"accept-encoding"]

    line, _, said = ask(gateway, request_of(method, target, headers, body))

    asked = upstream.asked[-1]
    length = [] if body is None else [(b"content-length", b"%d" % len(body))]
    assert (line, said) == (b"HTTP/1.1 200 OK", b"hello")
    assert asked.line == method + b" " + target + b" HTTP/1.1"
    assert asked.headers == [(b"host", upstream.url[7:].encode()), *headers, *length]
    assert asked.body == (body or b"")


RESPONSES = st.tuples(
    st.sampled_from(
        [b"200 OK", b"201 Created", b"404 Not Found", b"429 Slow", b"500 Oh", b"302 F"]
    ),
    HEADERS.map(lambda headers: [(n, v) for n, v in headers if n != b"accept-encoding"]),
    st.binary(max_size=3000),
)


@given(RESPONSES)
def test_an_answer_arrives_as_it_was_given(upstream, gateway, answer):
    status, headers, body = answer
    kind = (b"content-type", b"application/json")
    cookies = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    told = [kind, cookies[0], *headers, cookies[1]]
    upstream.answer = lambda asked, sock: sock.sendall(response(body, *told, status=status))
    try:
        line, got, said = ask(gateway, request_of(b"POST", b"/v1/chat/completions", body=b"{}"))
    finally:
        upstream.answer = lambda asked, sock: sock.sendall(response(b"hello"))

    own = {b"date", b"server", b"connection"}  # of the server in front
    assert line.split()[1] == status.split()[0]
    assert [(n, v) for n, v in got if n.lower() not in own] == [
        *told,
        (b"content-length", b"%d" % len(body)),
    ]
    assert said == body


STREAM = b"".join(
    [b": hi\r\n\r\n", *chat(["caf\u00e9 ", "\u2028", "\U0001f600"]), b"data: {}\r\r", DONE]
)


@settings(max_examples=50)
@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=12, unique=True).map(sorted))
def test_a_stream_keeps_every_byte_however_it_is_cut(upstream, gateway, cuts):
    pieces = [STREAM[a:b] for a, b in pairwise([0, *cuts, len(STREAM)])]
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    def answer(asked, sock):
        sock.sendall(head)
        for piece in [*pieces, b""]:
            sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))

    upstream.answer = answer
    try:
        line, _, said = ask(gateway, request_of(b"POST", b"/v1/chat/completions", body=b"{}"))
    finally:
        upstream.answer = lambda asked, sock: sock.sendall(response(b"hello"))

    assert (line, said) == (b"HTTP/1.1 200 OK", STREAM)
