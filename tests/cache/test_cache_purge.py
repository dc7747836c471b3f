"""A purge changes the mark of a scope, or of all, in every process, and names nobody."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import pytest
import redis

from streamward.cache import (
    SHARED,
    Cache,
    MemoryCache,
    RecordedFrame,
    Recording,
    RedisCache,
    scope_of,
    scope_of_principal,
)
from streamward.errors import CacheUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ALICE, BOB = scope_of_principal("alice"), scope_of_principal("bob")
SECRET = b"0123456789abcdef"
PATIENT = 10.0
numbers = itertools.count()


@pytest.fixture
def prefix() -> str:
    return f"purge{next(numbers)}"


@pytest.fixture
def raw(redis_server: Any) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as client:
        yield client


def store_in(url: str, prefix: str) -> RedisCache:
    return RedisCache(url, prefix=prefix, secret=SECRET, timeout=PATIENT, write_timeout=PATIENT)


@pytest.fixture
async def shared(redis_server: Any, prefix: str) -> AsyncIterator[RedisCache]:
    cache = store_in(redis_server.url, prefix)
    yield cache
    await cache.close()


@pytest.fixture(params=["memory", "redis"])
def cache(request: Any, shared: RedisCache) -> Cache:
    return MemoryCache() if request.param == "memory" else shared


async def test_a_mark_stays_until_its_scope_is_purged(cache: Cache) -> None:
    alice, bob = await cache.epoch(ALICE), await cache.epoch(BOB)
    assert await cache.epoch(ALICE) == alice

    await cache.purge(scope=ALICE)

    assert await cache.epoch(ALICE) != alice
    assert await cache.epoch(BOB) == bob


async def test_a_purge_of_all_changes_every_mark(cache: Cache) -> None:
    before = [await cache.epoch(scope) for scope in (ALICE, BOB, SHARED)]

    await cache.purge()

    after = [await cache.epoch(scope) for scope in (ALICE, BOB, SHARED)]
    assert not set(before) & set(after)


async def test_no_mark_comes_back(cache: Cache) -> None:
    seen = [await cache.epoch(ALICE)]
    for scope in (ALICE, None, ALICE, ALICE, None):
        await cache.purge(scope=scope)
        seen.append(await cache.epoch(ALICE))

    assert len(set(seen)) == 6


async def test_memory_is_freed_by_a_purge_of_all() -> None:
    cache = MemoryCache()
    await cache.put(b"k", Recording(200, (), (RecordedFrame(0, b"x"),), "d", 1e9), 60)

    await cache.purge()

    assert (len(cache), cache.size) == (0, 0)


async def test_purges_of_many_scopes_are_bounded() -> None:
    """Past the bound all is purged, which is safe; the marks do not pile up."""
    cache = MemoryCache(max_entries=3)
    await cache.purge(scope=ALICE)
    mark = await cache.epoch(ALICE)
    for number in range(20):
        before = await cache.epoch(b"%d" % number)
        await cache.purge(scope=b"%d" % number)
        assert await cache.epoch(b"%d" % number) != before

    assert await cache.epoch(ALICE) != mark
    assert len(cache._purged) <= 3


async def test_every_process_sees_a_purge_at_once(
    shared: RedisCache, redis_server: Any, prefix: str
) -> None:
    other = store_in(redis_server.url, prefix)
    before = await other.epoch(ALICE)
    assert await shared.epoch(ALICE) == before

    await shared.purge(scope=ALICE)

    assert await other.epoch(ALICE) == await shared.epoch(ALICE) != before
    await other.close()


async def test_all_agree_on_the_first_mark(redis_server: Any, prefix: str) -> None:
    caches = [store_in(redis_server.url, prefix) for _ in range(8)]

    marks = await asyncio.gather(*(cache.epoch(ALICE) for cache in caches))

    assert len(set(marks)) == 1
    for cache in caches:
        await cache.close()


async def test_a_lost_mark_counts_as_a_purge(
    shared: RedisCache, raw: redis.Redis, prefix: str
) -> None:
    """Redis may evict it, after a purge too: what was purged must not come back."""
    before = await shared.epoch(ALICE)
    await shared.purge(scope=ALICE)
    raw.delete(*raw.keys(f"{prefix}:{{epochs}}:*"))

    assert await shared.epoch(ALICE) not in {before, b""}


async def test_a_damaged_mark_is_no_mark(shared: RedisCache, raw: redis.Redis, prefix: str) -> None:
    await shared.epoch(ALICE)
    raw.set(f"{prefix}:{{epochs}}:all", b"")

    with pytest.raises(CacheUnavailableError):
        await shared.epoch(ALICE)


async def test_marks_name_nobody_and_end(shared: RedisCache, raw: redis.Redis, prefix: str) -> None:
    await shared.epoch(ALICE)
    await shared.purge(scope=BOB)

    names = raw.keys(f"{prefix}:*")
    assert len(names) == 3
    for name in names:
        assert ALICE not in name and BOB not in name and b"alice" not in name
        assert raw.ttl(name) > 86_400


async def test_a_purge_takes_one_command_however_much_is_stored(
    shared: RedisCache, raw: redis.Redis
) -> None:
    for number in range(50):
        await shared.put(bytes([number]) * 32, Recording(200, (), (), "d", 1e9), 60)
    before = raw.info("commandstats")["cmdstat_set"]["calls"]
    everything = raw.info("stats")["total_commands_processed"]

    await shared.purge()

    assert raw.info("commandstats")["cmdstat_set"]["calls"] == before + 1
    assert raw.info("stats")["total_commands_processed"] <= everything + 4  # the looking counts


def test_a_name_has_a_scope_of_its_own() -> None:
    names = ["alice", "Alice", "", "\ud800", "alice "]

    assert len({scope_of_principal(name) for name in names}) == len(names)
    assert scope_of([(b"principal", b"alice")]) == ALICE
