"""The user that the how-to page describes can do all that is needed, and nothing else."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.links import KINDS, linked
from support.programs import valkey_server
from support.redis_servers import Cluster

from streamward.cache import (
    Follower,
    Head,
    RecordedFrame,
    Recording,
    RedisCache,
    Running,
    encode,
)
from streamward.cache.breaker import Breaker
from streamward.cache.link.script import Script
from streamward.cache.redis_link import RedisLink
from streamward.errors import CacheUnavailableError, OverQuotaError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from support.redis_servers import RedisServer, Servers

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/cache-with-redis.md").read_text()
REDIS, SENTINEL = re.findall(r"^ACL SETUSER (streamward on >password .*)$", PAGE, re.MULTILINE)

PATIENT = 10.0  # seconds; nothing here is measured
KEY = bytes(range(32))
RECORDING = Recording(200, (), (RecordedFrame(0, b"data: x\n\n"),), "openai", 1.5e9)
SIZE = len(KEY) + len(encode(RECORDING))
PUBLISH = Script("return redis.call(ARGV[1], ARGV[2], 'x')")


def admit(*servers: RedisServer, line: str = REDIS) -> None:
    """Make the user, and take all rights from everybody else but those who ask for tests."""
    for server in servers:
        assert server.ask("ACL", "SETUSER", *line.split()) in {b"OK", True}


def as_user(url: str) -> str:
    return url.replace("://", "://streamward:password@")


async def an_answer_is_shared(url: str) -> None:
    """One process leads, another follows, and each command of that is allowed."""
    one, other = (RedisCache(url, timeout=PATIENT, write_timeout=PATIENT) for _ in range(2))
    lease = await one.claim(KEY, max_bytes=1000)
    running = await other.claim(KEY, max_bytes=1000)
    assert not isinstance(lease, Recording | Running)
    assert isinstance(running, Running)
    lease.running.begin(Head(200, (), b""))
    lease.running.add(b"data: x\n\n", 0.0)
    with Follower(running) as follower:
        async with asyncio.timeout(PATIENT):
            assert [frame.data for frame in await follower.frames()] == [b"data: x\n\n"]
            lease.running.end("complete")
            assert await follower.frames() == []
    await lease._renew()
    await other.stop(KEY, running.generation)
    await lease.finish(None, 0)
    await one.close()
    await other.close()


async def all_works(url: str) -> None:
    await a_cache_works(RedisCache(url, timeout=PATIENT, write_timeout=PATIENT))
    await a_cache_works(RedisCache(url, timeout=PATIENT, write_timeout=PATIENT).in_threads())
    await an_answer_is_shared(url)
    name = "streamward:{a}"
    for kind in KINDS:
        async with linked(url, kind) as link, link.subscribe(name) as heard:
            async with asyncio.timeout(PATIENT):
                assert await anext(heard) is None
                await link.script(PUBLISH, [name], [link.publish, name], PATIENT)
                assert await anext(heard) == b"x"


async def a_cache_works(cache: RedisCache) -> None:
    assert await cache.secret()
    assert await cache.epoch(b"me")
    await cache.put(KEY, RECORDING, 60)
    assert await cache.get(KEY) == RECORDING
    await cache.put(KEY, RECORDING, 60, quota=SIZE)
    with pytest.raises(OverQuotaError):
        await cache.put(bytes(32), RECORDING, 60, quota=SIZE)
    await cache.put(KEY, RECORDING, 60)
    await cache.purge()
    await cache.delete(KEY)
    assert await cache.get(KEY) is None
    await cache.close()


async def refused(call: Awaitable[object]) -> None:
    with pytest.raises(CacheUnavailableError) as caught:
        await call
    assert caught.value.reason == "refused"


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("database", [0, 1])
async def test_one_server(own_redis: Any, protocol: int, database: int) -> None:
    server = own_redis()
    admit(server)

    await all_works(f"{as_user(server.url)[:-1]}{database}?protocol={protocol}")


async def test_valkey(own_redis: Any) -> None:
    server = own_redis(binary=valkey_server())
    admit(server, line=f"{REDIS} +client|setinfo")

    await all_works(f"{as_user(server.url)}?protocol=3")
    assert not [entry for entry in server.ask("ACL", "LOG") if "setinfo" in entry["object"]]


async def test_sentinels(own_servers: Servers) -> None:
    master = own_servers.store()
    sentinel = own_servers.sentinel(f"sentinel monitor mymaster 127.0.0.1 {master.port} 1\n")
    admit(master)
    admit(sentinel, line=SENTINEL)
    url = as_user(f"redis+sentinel://127.0.0.1:{sentinel.port}/mymaster/0")
    sentinel.ask("ACL", "SETUSER", "default", "resetpass", ">secret")

    await all_works(f"{url}?sentinel_username=streamward&sentinel_password=password")


async def test_a_cluster(own_servers: Servers) -> None:
    cluster = Cluster(own_servers)
    admit(*cluster.nodes)

    await all_works(as_user(cluster.url))


async def test_nothing_else(own_redis: Any) -> None:
    server = own_redis()
    admit(server)
    link = RedisLink(as_user(server.url), Breaker(60.0))

    await refused(link.call(lambda redis: redis.get("other:key"), PATIENT))
    await refused(link.call(lambda redis: redis.flushall(), PATIENT))
    await refused(link.call(lambda redis: redis.keys("*"), PATIENT))
    await refused(link.script(PUBLISH, ["streamward:a"], ["PUBLISH", "other"], PATIENT))
    async with link.subscribe("other") as heard, asyncio.timeout(PATIENT):
        await refused(anext(heard))
    await link.close()


def test_every_command_of_a_script_is_allowed() -> None:
    called = {
        name.lower()
        for path in (ROOT / "cache").rglob("*.py")
        for name in re.findall(r"redis\.p?call\('([A-Z]+)'", path.read_text())
    }

    assert {f"+{name}" for name in called} <= set(REDIS.split())


async def test_a_wrong_password(own_redis: Any) -> None:
    server = own_redis()
    admit(server)
    link = RedisLink(server.url.replace("://", "://streamward:wrong@"), Breaker(60.0))
    with pytest.raises(CacheUnavailableError) as caught:
        await link.call(lambda redis: redis.get("streamward:a"), PATIENT)

    assert caught.value.reason in {"refused", "unreachable"}
    await link.close()
