"""HAProxy, Envoy, Caddy and Apache: the shipped file of each is valid, and lets streams through."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import replace

import pytest
from support.asking import BROKEN, Remote, asking, in_step
from support.lockstep import frame
from support.proxies import PROXIES, proxied, written
from support.servers import free_port

from streamward.deploy import EXAMPLE

FRAMES = 12
SITE = replace(
    EXAMPLE,
    host="llm.acme.test",
    upstreams=("10.0.0.1:9000", "[::1]:9001"),
    paths=("/v1/", "/chat", "/api/stream.json"),
    heartbeat=20,
    longest=1800,
)
# Releases that make a whole answer of a broken one, and for which clients. No setting helps.
HIDING = {"2.6.2": {("caddy", "1.1"), ("caddy", "2")}, "2.6.12": {("haproxy", "2")}}

# Lines that only open or close a block, or name what it is in Envoy's own long names.
_OPENS = re.compile(
    r"[{}]|(- )?[\w.]+:|handle.*|<[/IPV].*|(global|defaults|frontend .*|backend .*)"
    r"|(- )?name: [\w.]+|\"@type\": \S+|typed_config: \{ \"@type\": \S+ \}"
)


@pytest.fixture(scope="module", params=PROXIES, ids=lambda proxy: proxy.name)
def proxy(request):
    return request.param


@pytest.fixture(scope="module")
def front(proxy, h11, tmp_path_factory):
    with proxied(proxy, tmp_path_factory.mktemp(proxy.name), h11) as running:
        yield running


@pytest.mark.parametrize("site", [EXAMPLE, SITE], ids=["shipped", "written"])
def test_the_program_takes_the_file(proxy, site, tmp_path):
    proxy.write(tmp_path, written(proxy, site), free_port(), free_port())

    said = proxy.check(tmp_path)

    assert said.returncode == 0, said.stdout + said.stderr
    assert "warning" not in (said.stdout + said.stderr).lower()


@pytest.mark.parametrize("http", ["1.1", "2"])
@pytest.mark.parametrize("size", [0, 9000], ids=["tokens", "large"])
def test_each_frame_arrives_before_the_next_is_sent(front, h11, http, size):
    remote = Remote(h11)
    with asking(front, remote, f"reads=1&frames={FRAMES}&size={size}", http=http) as reader:
        assert in_step(reader, remote, FRAMES) == FRAMES
        body = reader.rest()

    assert reader.response.http_version == f"HTTP/{http}"
    assert "content-encoding" not in reader.response.headers
    assert body == b"".join(frame(remote.name, n, size) for n in range(FRAMES))
    assert "accept-encoding" not in remote.seen().headers


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_a_crash_is_seen_by_the_client_but_where_the_page_says_so(proxy, front, h11, http):
    remote = Remote(h11)
    hidden = (proxy.name, http) in HIDING.get(proxy.release(), ())
    seen = contextlib.nullcontext() if hidden else pytest.raises(BROKEN)
    with asking(front, remote, "reads=1&frames=6&breaks=4", http=http) as reader:
        assert reader.response.status_code == 200
        assert in_step(reader, remote, 2) == 2
        remote.allow_all()
        with seen:
            reader.rest()

    # A reset takes along what HTTP/2 had not sent yet.
    assert b"".join(frame(remote.name, n) for n in range(4)).startswith(reader.read)


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_a_leaving_client_stops_the_application(proxy, front, h11, http):
    remote = Remote(h11)
    with asking(front, remote, "reads=1&frames=1000", http=http) as reader:
        in_step(reader, remote, 3)

    if proxy.name == "apache":  # it looks at the client only when it has something for it
        remote.allow()
        remote.allow()
    assert happens(lambda: remote.seen().left)
    assert remote.seen().sent < 8


def test_a_second_user_never_gets_the_first_ones_stream(front, h11):
    first, second = Remote(h11), Remote(h11)
    for remote in (first, second):
        remote.allow_all()
        with asking(front, remote, "reads=1&frames=3", method="GET") as reader:
            assert reader.rest() == b"".join(frame(remote.name, n) for n in range(3))

    assert second.seen().asked == 1


def test_the_application_is_told_who_asks(front, h11):
    remote = Remote(h11)
    remote.allow_all()
    with asking(front, remote, "reads=1", headers={"x-forwarded-for": "10.9.9.9"}) as reader:
        reader.rest()

    told = remote.seen().headers
    assert (told["host"], told["x-forwarded-proto"]) == (EXAMPLE.host, "https")
    assert not told["x-forwarded-for"].endswith("10.9.9.9")  # the last address is the proxy's word
    assert "max-age" in reader.response.headers["strict-transport-security"]


def test_each_directive_says_why(proxy):
    """In the line above, or for several of the same name at once."""
    said, before = False, ""
    for line in map(str.strip, written(proxy, EXAMPLE).splitlines()):
        word = line.removeprefix("- ").partition(" ")[0]
        if line.startswith("# "):
            said, before = True, ""
        elif not line or line.startswith("##"):
            before = ""
        elif not _OPENS.fullmatch(line):
            assert said or word == before, line
            said, before = False, word


def test_haproxy_refuses_streams_that_are_too_many(h11, tmp_path):
    few = ("be_conn(streams) gt 4096", "be_conn(streams) gt 2")
    with (
        proxied(PROXIES[0], tmp_path, h11, few) as front,
        contextlib.ExitStack() as stack,
    ):
        readers = [stack.enter_context(asking(front, Remote(h11), "reads=1")) for _ in range(3)]

        assert [reader.response.status_code for reader in readers] == [200, 200, 429]
        assert readers[-1].response.headers["retry-after"] == "2"


def test_caddy_with_the_popular_flush_interval_tells_a_silent_application_nothing(h11, tmp_path):
    popular = ("header_up -Accept-Encoding", "flush_interval -1")
    remote = Remote(h11)
    with proxied(PROXIES[2], tmp_path, h11, popular) as front:
        with asking(front, remote, "reads=1&frames=60") as reader:
            in_step(reader, remote, 3)

        assert not happens(lambda: remote.seen().left, within=2)
        remote.allow_all()


def happens(what, within=10) -> bool:
    deadline = time.monotonic() + within
    while not (seen := what()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen
