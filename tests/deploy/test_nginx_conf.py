"""The complete nginx.conf, as it is shipped and as it is written for a site."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import gunicorn.config
import httpx
import hypercorn
import pytest
import uvicorn
from granian.http import HTTP1Settings
from support.asking import BROKEN, Remote, asking, in_step
from support.nginx import accepts, kit, njs_module, version, write
from support.programs import missing
from support.servers import free_port

from streamward.deploy import EXAMPLE, KITS, render

NGINX = KITS["nginx"]
OWN = {"1.22"} if version() < (1, 25, 1) else set()
SITE = replace(
    EXAMPLE,
    host="llm.acme.test",
    upstreams=("10.0.0.1:9000", "[::1]:9001"),
    paths=("/v1/", "/chat", "/api/stream/"),
    heartbeat=20,
    longest=1800,
)
# A check of gixy that does not hold here, and why.
EXPLAINED: dict[str, str] = {}


@pytest.fixture(scope="module")
def nginx(h11, tmp_path_factory):
    with kit(tmp_path_factory.mktemp("nginx"), h11) as running:
        yield running


@pytest.fixture(scope="module")
def nginx_njs(h11, tmp_path_factory):
    if njs_module() is None:
        missing("libnginx-mod-http-js")
    with kit(tmp_path_factory.mktemp("nginx"), h11, variants={"njs"}) as running:
        yield running


def sorted_name(variants):
    """Name a set alike in every process."""
    return " ".join(sorted(variants)) or "plain"


@pytest.mark.parametrize("variants", [set(), {"wsgi"}, {"njs"}, {"wsgi", "njs"}], ids=sorted_name)
@pytest.mark.parametrize("site", [EXAMPLE, SITE], ids=["shipped", "written"])
def test_nginx_takes_the_files(tmp_path, site, variants):
    write(tmp_path, render(NGINX, site, OWN | variants), plain=free_port(), tls=free_port())

    said = accepts(tmp_path)

    assert said.returncode == 0, said.stderr
    warnings = [line for line in said.stderr.splitlines() if "[warn]" in line]
    assert all("open file resource limit" in line for line in warnings)  # the test's user's own


@pytest.mark.parametrize("site", [EXAMPLE, SITE], ids=["shipped", "written"])
@pytest.mark.parametrize("variants", [set(), {"1.22"}, {"wsgi"}, {"njs"}], ids=sorted_name)
def test_the_linter_finds_nothing(tmp_path, site, variants):
    for name, text in {**render(NGINX, site, variants), "mime.types": "types {}"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    gixy = Path(sys.executable).parent / "gixy"

    said = subprocess.run(
        [gixy, "-f", "json", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )

    found = [one for one in json.loads(said.stdout) if one["plugin"] not in EXPLAINED]
    assert found == []


def test_the_linter_sees_the_snippets(tmp_path):
    """It reads what is included: a fault there is found."""
    files = render(NGINX)
    files["streamward/to-app.conf"] += "proxy_set_header Host $http_host;\n"
    for name, text in {**files, "mime.types": "types {}"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    gixy = Path(sys.executable).parent / "gixy"

    said = subprocess.run(
        [gixy, "-f", "json", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )

    assert "host_spoofing" in {one["plugin"] for one in json.loads(said.stdout)}


@pytest.mark.parametrize("name", [name for name in render(NGINX) if name.endswith(".conf")])
def test_each_directive_says_why(name):
    """In the line above, behind it, or for several of the same name at once."""
    said, before = False, ""
    for line in map(str.strip, render(NGINX)[name].splitlines()):
        word = line.partition(" ")[0]
        if line.startswith("# "):
            said, before = True, ""
        elif line not in {"", "}", "events {", "http {"} and not line.startswith("##"):
            assert said or word == before or re.search(r"\s# \S", line), line
            said, before = False, word


def test_plain_http_leads_to_https(nginx):
    answer = httpx.get(f"{nginx.plain}/v1/chat?a=1", headers={"host": "evil.test"})

    assert (answer.status_code, answer.headers["location"]) == (
        301,
        "https://chat.example.com/v1/chat?a=1",
    )


def test_another_name_gets_no_certificate(nginx):
    with httpx.Client(verify=nginx.trust) as client, pytest.raises(httpx.ConnectError, match="SSL"):
        client.get(nginx.tls, extensions={"sni_hostname": "evil.test"})


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_each_frame_arrives_before_the_next_is_sent(nginx, h11, http):
    remote = Remote(h11)
    with asking(nginx, remote, "frames=10", http=http) as reader:
        assert in_step(reader, remote, 10) == 10

    headers = reader.response.headers
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["x-content-type-options"] == "nosniff"
    assert "retry-after" not in headers
    assert headers["server"] == "nginx"


def test_the_application_is_told_who_asks(nginx, h11):
    remote = Remote(h11)
    remote.allow_all()
    with asking(nginx, remote) as reader:
        reader.rest()

    told = remote.seen().headers
    assert told["host"] == EXAMPLE.host
    assert (told["x-forwarded-for"], told["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert "accept-encoding" not in told
    assert "connection" not in told
    assert any(line["id"] == told["x-request-id"] for line in lines(nginx))


def test_no_upgrade_but_that_of_a_websocket_gets_through(nginx, h11):
    """A tunnel of another protocol would pass by everything that is said here."""
    remote = Remote(h11)
    remote.allow_all()
    with asking(nginx, remote, headers={"upgrade": "h2c", "connection": "upgrade"}) as reader:
        reader.rest()

    assert not {"upgrade", "connection"} & remote.seen().headers.keys()


def test_connections_to_the_application_are_used_again(nginx, h11):
    ports = set()
    for _ in range(3):
        remote = Remote(h11)
        remote.allow_all()
        with asking(nginx, remote, "frames=1") as reader:
            reader.rest()
        ports.add(remote.seen().client[1])

    assert len(ports) < 3  # each of nginx's workers has its own


def test_nginx_lets_go_of_a_connection_before_the_application_does():
    """Else a POST is sent into a connection that is being closed, and fails with 502."""
    files = render(NGINX)
    asgi, wsgi = (
        int(re.search(r"keepalive_timeout (\d+)s;", files[f"streamward/upstream-{kind}.conf"])[1])
        for kind in ("asgi", "wsgi")
    )

    assert asgi < uvicorn.Config("app").timeout_keep_alive
    assert asgi < hypercorn.Config().keep_alive_timeout
    assert asgi < HTTP1Settings().header_read_timeout / 1000
    assert wsgi < gunicorn.config.Keepalive.default


def test_too_many_streams_are_refused_and_room_is_made_again(nginx, h11):
    remotes = [Remote(h11) for _ in range(17)]
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(asking(nginx, one)) for one in remotes]
        assert [reader.response.status_code for reader in readers] == [200] * 16 + [429]
        assert readers[-1].response.headers["retry-after"] == "2"
        assert remotes[-1].seen().asked == 0

    until(lambda: all(remote.seen().left for remote in remotes[:16]))
    late = Remote(h11)
    until(lambda: status(nginx, late) == 200)


def test_a_reload_lets_a_stream_end(nginx, h11):
    remote = Remote(h11)
    with asking(nginx, remote, "frames=10") as reader:
        assert in_step(reader, remote, 3) == 3
        nginx.process.send_signal(signal.SIGHUP)
        until(lambda: "reconfiguring" in (nginx.folder / "log/error.log").read_text())
        remote.allow_all()
        body = reader.rest()

    assert body.count(b"\n\n") == 10


def test_a_second_nginx_further_out_is_told_too(nginx, h11):
    """nginx eats the header unless it is told to pass it on."""
    with asking(nginx, Remote(h11), "marked=1") as reader:
        assert reader.response.headers["x-accel-buffering"] == "no"


def test_the_log_tells_a_client_that_left(nginx, h11):
    remote = Remote(h11)
    with asking(nginx, remote, path="/v1/left") as reader:
        in_step(reader, remote, 2)

    line = the_line(nginx, "/v1/left")
    assert (line["status"], line["end"], line["ttft_ms"]) == (200, "left", "")


def test_the_log_with_njs_has_the_first_token_and_the_end(nginx_njs, h11):
    broken, whole, left = Remote(h11), Remote(h11), Remote(h11)
    for remote in (broken, whole):
        remote.allow_all()
    with (
        asking(nginx_njs, broken, "breaks=4", path="/v1/broken") as reader,
        pytest.raises(BROKEN),
    ):
        reader.rest()
    with asking(nginx_njs, whole, "frames=5", path="/v1/whole", http="2") as reader:
        reader.rest()
    with asking(nginx_njs, left, path="/v1/left") as reader:
        assert in_step(reader, left, 7) == 7

    assert the_line(nginx_njs, "/v1/broken")["end"] == "truncated"
    assert the_line(nginx_njs, "/v1/whole")["end"] == "complete"
    line = the_line(nginx_njs, "/v1/left")
    assert line["end"] == "left"
    assert int(line["pieces"]) >= 7
    assert 0 <= int(line["ttft_ms"]) <= float(line["seconds"]) * 1000


def test_the_first_token_is_not_the_headers(nginx_njs, h11):
    """nginx's own time is that of the headers, which come long before a model's first token."""
    remote = Remote(h11)
    with asking(nginx_njs, remote, "late=1", path="/v1/late") as reader:
        time.sleep(0.3)  # the client has the headers, and the application may not go on yet
        remote.allow_all()
        reader.rest()

    line = the_line(nginx_njs, "/v1/late")
    assert int(line["ttft_ms"]) - float(line["headers"]) * 1000 >= 290


def lines(nginx) -> list[dict[str, str]]:
    return [json.loads(line) for line in nginx.log()]


def the_line(nginx, uri):
    """Return the line of a request; nginx writes it when the request is over."""
    until(lambda: any(line["uri"] == uri for line in lines(nginx)))
    return next(line for line in lines(nginx) if line["uri"] == uri)


def status(nginx, remote) -> int:
    remote.allow_all()
    with asking(nginx, remote) as reader:
        reader.rest()
    return reader.response.status_code


def until(happened) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
