"""Headers, bodies and codings: what stays with a connection, what goes on, what can be set."""

from __future__ import annotations

import contextlib
import gzip
import queue
import socket
import ssl
import threading

import pytest
from support.certificates import Authority
from support.raw_http import ask, connected, raw_upstream, request_of, response
from support.servers import running
from support.streams import DONE, chat, chat_text

from streamward import Streamward
from streamward.gateway import Gateway, Retries
from streamward.gateway.transport import open_transport
from streamward.guardrails import Terms

OWN = {b"date", b"server", b"connection"}  # of the server in front
NAMES = Terms("NAME", ["jane.doe"])


@pytest.fixture(scope="module")
def upstream():
    with raw_upstream(lambda asked, sock: sock.sendall(response(b"hello"))) as server:
        yield server


@pytest.fixture(scope="module")
def gateway(upstream):
    with running(Streamward(Gateway(upstream.url)), lifespan="on") as url:
        yield url


# What belongs to one connection stays with it


def test_headers_about_a_connection_stay_with_it_both_ways(upstream, gateway):
    about = [
        (b"connection", b"X-Mine, x-other , content-type"),
        (b"keep-alive", b"timeout=5"),
        (b"proxy-authorization", b"Basic x"),
        (b"proxy-connection", b"keep-alive"),
        (b"te", b"trailers"),
        (b"trailer", b"x-sum"),
        (b"upgrade", b"h2c"),
        (b"x-mine", b"1"),
        (b"X-Other", b"2"),
    ]
    kept = [(b"content-type", b"application/json"), (b"x-kept", b"3")]
    told = [*about, (b"proxy-authenticate", b"Basic"), *kept]
    upstream.answer = lambda asked, sock: sock.sendall(response(b"{}", *told))
    try:
        _, got, said = ask(gateway, request_of(b"POST", b"/", [*about, *kept], b"{}"))
    finally:
        upstream.answer = lambda asked, sock: sock.sendall(response(b"hello"))

    host = (b"host", upstream.url[7:].encode())
    assert upstream.asked[-1].headers == [host, *kept, (b"content-length", b"2")]
    assert [(n, v) for n, v in got if n.lower() not in OWN] == [*kept, (b"content-length", b"2")]
    assert said == b"{}"


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_an_upload_goes_on_piece_by_piece(http):
    """The client sends its second chunk when the upstream has got the first."""
    got = queue.Queue[bytes]()

    def server(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            data = b""
            while not data.endswith(b"0\r\n\r\n"):
                data += (piece := sock.recv(65536))
                got.put(piece)
            sock.sendall(response(b"thanks"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=server, args=(listener,), daemon=True).start()
        app = Streamward(Gateway(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        with running(app, http, lifespan="on") as url, connected(url) as client:
            client.sendall(b"POST /v1/files HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n")
            client.sendall(b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
            assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            seen = b""
            for piece in (b"first", b"second"):
                client.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                while piece not in seen:
                    seen += got.get(timeout=20)
            client.sendall(b"0\r\n\r\n")
            answer = b""
            while more := client.recv(65536):
                answer += more

    head = seen.partition(b"\r\n\r\n")[0].lower()
    assert answer.endswith(b"\r\n\r\nthanks")
    assert b"transfer-encoding: chunked" in head
    assert b"expect" not in head


def test_a_length_beside_chunks_does_not_count(upstream):
    """Two lengths are how requests are smuggled (RFC 9112 §6.3): one leaves, and it is true."""
    request = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n"
    request += b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    before = len(upstream.asked)

    with running(Gateway(upstream.url), "h11", lifespan="on") as url:
        line, _, _ = ask(url, request)

    assert line.split()[1] == b"200"
    assert [asked.body for asked in upstream.asked[before:]] == [b"hello"]
    assert upstream.asked[-1].values("content-length") == []


@pytest.mark.parametrize(
    ("method", "answer", "status", "length"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b"200", [b"99"]),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", b"204", []),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", b"304", []),
        (b"GET", b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"200", [b"0"]),
    ],
)  # fmt: skip
def test_an_answer_without_a_body_stays_one(upstream, gateway, method, answer, status, length):
    upstream.answer = lambda asked, sock: sock.sendall(answer)
    try:
        line, got, said = ask(gateway, request_of(method, b"/"))
    finally:
        upstream.answer = lambda asked, sock: sock.sendall(response(b"hello"))

    assert (line.split()[1], said) == (status, b"")
    assert [value for name, value in got if name.lower() == b"content-length"] == length


# Compressed answers

FRAMES = b"".join([*chat(["Write to jane.doe", "@example.com."]), DONE])
CODED = {"gzip": gzip.compress(FRAMES), "br": b"\x0b\x02\x80hello\x03"}


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
def test_compressed_bytes_are_passed_on_as_they_are(coding, kind):
    """By the gateway alone; and by streamward, where the answer is no stream."""
    told = [(b"content-type", kind.encode()), (b"content-encoding", coding.encode())]
    answer = response(CODED[coding], *told)
    with raw_upstream(lambda asked, sock: sock.sendall(answer)) as upstream:
        gateway = Gateway(upstream.url)
        app = gateway if kind == "text/event-stream" else Streamward(gateway, guards=[NAMES])
        with running(app, lifespan="on") as url:
            asks = [(b"accept-encoding", b"gzip;q=0.5, br")]
            _, got, said = ask(url, request_of(b"GET", b"/", asks))

    assert said == CODED[coding]
    assert (b"content-encoding", coding.encode()) in got
    if app is gateway:
        assert upstream.asked[0].values("accept-encoding") == [b"gzip;q=0.5, br"]


@pytest.mark.parametrize(("coding", "status"), [("gzip", b"200"), ("br", b"502")])
def test_a_compressed_stream_is_read_or_refused_and_never_passes_unread(coding, status):
    told = [(b"content-type", b"text/event-stream"), (b"content-encoding", coding.encode())]
    answer = response(CODED[coding], *told)
    with raw_upstream(lambda asked, sock: sock.sendall(answer)) as upstream:
        app = Streamward(Gateway(upstream.url), guards=[NAMES])
        with running(app, lifespan="on") as url:
            asks = [(b"accept-encoding", b"gzip, br, zstd")]
            line, got, said = ask(url, request_of(b"GET", b"/v1/chat/completions", asks))

    assert line.split()[1] == status
    assert upstream.asked[0].values("accept-encoding") == [b"gzip"]
    assert not [value for name, value in got if name == b"content-encoding"]
    if coding == "gzip":
        assert chat_text(said) == "Write to <NAME>@example.com."
    else:
        assert b"unsupported_encoding" in said


# What can be set


def test_a_prefix_goes_before_every_path(upstream):
    with running(Gateway(f"{upstream.url}/openai/v1/"), lifespan="on") as url:
        ask(url, request_of(b"GET", b"/models/a%2Fb?x=1"))

    assert upstream.asked[-1].line == b"GET /openai/v1/models/a%2Fb?x=1 HTTP/1.1"


XFF = [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2")]
PROTO = (b"x-forwarded-proto", b"https")


@pytest.mark.parametrize(
    ("how", "came", "told"),
    [
        ("leave", [*XFF, PROTO], [*XFF, PROTO]),
        ("append", [], [PLAIN := (b"x-forwarded-proto", b"http"), HOST := (b"x-forwarded-host", b"chat.example.com"), (b"x-forwarded-for", b"127.0.0.1")]),
        ("append", [*XFF, PROTO], [(b"x-forwarded-for", b"1.1.1.1, 2.2.2.2, 127.0.0.1"), PROTO, HOST]),
        ("replace", [*XFF, PROTO, (b"forwarded", b"for=9")], [(b"x-forwarded-for", b"127.0.0.1"), PLAIN, HOST]),
    ],
)  # fmt: skip
def test_what_is_said_of_the_client_is_for_the_user_to_say(upstream, how, came, told):
    app = Gateway(upstream.url, forwarded=how, keep_host=True)
    with running(app, lifespan="on", proxy_headers=False) as url:
        ask(url, request_of(b"GET", b"/", came))

    assert upstream.asked[-1].headers == [(b"host", b"chat.example.com"), *told]


def test_headers_of_the_user_replace_those_of_the_client(upstream):
    app = Gateway(upstream.url, headers={"Authorization": "Bearer ours", "X-Team": "blue"})
    came = [(b"authorization", b"Bearer theirs"), (b"x-a", b"1"), (b"authorization", b"again")]
    with running(app, lifespan="on") as url:
        ask(url, request_of(b"GET", b"/", came))

    assert upstream.asked[-1].headers[1:] == [
        (b"authorization", b"Bearer ours"),
        (b"x-a", b"1"),
        (b"x-team", b"blue"),
    ]
    assert "ours" not in repr(app._rules)


def test_the_certificate_of_an_upstream_is_looked_at(tmp_path):
    """One that nobody vouches for is no upstream: 502."""
    authority = Authority(tmp_path)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(*authority.certificate("127.0.0.1"))

    def server(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                with contextlib.suppress(OSError), ours.wrap_socket(sock, server_side=True) as tls:
                    tls.recv(65536)
                    tls.sendall(response(b"hello"))

    trust = ssl.create_default_context(cafile=authority.file)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=server, args=(listener,), daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        once = Retries(attempts=1)
        with running(Gateway(url, retries=once), lifespan="on") as front:
            refused, _, _ = ask(front, request_of(b"GET", b"/"))
        with running(Gateway(url, transport=open_transport(trust)), lifespan="on") as front:
            believed, _, said = ask(front, request_of(b"GET", b"/"))

    assert (refused.split()[1], believed.split()[1], said) == (b"502", b"200", b"hello")
