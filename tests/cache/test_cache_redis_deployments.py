"""The same cache and link on one server, behind sentinels and in a cluster; RESP2 and RESP3."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING, Any

import pytest
import redis
from support.links import KINDS, linked

from streamward.cache import RecordedFrame, Recording, RedisCache
from streamward.cache.link.script import Script
from streamward.errors import CacheUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streamward.cache.link.link import Link
    from streamward.cache.link.subscription import Subscription

PATIENT = 10.0  # seconds; nothing here is measured

RECORDING = Recording(200, (), (RecordedFrame(0, b"data: x\n\n"),), "openai", 1.5e9)
KEYS = [bytes([number]) * 32 for number in range(30)]  # in a cluster on every node

APPEND = Script("redis.call('APPEND', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])")
PUBLISH = Script("return redis.call(ARGV[1], ARGV[2], ARGV[3])")

numbers = itertools.count()


@pytest.fixture(
    params=["redis_server", "redis_sentinel", "redis_cluster", "valkey", "valkey_cluster"]
)
def form(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["", "?protocol=3"], ids=["RESP2", "RESP3"])
def url(form: Any, request: pytest.FixtureRequest) -> str:
    return form.url + request.param


@pytest.fixture
def tag() -> str:
    return f"deployed{next(numbers)}"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def cache(url: str, tag: str, kind: str) -> AsyncIterator[RedisCache]:
    cache = RedisCache(url, prefix=tag, timeout=PATIENT, write_timeout=PATIENT)
    cache = cache.in_threads() if kind == "threads" else cache
    yield cache
    await cache.close()


@pytest.fixture
async def link(url: str, kind: str) -> AsyncIterator[Link]:
    async with linked(url, kind) as link:
        yield link


async def item(heard: Subscription) -> bytes | None:
    async with asyncio.timeout(PATIENT):
        return await anext(heard)


async def message(heard: Subscription) -> bytes:
    while (found := await item(heard)) is None:
        pass
    return found


def commands(form: Any, name: str) -> int:
    """Say how often a command was called, on all servers."""
    servers = getattr(form, "masters", None) or [getattr(form, "master", form)]
    counts = [server.ask("INFO", "commandstats").get(f"cmdstat_{name}") for server in servers]
    return sum(count["calls"] for count in counts if count)


def listening(server: Any) -> int:
    """Say how many connections have subscribed to something."""
    return server.ask("CLIENT", "LIST", "TYPE", "pubsub").count(b"\n")


async def test_all_that_a_cache_does(cache: RedisCache) -> None:
    assert len(await cache.secret()) == 32
    marks = [await cache.epoch(key) for key in KEYS]
    for key in KEYS:
        assert await cache.get(key) is None
        await cache.put(key, RECORDING, 60)
    assert [await cache.get(key) for key in KEYS] == [RECORDING] * len(KEYS)

    await cache.purge(scope=KEYS[0])
    assert [await cache.epoch(key) == mark for key, mark in zip(KEYS, marks, strict=True)] == [
        False,
        *[True] * (len(KEYS) - 1),
    ]
    await cache.delete(KEYS[0])
    assert await cache.get(KEYS[0]) is None


async def test_another_process_finds_the_same(cache: RedisCache, url: str, tag: str) -> None:
    secret, mark = await cache.secret(), await cache.epoch(b"me")
    other = RedisCache(url, prefix=tag, timeout=PATIENT)

    assert (await other.secret(), await other.epoch(b"me")) == (secret, mark)
    await other.close()


async def test_scripts_run_where_their_keys_are(link: Link, form: Any, tag: str) -> None:
    names = [f"{tag}:{{{number}}}" for number in range(20)]
    for name in names:
        assert await link.script(APPEND, [name], [b"\xff"], PATIENT) == b"\xff"
    sent = commands(form, "eval")

    assert await link.script(APPEND, [names[0]], [b"\x00"], PATIENT) == b"\xff\x00"
    assert commands(form, "eval") == sent


async def test_a_crowd_at_once(link: Link, tag: str) -> None:
    names = [f"{tag}:{{{number}}}" for number in range(300)]
    found = await asyncio.gather(*(link.script(APPEND, [n], [n], PATIENT) for n in names))

    assert found == [name.encode() for name in names]


async def test_what_a_script_publishes_is_heard(link: Link, tag: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        heard = {
            f"{tag}:{{{number}}}": await stack.enter_async_context(
                link.subscribe(f"{tag}:{{{number}}}")
            )
            for number in range(20)
        }
        for name, reader in heard.items():
            assert await item(reader) is None
            await link.script(PUBLISH, [name], [link.publish, name, name], PATIENT)

        assert [await item(reader) for reader in heard.values()] == [n.encode() for n in heard]


async def test_a_connection_for_each_server_at_most(link: Link, form: Any, tag: str) -> None:
    servers = getattr(form, "masters", None) or [getattr(form, "master", form)]
    before = [listening(server) for server in servers]
    async with contextlib.AsyncExitStack() as stack:
        for number in range(200):
            reader = await stack.enter_async_context(link.subscribe(f"{tag}:{{{number}}}"))
            await item(reader)
        during = [listening(server) for server in servers]

        assert during == [count + 1 for count in before]


async def test_one_slot_for_all_keys(redis_cluster: Any, tag: str, kind: str) -> None:
    async with linked(redis_cluster.url, kind) as link:
        with pytest.raises(CacheUnavailableError) as caught:
            await link.script(APPEND, [f"{tag}:a", f"{tag}:b"], [b"x"], PATIENT)

        assert caught.value.reason == "refused"
        assert await link.script(APPEND, [f"{tag}:a"], [b"x"], PATIENT) == b"x"
        assert await link.call(lambda redis: redis.xread({f"{tag}:x": 0}), PATIENT) in ([], {})


async def test_a_plain_url_of_one_node(redis_cluster: Any, tag: str, kind: str) -> None:
    """It works for one key in three, which must not look like success."""
    async with linked(redis_cluster.masters[0].url, kind) as link:
        reasons = []
        for number in range(20):
            try:
                await link.script(APPEND, [f"{tag}:{number}"], [b"x"], PATIENT)
            except CacheUnavailableError as error:
                reasons.append(error.reason)

    assert set(reasons) == {"refused"}


async def test_after_a_failover_of_sentinels(own_servers: Any, tag: str, kind: str) -> None:
    from support.redis_servers import SentinelSet

    servers = SentinelSet(own_servers)
    async with linked(servers.url, kind, 0.05) as link, link.subscribe(tag) as heard:
        assert await item(heard) is None
        await link.script(APPEND, [tag], [b"before"], PATIENT)
        servers.master.kill()

        assert await item(heard) is None  # heard again, from the new master
        await answered(link, tag)
        await link.script(PUBLISH, [tag], [link.publish, tag, b"after"], PATIENT)
        assert await message(heard) == b"after"
    assert servers.replica.ask("GET", tag).endswith(b"again")


async def test_a_sentinel_that_says_nothing_keeps_nobody_waiting(
    own_servers: Any, tag: str, kind: str
) -> None:
    from support.redis_servers import SentinelSet

    servers = SentinelSet(own_servers)
    servers.sentinels[0].pause()
    servers.sentinels[1].kill()
    async with linked(servers.url, kind) as link:
        assert await link.script(APPEND, [tag], [b"x"], PATIENT) == b"x"


async def answered(link: Link, name: str) -> None:
    """Write, as often as it takes."""
    async with asyncio.timeout(PATIENT):
        while True:
            try:
                await link.script(APPEND, [name], [b"again"], 0.5)
            except CacheUnavailableError:
                await asyncio.sleep(0.02)
            else:
                return


@pytest.mark.parametrize("fault", ["kill", "pause"])
async def test_after_a_failover_in_a_cluster(
    own_servers: Any, tag: str, fault: str, kind: str
) -> None:
    from support.redis_servers import Cluster

    servers = Cluster(own_servers, replica=True)
    name = next(n for n in map("{{{}}}".format, range(99)) if redis.crc.key_slot(n.encode()) < 5461)
    async with linked(servers.url, kind, 0.05) as link, link.subscribe(name) as heard:
        assert await item(heard) is None
        await link.script(APPEND, [name], [b"before"], PATIENT)
        getattr(servers.masters[0], fault)()

        await answered(link, name)
        if fault == "kill":  # the other is noticed by its silence, in more seconds than a test has
            assert await item(heard) is None
            await link.script(PUBLISH, [name], [link.publish, name, b"after"], PATIENT)
            assert await message(heard) == b"after"
    assert servers.nodes[3].ask("GET", name).endswith(b"again")


async def test_a_slot_that_moves(own_servers: Any, kind: str) -> None:
    """First half moved (ASK), then wholly (MOVED); whoever listens moves too."""
    from support.redis_servers import Cluster

    servers = Cluster(own_servers)
    name = "{moving}"
    slot = redis.crc.key_slot(name.encode())
    source, target, _ = sorted(
        servers.masters, key=lambda n: servers.masters.index(n) != slot // 5462
    )
    ids = {node: node.ask("CLUSTER", "MYID").decode() for node in servers.masters}
    async with linked(servers.url, kind) as link, link.subscribe(name) as heard:
        assert await item(heard) is None
        await link.script(APPEND, [f"{name}a"], [b"a"], PATIENT)
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])

        assert await link.script(APPEND, [f"{name}a"], [b"a"], PATIENT) == b"aa"  # still there
        assert await link.script(APPEND, [f"{name}b"], [b"b"], PATIENT) == b"b"  # there already
        source.ask("MIGRATE", "127.0.0.1", target.port, f"{name}a", 0, 5000)
        for node in (target, source, *servers.masters):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", ids[target])

        assert await link.script(APPEND, [f"{name}a"], [b"a"], PATIENT) == b"aaa"
        assert await item(heard) is None
        await link.script(PUBLISH, [name], [link.publish, name, b"after"], PATIENT)
        assert await message(heard) == b"after"
