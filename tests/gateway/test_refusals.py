"""What a gateway does not pass on: nothing reaches another server, and no path above the prefix."""

from __future__ import annotations

import json

import pytest
from support.raw_http import RawUpstream, ask, raw_upstream, response
from support.servers import Http, running
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from streamward import Streamward
from streamward.errors import ConfigurationError, NotForwardedError
from streamward.gateway import Gateway
from streamward.gateway.headers import added_headers
from streamward.gateway.upstream import Upstream


@pytest.fixture
def upstream():
    with raw_upstream(lambda asked, sock: sock.sendall(response(b"hello"))) as server:
        yield server


@pytest.fixture
def elsewhere():
    with raw_upstream(lambda asked, sock: sock.sendall(response(b"elsewhere"))) as server:
        yield server


def line_of(target: str, method: str = "GET", host: str = "a") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


TARGETS = [
    "http://{0}/x",
    "//{0}/x",
    "///{0}/x",
    "/http://{0}/x",
    "/@{0}/",
    "/\\{0}/",
    "/x?u=http://{0}/",
]


@pytest.mark.parametrize("http", ["h11", "httptools"])
@pytest.mark.parametrize("target", [*TARGETS, "HTTP://{0}", "/%0d%0aHost:%20{0}/", "/%2f%2f{0}/"])
def test_no_target_leads_to_another_server(
    upstream: RawUpstream, elsewhere: RawUpstream, http: Http, target: str
):
    other = elsewhere.url.removeprefix("http://")

    with running(Gateway(upstream.url), http, lifespan="on") as url:
        line, _, said = ask(url, line_of(target.format(other), host=other))

    assert not elsewhere.asked
    assert (line.split()[1], said) == (b"200", b"hello") or line.split()[1] == b"400"
    for asked in upstream.asked:
        assert asked.line.split()[1].startswith(b"/")
        assert asked.values("host") == [upstream.url[7:].encode()]


def test_an_absolute_target_is_refused_in_the_shape_of_the_api(upstream: RawUpstream):
    with running(Gateway(upstream.url), lifespan="on") as url:
        line, headers, said = ask(url, line_of("http://other.example.com/v1/messages"))

    assert line.split()[1] == b"400"
    assert (b"content-type", b"application/json") in headers
    error = {"type": "invalid_request_error", "message": "This request is not passed on."}
    assert json.loads(said) == {"type": "error", "error": {**error, "code": "not_forwarded"}}
    assert not upstream.asked


CLIMBING = [
    "/../admin", "/a/../../admin", "/..", "/%2e%2e/admin", "/.%2E/admin", "/a/..%2f..%2fadmin",
    "/..\\admin", "/%252e%252e/admin", "/..;x=1/admin", "/%2e%2e%5cadmin", "/a/..;/admin",
]  # fmt: skip


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_leaves_the_prefix(path):
    scope = {"raw_path": path.encode(), "path": path, "query_string": b""}

    with pytest.raises(NotForwardedError) as caught:
        Upstream("http://127.0.0.1:1/api/v1").target(scope)

    assert caught.value.reason == "target"
    assert Upstream("http://127.0.0.1:1").target(scope) == path.encode()  # nothing to leave


@pytest.mark.parametrize("path", ["/..a/b", "/a..b", "/...", "/a%2e/b", "/.", "/a/./b", "/%zz"])
def test_other_dots_stay_as_they_are(path):
    scope = {"raw_path": path.encode(), "path": path, "query_string": b"..=/../"}

    target = Upstream("https://example.com/api/").target(scope)

    assert target == b"/api" + path.encode() + b"?..=/../"


def test_a_mount_does_not_count_and_a_missing_raw_path_is_made():
    upstream = Upstream("http://example.com")
    mounted = {"raw_path": b"/llm/v1/a%2Fb", "path": "/llm/v1/a/b", "root_path": "/llm"}

    assert upstream.target(mounted) == b"/v1/a%2Fb"
    assert upstream.target({"raw_path": b"/llm", "path": "/llm", "root_path": "/llm"}) == b"/"
    assert upstream.target({"path": "/v1/ü x"}) == b"/v1/%C3%BC%20x"


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_methods_that_would_make_a_tunnel_or_show_keys_are_refused(upstream: RawUpstream, method):
    app = Streamward(Gateway(upstream.url, headers={"Authorization": "Bearer secret"}))
    with running(app, lifespan="on") as url:
        line, _, _ = ask(url, line_of("/", method))

    assert line.split()[1] == b"501"
    assert not upstream.asked


@pytest.mark.parametrize("ws", ["websockets-sansio", "wsproto"])
@pytest.mark.parametrize("guarded", [False, True])
def test_a_websocket_is_refused_with_501(upstream: RawUpstream, ws, guarded):
    gateway = Gateway(upstream.url)
    app = Streamward(gateway) if guarded else gateway
    with (
        running(app, ws=ws, lifespan="on") as url,
        pytest.raises(InvalidStatus) as caught,
        connect(url.replace("http", "ws") + "/v1/realtime"),
    ):
        pass

    assert caught.value.response.status_code == 501
    assert json.loads(caught.value.response.body)["error"]["code"] == "not_forwarded"


@pytest.mark.parametrize(
    "url",
    [
        "", "localhost:8000", "ftp://example.com", "http://", "http://:80", "http://a b/", "//example.com",
        "http://example.com/?x=1", "http://example.com#x", "http://example.com:99999", "http://a:0",
        "http://user:pass@example.com", "http://user@example.com", "http://exämple.com", "http://a\r\nb",
    ],
)  # fmt: skip
def test_what_is_no_url_of_a_server_is_said_at_once(url):
    with pytest.raises(ConfigurationError) as caught:
        Gateway(url)

    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize(
    "headers",
    [
        {"Connection": "close"}, {"host": "a"}, {"Content-Length": "1"}, {"a b": "c"}, {"": "c"},
        {"X-A": "secret\r\nX-B: c"}, {"X-A": " secret"}, {"X-A": "secr\u00e9t"},
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_added_is_said_at_once_and_not_shown(headers):
    with pytest.raises(ConfigurationError) as caught:
        added_headers(headers)

    assert "secr" not in str(caught.value)


@pytest.mark.parametrize("setting", [{"forwarded": "trust"}])
def test_settings_that_cannot_work_are_said_at_once(setting):
    with pytest.raises(ConfigurationError):
        Gateway("http://example.com", **setting)
