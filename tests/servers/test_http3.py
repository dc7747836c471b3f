"""HTTP/3 under hypercorn, the one server that speaks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.certificates import Authority
from support.http3 import connected
from support.multiplexed import cancelled
from support.servers import free_udp_port, served
from support.streams import chat_text


@dataclass(frozen=True)
class Hypercorn:
    """Where it listens, whom to trust, and the folder that it runs in."""

    port: int
    authority: Path
    folder: Path

    def client(self):
        return connected(self.port, self.authority)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Hypercorn]:
    folder = tmp_path_factory.mktemp("hypercorn")
    authority = Authority(folder)
    certificate, key = authority.certificate("127.0.0.1")
    port = free_udp_port()
    quic = ["--quic-bind", f"127.0.0.1:{port}"]
    tls = ["--certfile", str(certificate), "--keyfile", str(key)]
    with served("hypercorn", "support.multiplexed:app", *quic, *tls, folder=folder):
        yield Hypercorn(port, authority.file, folder)


async def test_a_secret_never_leaves(server):
    async with server.client() as client:
        version, stream = client.get("/version"), client.get("/edited")
        await client.read_until(lambda: {version, stream} <= client.ended)

    assert client.bodies[version] == b'"3"'
    assert chat_text(client.bodies[stream]) == "My key is <SECRET> and more."
    assert client.headers[stream]["x-accel-buffering"] == "no"
    assert not {"connection", "keep-alive", "transfer-encoding"} & client.headers[stream].keys()


async def test_a_failure_in_the_middle_is_told_and_ends_its_stream_alone(server):
    async with server.client() as client:
        other, stream = client.get("/endless/beside"), client.get("/fails")
        await client.read_until(lambda: stream in client.ended)
        came = len(client.bodies[other])
        await client.read_until(lambda: len(client.bodies[other]) > came)
        client.reset(other)

    assert b'"code":"upstream_error"' in client.bodies[stream]
    assert b"secret reason" not in client.bodies[stream]
    assert other not in client.ended


@pytest.mark.parametrize("kind", ["endless", "silent"])
async def test_a_reset_cancels_the_application_of_its_stream_alone(server, kind):
    """hypercorn does not tell: it is noticed when something is sent, a heartbeat at the latest."""
    name, other = f"{kind}-left", f"{kind}-stays"
    async with server.client() as client:
        left, stays = client.get(f"/{kind}/{name}"), client.get(f"/endless/{other}")
        await client.read_until(lambda: client.bodies[left] != b"" and client.bodies[stays] != b"")
        client.reset(left)
        await client.read_until(lambda: name in cancelled(server.folder))
        came = len(client.bodies[stays])
        await client.read_until(lambda: len(client.bodies[stays]) > came)

        assert other not in cancelled(server.folder)
