"""Ways that differ from a plain one: HTTP/2, WSGI applications, HTTP/1.0 that does no harm."""

from __future__ import annotations

import json

import pytest
from support.asking import Remote
from support.certificates import Authority
from support.servers import running, served
from typer.testing import CliRunner

from streamward.cli import commands
from streamward.doctor import Echo

FAST = ["--frames", "8", "--pace", "0.05", "--silence", "0"]
FINE = "proxy_http_version 1.1; proxy_buffering off; gzip off;"


def report_of(*arguments: str) -> dict:
    result = CliRunner().invoke(commands(), ["doctor", *arguments, "--json"])
    return json.loads(result.stdout)


@pytest.mark.parametrize("asked", [[], ["--http1"]], ids=["offered", "declined"])
def test_http_2_is_spoken_where_it_is_offered(asked, front, echo, tmp_path):
    authority = Authority(tmp_path)
    url = front(echo, FINE, pair=authority.certificate("127.0.0.1"))

    report = report_of(url, *FAST, *asked, "--cacert", str(authority.file))

    bare_stream = report["through"]["bare"]
    assert bare_stream["http_version"] == ("HTTP/1.1" if asked else "HTTP/2")
    assert bare_stream["upstream_http_version"] == "1.1"
    assert bare_stream["connect"] > 0
    assert (report["through"]["death"]["end"], report["findings"]) == ("cut", [])


def test_a_held_stream_is_named_over_http_2_too(front, echo, tmp_path):
    authority = Authority(tmp_path)
    url = front(echo, "proxy_http_version 1.0;", pair=authority.certificate("127.0.0.1"))

    report = report_of(url, *FAST, "--cacert", str(authority.file))

    assert [one["code"] for one in report["findings"]] == ["http10_upstream"]
    assert report["through"]["bare"]["http_version"] == "HTTP/2"


@pytest.mark.parametrize("held", [False, True], ids=["fine", "held"])
def test_the_stream_of_a_wsgi_application_is_examined(held, front):
    with served("gunicorn-wsgi", "support.lockstep:wsgi") as upstream:
        remote = Remote(upstream)
        remote.allow_all()
        path = "/v1/chat?frames=20&pace=50"
        url = front(upstream, "proxy_http_version 1.0;" if held else FINE) + path
        arguments = ["--direct", upstream + path, "-H", f"x-stream: {remote.name}", "--once"]

        report = report_of(url, *arguments)

    assert [one["code"] for one in report["findings"]] == (["arrives_at_once"] if held else [])
    assert report["without_proxies"]["first"]["arrivals"] >= 12
    assert report["exit_code"] == int(held)


def test_an_echo_behind_http_1_0_that_does_no_harm_exits_1_as_documented(front):
    with running(Echo(), "httptools") as upstream:
        report = report_of(front(upstream, "proxy_http_version 1.0; proxy_buffering off;"), *FAST)

    assert [(one["code"], one["severity"]) for one in report["findings"]] == [
        ("http10_upstream", "risk")
    ]
    assert report["exit_code"] == 1
