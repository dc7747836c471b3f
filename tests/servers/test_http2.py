"""HTTP/2: streams that share a connection, under each server that speaks it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.http2 import connected
from support.multiplexed import cancelled
from support.servers import served
from support.streams import chat_text

SERVERS = ["hypercorn", "uvicorn-http2", "granian-http2"]
BROKEN = {"hypercorn": "whole", "uvicorn-http2": "reset", "granian-http2": "reset"}


@pytest.fixture(params=SERVERS, scope="module")
def server(request, tmp_path_factory) -> Iterator[tuple[str, str, Path]]:
    """Yield the name of a server, its URL, and the folder that it runs in."""
    folder = tmp_path_factory.mktemp(request.param)
    with served(request.param, "support.multiplexed:app", folder=folder) as url:
        yield request.param, url, folder


def test_a_secret_never_leaves(server):
    _, url, _ = server
    with connected(url) as client:
        version, stream = client.get("/version"), client.get("/edited")
        client.read_until(lambda: {version, stream} <= client.ended.keys())

    assert client.bodies[version] == b'"2"'
    assert chat_text(client.bodies[stream]) == "My key is <SECRET> and more."
    assert client.ended[stream] == "whole"
    assert client.headers[stream]["x-accel-buffering"] == "no"
    assert not {"connection", "keep-alive", "transfer-encoding"} & client.headers[stream].keys()


def test_a_failure_in_the_middle_is_told_and_ends_its_stream_alone(server):
    name, url, _ = server
    with connected(url) as client:
        other, stream = client.get("/endless/beside"), client.get("/fails")
        client.read_until(lambda: stream in client.ended)
        came = len(client.bodies[other])
        client.read_until(lambda: len(client.bodies[other]) > came)

    assert b'"code":"upstream_error"' in client.bodies[stream]
    assert b"secret reason" not in client.bodies[stream]
    assert client.ended[stream] == BROKEN[name]
    assert other not in client.ended


@pytest.mark.parametrize("kind", ["endless", "silent"])
def test_a_reset_cancels_the_application_of_its_stream_alone(server, kind):
    _, url, folder = server
    name, other = f"{kind}-left", f"{kind}-stays"
    with connected(url) as client:
        left, stays = client.get(f"/{kind}/{name}"), client.get(f"/endless/{other}")
        client.read_until(lambda: client.bodies[left] != b"" and client.bodies[stays] != b"")
        client.reset(left)
        client.read_until(lambda: name in cancelled(folder))
        came = len(client.bodies[stays])
        client.read_until(lambda: len(client.bodies[stays]) > came)

        assert other not in cancelled(folder)


@pytest.mark.parametrize("server", ["hypercorn", "uvicorn-http2"], indirect=True)
def test_closing_the_connection_cancels_every_stream(server):
    _, url, folder = server
    with connected(url) as client:
        streams = [client.get("/endless/one"), client.get("/endless/two")]
        client.read_until(lambda: all(client.bodies[stream] for stream in streams))

    until(lambda: {"one", "two"} <= cancelled(folder))


def until(true) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
