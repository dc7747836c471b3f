"""WebSockets and silence through HAProxy, Envoy, Caddy and Apache."""

from __future__ import annotations

import asyncio

import pytest
from support.asking import BROKEN, Remote, asking, in_step
from support.lockstep import frame
from support.proxies import PROXIES, proxied
from support.servers import running, served
from support.streams import ScriptedApp
from websockets.asyncio.client import connect

from streamward import Policy, Streamward
from streamward.deploy import EXAMPLE

# The shipped limit on silence, and a short one in its place.
SHORT = {
    "haproxy": ("timeout server 75s", "timeout server 1s"),
    "envoy": (
        "idle_timeout: 75s\n                            # An",
        "idle_timeout: 1s\n                            # An",
    ),
    "caddy": ("read_timeout 75s", "read_timeout 1s"),
    "apache": ("timeout=75", "timeout=1"),
}
SILENT = [b"data: one\n\n", 3.0, b"data: two\n\n"]


@pytest.fixture(scope="module", params=PROXIES, ids=lambda proxy: proxy.name)
def proxy(request):
    return request.param


@pytest.fixture(scope="module")
def hypercorn():
    with served("hypercorn", "support.lockstep:app") as url:
        yield url


async def test_a_websocket_passes_on_the_same_path(proxy, hypercorn, tmp_path):
    with proxied(proxy, tmp_path, hypercorn) as front:
        remote = Remote(hypercorn)
        async with connect(
            f"wss://{EXAMPLE.host}/v1/chat?frames=5",
            host="127.0.0.1",
            port=int(front.tls.rpartition(":")[2]),
            ssl=front.trust,
            additional_headers={"x-stream": remote.name},
        ) as socket:
            for number in range(5):
                assert await asyncio.wait_for(socket.recv(), 10) == frame(remote.name, number)
                await asyncio.to_thread(remote.allow)


def test_silence_past_the_limit_is_cut_and_heartbeats_keep_it(proxy, hypercorn, tmp_path):
    (tmp_path / "alive").mkdir()
    with proxied(proxy, tmp_path, hypercorn, SHORT[proxy.name]) as front:
        remote = Remote(hypercorn)
        with asking(front, remote, "reads=1&frames=5") as reader:
            in_step(reader, remote, 1)
            reader.frame()
            with pytest.raises((*BROKEN, EOFError)):
                reader.frame()

    app = Streamward(ScriptedApp(SILENT), policy=Policy(heartbeat=0.2))
    with (
        running(app) as upstream,
        proxied(proxy, tmp_path / "alive", upstream, SHORT[proxy.name]) as front,
        asking(front, Remote(upstream)) as reader,
    ):
        assert reader.rest().endswith(SILENT[-1])
