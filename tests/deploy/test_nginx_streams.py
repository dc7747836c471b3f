"""Streams through the snippet, inside an nginx whose http block is set against them."""

from __future__ import annotations

import contextlib

import pytest
from support.asking import BROKEN, Remote, asking, in_step
from support.lockstep import frame
from support.nginx import HOSTILE, kit

FRAMES = 12


@pytest.fixture(scope="module")
def hostile(upstream, tmp_path_factory):
    with kit(tmp_path_factory.mktemp("nginx"), upstream, around=HOSTILE) as nginx:
        yield nginx


@pytest.mark.parametrize("http", ["1.1", "2"])
@pytest.mark.parametrize("size", [0, 9000], ids=["tokens", "large"])
def test_each_frame_arrives_before_the_next_is_sent(hostile, upstream, http, size):
    remote = Remote(upstream)
    with asking(hostile, remote, f"frames={FRAMES}&size={size}", http=http) as reader:
        assert in_step(reader, remote, FRAMES) == FRAMES
        body = reader.rest()

    assert reader.response.http_version == f"HTTP/{http}"
    assert "content-encoding" not in reader.response.headers
    assert body == b"".join(frame(remote.name, n, size) for n in range(FRAMES))
    assert remote.seen().ended


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_a_crash_is_seen_by_the_client(hostile, upstream, server, http):
    remote = Remote(upstream)
    remote.allow_all()
    # granian ends a broken WSGI answer as if it were whole, also without a proxy
    hidden = server == "granian-wsgi"
    seen = contextlib.nullcontext() if hidden else pytest.raises(BROKEN)
    with asking(hostile, remote, "frames=6&breaks=4", http=http) as reader, seen:
        reader.rest()

    assert reader.read == b"".join(frame(remote.name, n) for n in range(4))


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_a_leaving_client_stops_the_application(hostile, upstream, server, http):
    remote = Remote(upstream)
    with asking(hostile, remote, "frames=1000", http=http) as reader:
        in_step(reader, remote, 3)

    while not remote.seen().left:
        remote.allow()  # WSGI has no other way to notice than to send

    assert remote.seen().sent < 1000


def test_a_second_user_never_gets_the_first_ones_stream(hostile, upstream):
    first, second = Remote(upstream), Remote(upstream)
    bodies = []
    for remote in (first, second):
        remote.allow_all()
        with asking(hostile, remote, "frames=3") as reader:
            bodies.append(reader.rest())

    assert first.name.encode() in bodies[0]
    assert bodies[1] == b"".join(frame(second.name, n) for n in range(3))
    assert second.seen().asked == 1


def test_the_rest_of_that_nginx_is_as_hostile_as_it_says(hostile, upstream):
    """The same server, beside the snippet: it replays, so the tests above prove something."""
    first, second = Remote(upstream), Remote(upstream)
    bodies = []
    for remote in (first, second):
        remote.allow_all()
        with asking(
            hostile, remote, "frames=3", method="GET", path=f"/shared-{upstream[-5:]}"
        ) as reader:
            bodies.append(reader.rest())

    assert bodies[0] == bodies[1]
    assert second.seen().asked == 0
