"""Redis stopped, restarted, flushed, full or slow while it is used, in every deployment (P10)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from redis.crc import key_slot
from support.links import KINDS, linked
from support.redis_servers import Cluster, SentinelSet

from streamward.cache import RecordedFrame, Recording, RedisCache
from streamward.cache.link.script import Script
from streamward.errors import CacheFullError, CacheUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from support.redis_servers import RedisServer, Servers

    from streamward.cache.link.link import Link
    from streamward.cache.link.subscription import Subscription

PATIENT = 10.0  # seconds; nothing here is measured
TIMEOUT = 0.2

APPEND = Script("redis.call('APPEND', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])")
PUBLISH = Script("return redis.call(ARGV[1], ARGV[2], ARGV[3])")


class Outage:
    """A deployment of a test's own, and all processes that belong to it."""

    def __init__(self, form: str, servers: Servers) -> None:
        made: Any = {"single": lambda s: s.store(), "sentinel": SentinelSet, "cluster": Cluster}[
            form
        ](servers)
        self.url: str = made.url
        self.stores: list[RedisServer] = (
            [made] if form == "single" else [made.master] if form == "sentinel" else made.masters
        )
        self.all = [*self.stores, *getattr(made, "sentinels", []), *getattr(made, "replicas", [])]


@pytest.fixture(params=["single", "sentinel", "cluster"])
def outage(request: pytest.FixtureRequest, own_servers: Servers) -> Outage:
    return Outage(request.param, own_servers)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


async def reason_of(call: Awaitable[object]) -> str:
    async with asyncio.timeout(PATIENT):
        with pytest.raises(CacheUnavailableError) as caught:
            await call
    return caught.value.reason


async def item(heard: Subscription) -> bytes | None:
    async with asyncio.timeout(PATIENT):
        return await anext(heard)


async def message(heard: Subscription) -> bytes:
    while (found := await item(heard)) is None:
        pass
    return found


async def appended(link: Link, name: str) -> bytes:
    """Write, as often as it takes."""
    async with asyncio.timeout(PATIENT):
        while True:
            with contextlib.suppress(CacheUnavailableError):
                return await link.script(APPEND, [name], [b"x"], TIMEOUT)
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("connected", [True, False])
async def test_a_black_hole_costs_one_time_out(outage: Outage, connected: Any, kind: str) -> None:
    async with linked(outage.url, kind) as link:
        if connected:
            await link.script(APPEND, ["{a}"], [b"x"], PATIENT)
        for server in outage.all:
            server.pause()

        reasons = [await reason_of(link.script(APPEND, ["{a}"], [b"x"], TIMEOUT)) for _ in "123"]
        assert reasons == ["timeout", "paused", "paused"]


async def test_back_from_a_black_hole(outage: Outage, kind: str) -> None:
    async with linked(outage.url, kind, 0.05) as link:
        await link.script(APPEND, ["{a}"], [b"x"], PATIENT)
        for server in outage.all:
            server.pause()
        assert await reason_of(link.script(APPEND, ["{a}"], [b"x"], TIMEOUT)) == "timeout"
        for server in outage.all:
            server.resume()

        assert (await appended(link, "{a}")).startswith(b"xx")


@pytest.mark.parametrize("fault", ["pause", "kill"])
async def test_one_node_of_a_cluster(own_servers: Servers, fault: str, kind: str) -> None:
    """Those that are well are still asked, though their neighbour is not."""
    cluster = Cluster(own_servers, "--cluster-require-full-coverage", "no")
    names = [f"{{{number}}}" for number in range(40)]
    ill = [name for name in names if key_slot(name.encode()) < 5461]
    well = [name for name in names if name not in ill]
    async with linked(cluster.url, kind) as link:
        for name in names:
            await link.script(APPEND, [name], [b"x"], PATIENT)
        getattr(cluster.masters[0], fault)()

        first = await reason_of(link.script(APPEND, [ill[0]], [b"x"], TIMEOUT))
        for name in well:
            assert await link.script(APPEND, [name], [b"x"], PATIENT) == b"xx"
        later = {await reason_of(link.script(APPEND, [name], [b"x"], TIMEOUT)) for name in ill}
        assert first == {"pause": "timeout", "kill": "unreachable"}[fault]
        assert later == {"paused"}


async def test_restarted(outage: Outage, kind: str) -> None:
    """The script is unknown there, the subscription is gone, and a cluster's map is not."""
    async with linked(outage.url, kind, 0.02) as link, link.subscribe("{a}") as heard:
        assert await item(heard) is None
        assert await link.script(APPEND, ["{a}"], [b"x"], PATIENT) == b"x"
        for server in outage.stores:
            server.kill()
            server.start()

        assert await item(heard) is None
        assert await appended(link, "{a}")
        await link.script(PUBLISH, ["{a}"], [link.publish, "{a}", b"new"], PATIENT)
        assert await message(heard) == b"new"


async def test_flushed(outage: Outage, kind: str) -> None:
    async with linked(outage.url, kind) as link, link.subscribe("{a}") as heard:
        assert await item(heard) is None
        assert await link.script(APPEND, ["{a}"], [b"x"], PATIENT) == b"x"
        for server in outage.stores:
            server.ask("FLUSHALL")
            server.ask("SCRIPT", "FLUSH")

        assert await link.script(APPEND, ["{a}"], [b"x"], PATIENT) == b"x"
        await link.script(PUBLISH, ["{a}"], [link.publish, "{a}", b"still"], PATIENT)
        assert await message(heard) == b"still"


async def test_flushed_under_a_cache(outage: Outage) -> None:
    """What a purge stood for counts as purged, so no old mark comes back."""
    recording = Recording(200, (), (RecordedFrame(0, b"data: x\n\n"),), "openai", 1.5e9)
    cache = RedisCache(outage.url, timeout=PATIENT, write_timeout=PATIENT)
    secret, mark = await cache.secret(), await cache.epoch(b"me")
    await cache.put(bytes(32), recording, 60)
    for server in outage.stores:
        server.ask("FLUSHALL")

    assert await cache.get(bytes(32)) is None
    assert await cache.epoch(b"me") != mark
    assert await cache.secret() == secret
    await cache.put(bytes(32), recording, 60)
    assert await cache.get(bytes(32)) == recording
    await cache.close()


async def test_full(outage: Outage, kind: str) -> None:
    async with linked(outage.url, kind) as link:
        await link.script(APPEND, ["{a}"], [b"x"], PATIENT)
        for server in outage.stores:
            server.ask("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(CacheFullError):
            await link.script(APPEND, ["{a}"], [b"x"], PATIENT)

        assert await link.call(lambda redis: redis.get("{a}"), PATIENT) == b"x"
        async with link.subscribe("{a}") as heard:
            assert await item(heard) is None
            await link.script(PUBLISH, ["{a}"], [link.publish, "{a}", b"m"], PATIENT)
            assert await message(heard) == b"m"


async def test_evicting(own_redis: Any) -> None:
    """Anything may be gone at any moment, the secret and the marks too."""
    server = own_redis("--maxmemory-policy", "allkeys-lru")
    used = server.ask("INFO", "memory")["used_memory"]
    server.ask("CONFIG", "SET", "maxmemory", used + (2 << 20))
    cache = RedisCache(server.url, timeout=PATIENT, write_timeout=PATIENT)
    secret = await cache.secret()
    recordings = {
        number.to_bytes(32, "big"): Recording(
            200, (), (RecordedFrame(0, number.to_bytes(4, "big") * 16_384),), "openai", 1.5e9
        )
        for number in range(400)
    }
    for key, recording in recordings.items():
        await cache.epoch(key)
        await cache.put(key, recording, 60)
        server.ask("SET", f"ballast{key.hex()}", bytes(16_384))
    found = [await cache.get(key) for key in recordings]

    assert server.ask("INFO", "stats")["evicted_keys"] > 0
    assert None in found
    assert {
        frozenset([one]) <= {None, sent}
        for one, sent in zip(found, recordings.values(), strict=True)
    } == {True}
    assert await cache.secret() == secret
    await cache.close()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_far_away(redis_server: Any, protocol: int) -> None:
    """It takes longer to connect than a call may take. The next one finds it done."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * TIMEOUT)
        there = await asyncio.open_connection("127.0.0.1", redis_server.port)
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async with await asyncio.start_server(forward, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with linked(f"redis://127.0.0.1:{port}/0?protocol={protocol}", "loop", 0.02) as link:
            assert await reason_of(link.script(APPEND, ["far"], [b"x"], TIMEOUT)) == "timeout"
            assert await appended(link, "far")


async def test_slow(own_redis: Any, kind: str) -> None:
    server = own_redis()
    async with linked(server.url, kind, 0.02) as link:
        await link.script(APPEND, ["a"], [b"x"], PATIENT)
        server.ask("CLIENT", "PAUSE", 600)

        assert await reason_of(link.script(APPEND, ["a"], [b"x"], TIMEOUT)) == "timeout"
        assert (await appended(link, "a")).startswith(b"xx")


async def test_a_master_that_became_a_replica(own_servers: Servers, kind: str) -> None:
    """A service that fails over behind one address: the old connection refuses to write."""
    first, second = own_servers.store(), own_servers.store()
    async with linked(first.url, kind) as link:
        await link.script(APPEND, ["a"], [b"x"], PATIENT)
        first.ask("REPLICAOF", "127.0.0.1", second.port)
        before = first.ask("INFO", "stats")["total_connections_received"]

        assert await reason_of(link.call(lambda redis: redis.set("a", 1), PATIENT)) == "refused"
        assert first.ask("INFO", "stats")["total_connections_received"] > before + 1
