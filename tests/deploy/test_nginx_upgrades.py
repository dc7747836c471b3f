"""WebSockets and gRPC through the shipped files."""

from __future__ import annotations

import asyncio

import pytest
from support.asking import Remote, asking, in_step
from support.lockstep import frame
from support.nginx import kit
from support.servers import served
from websockets.asyncio.client import connect

from streamward.deploy import EXAMPLE


@pytest.fixture(scope="module")
def hypercorn():
    """It speaks HTTP/2 without TLS too, as gRPC servers do."""
    with served("hypercorn", "support.lockstep:app") as url:
        yield url


@pytest.fixture(scope="module")
def nginx(hypercorn, tmp_path_factory):
    grpc = hypercorn.removeprefix("http://")
    with kit(tmp_path_factory.mktemp("nginx"), hypercorn, grpc=grpc) as running:
        yield running


async def test_a_websocket_passes_on_the_same_path(nginx, hypercorn):
    remote = Remote(hypercorn)
    async with connect(
        f"wss://{EXAMPLE.host}/v1/chat?frames=5",
        host="127.0.0.1",
        port=int(nginx.tls.rpartition(":")[2]),
        ssl=nginx.trust,
        additional_headers={"x-stream": remote.name},
    ) as socket:
        for number in range(5):
            assert await asyncio.wait_for(socket.recv(), 10) == frame(remote.name, number)
            await asyncio.to_thread(remote.allow)


def test_grpc_frames_arrive_one_by_one(nginx, hypercorn):
    remote = Remote(hypercorn)
    with asking(nginx, remote, "frames=10&size=9000", http="2", path="/chat.v1.Chat/Say") as reader:
        assert in_step(reader, remote, 10) == 10
        reader.rest()

    assert remote.seen().ended


def test_a_client_that_leaves_a_grpc_call_stops_it(nginx, hypercorn):
    remote = Remote(hypercorn)
    with asking(nginx, remote, "frames=1000", http="2", path="/chat.v1.Chat/Say") as reader:
        in_step(reader, remote, 3)

    while not remote.seen().left:
        remote.allow()
    assert remote.seen().sent < 1000
