"""No scope keeps more than its quota, and what is gone makes room."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from streamward.cache import (
    Head,
    MemoryCache,
    RecordedFrame,
    Recording,
    RedisCache,
    Running,
    encode,
)
from streamward.cache.live.names import Names
from streamward.cache.live.quota import _GONE
from streamward.errors import CacheFullError, OverQuotaError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streamward.cache import Cache, Lease

PATIENT = 10.0  # seconds; nothing here is measured
KEYS = [bytes([number]) * 32 for number in range(60)]  # in a cluster on every node
numbers = itertools.count()


def of(scope: bytes = b"me", length: int = 1, epoch: bytes = b"") -> Recording:
    data = random.Random(1).randbytes(length)  # nothing to compress
    return Recording(200, (), (RecordedFrame(0, data),), "x", 1e9, epoch, b"", scope)


ONE = len(encode(of())) + 32


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def prefix() -> str:
    return f"quota{next(numbers)}"


STORES = ["redis_server", "redis_sentinel", "redis_cluster", "valkey", "valkey_cluster"]


@pytest.fixture(params=["memory", *STORES, *(f"{store} in_threads" for store in STORES)])
async def cache(request: pytest.FixtureRequest, prefix: str) -> AsyncIterator[Cache]:
    if request.param == "memory":
        yield MemoryCache()
        return
    store, _, in_threads = request.param.partition(" ")
    url = request.getfixturevalue(store).url
    cache = RedisCache(url, prefix=prefix, timeout=PATIENT, write_timeout=PATIENT)
    cache = cache.in_threads() if in_threads else cache
    yield cache
    await cache.close()


def look_at_once(cache: Cache) -> None:
    """Look also for what was counted just now."""
    if isinstance(cache, RedisCache):
        cache._answers.quota.grace = 0


async def kept(cache: Cache) -> list[int]:
    return [key[0] for key in KEYS if await cache.get(key) is not None]


async def refused(cache: Cache, key: bytes, recording: Recording, quota: int) -> None:
    with pytest.raises(OverQuotaError):
        await cache.put(key, recording, 60, quota=quota)


async def test_up_to_the_last_byte_and_no_further(cache: Cache) -> None:
    quota = 3 * ONE
    for key in KEYS[:3]:
        await cache.put(key, of(), 60, quota=quota)

    await refused(cache, KEYS[3], of(), quota)
    await cache.put(KEYS[3], of(), 60, quota=quota + ONE)

    assert await kept(cache) == [0, 1, 2, 3]


async def test_many_at_the_same_time(cache: Cache) -> None:
    def put(key: bytes) -> Any:
        return cache.put(key, of(), 60, quota=7 * ONE)

    told = await asyncio.gather(*map(put, KEYS), return_exceptions=True)

    assert sum(one is None for one in told) == len(await kept(cache)) == 7
    assert {type(one) for one in told if one} == {OverQuotaError}


async def test_one_that_is_larger_than_the_quota(cache: Cache) -> None:
    await refused(cache, KEYS[0], of(length=500), ONE)
    await cache.put(KEYS[0], of(), 60, quota=ONE)
    await refused(cache, KEYS[0], of(length=500), ONE)

    assert await cache.get(KEYS[0]) == of()


async def test_each_scope_has_its_own(cache: Cache) -> None:
    await cache.put(KEYS[0], of(b"a"), 60, quota=ONE)
    await refused(cache, KEYS[1], of(b"a"), ONE)
    await cache.put(KEYS[1], of(b"b"), 60, quota=ONE)

    assert await kept(cache) == [0, 1]


async def test_in_place_of_itself_it_counts_once(cache: Cache) -> None:
    for _ in range(3):
        await cache.put(KEYS[0], of(), 60, quota=ONE)
    larger = of(length=50)
    quota = len(encode(larger)) + 32
    await cache.put(KEYS[0], larger, 60, quota=quota)
    await refused(cache, KEYS[1], of(), quota + ONE - 1)

    await cache.put(KEYS[1], of(), 60, quota=quota + ONE)


async def test_what_was_purged_does_not_count(cache: Cache) -> None:
    before = await cache.epoch(b"me")
    await cache.put(KEYS[0], of(epoch=before), 60, quota=2 * ONE)
    await cache.purge(scope=b"me")
    after = await cache.epoch(b"me")

    await cache.put(KEYS[1], of(epoch=after), 60, quota=2 * ONE)

    found = await cache.get(KEYS[1])
    assert found is not None and found.epoch == after


async def test_what_has_no_quota_does_not_count(cache: Cache) -> None:
    for key in KEYS[:5]:
        await cache.put(key, of(), 60)

    await cache.put(KEYS[5], of(), 60, quota=ONE)

    assert len(await kept(cache)) == 6


async def test_what_has_ended_makes_room(cache: Cache) -> None:
    await cache.put(KEYS[0], of(), 0.05, quota=ONE)
    await asyncio.sleep(0.1)

    await cache.put(KEYS[1], of(), 60, quota=ONE)

    assert await kept(cache) == [1]


async def test_what_is_gone_makes_room(cache: Cache) -> None:
    look_at_once(cache)
    for key in KEYS[:10]:
        await cache.put(key, of(), 60, quota=10 * ONE)
    for key in KEYS[:10]:
        await cache.delete(key)

    await cache.put(KEYS[10], of(), 60, quota=10 * ONE)

    assert await kept(cache) == [10]


async def test_all_that_is_gone_is_found_in_time(cache: Cache) -> None:
    """Of many, some are looked for each time."""
    quota = 40 * ONE
    look_at_once(cache)
    for key in KEYS[:40]:
        await cache.put(key, of(), 60, quota=quota)
    for key in KEYS[:20]:
        await cache.delete(key)
    for _ in range(200):
        for key in KEYS[40:]:
            try:
                await cache.put(key, of(), 60, quota=quota)
            except OverQuotaError:
                break
        else:
            break

    assert await kept(cache) == list(range(20, 60))


async def test_through_a_lease(cache: Cache) -> None:
    first, second, third = [await lease(cache, key) for key in KEYS[:3]]

    await first.finish(of(), 60, quota=ONE)
    with pytest.raises(OverQuotaError):
        await second.finish(of(), 60, quota=ONE)
    await third.finish(None, 0, quota=ONE)

    assert await kept(cache) == [0]
    for key in KEYS[1:3]:  # each right was given back
        await (await lease(cache, key)).finish(None, 0)


async def lease(cache: Cache, key: bytes) -> Lease:
    claim = await cache.claim(key, max_bytes=1000)
    assert not isinstance(claim, Recording | Running)
    claim.running.begin(Head(200, (), b""))
    return claim


async def test_redis_keeps_no_count_longer_than_what_it_counts(
    redis_server: Any, prefix: str
) -> None:
    cache = RedisCache(redis_server.url, prefix=prefix, timeout=PATIENT, write_timeout=PATIENT)
    await cache.put(KEYS[0], of(), 100, quota=5 * ONE)
    await cache.put(KEYS[1], of(), 50, quota=5 * ONE)
    await cache.close()

    with redis.Redis.from_url(redis_server.url) as raw:
        name = Names(prefix).quota(b"me", b"")
        assert 90 < raw.ttl(name) <= 100
        assert raw.zscore(name, "total") == -2 * ONE
        assert raw.zcard(name) == 5


async def test_what_has_ended_in_redis_leaves_nothing(redis_server: Any, prefix: str) -> None:
    """Also where somebody finds out that recordings are gone when their count is gone, too."""
    cache = RedisCache(redis_server.url, prefix=prefix, timeout=PATIENT, write_timeout=PATIENT)
    name = Names(prefix).quota(b"me", b"")
    await cache.put(KEYS[0], of(), 0.05, quota=ONE)
    await asyncio.sleep(0.1)
    await cache._answers.run(_GONE, [name], [KEYS[0]])
    await cache.close()

    with redis.Redis.from_url(redis_server.url) as raw:
        assert raw.exists(name) == 0


async def test_a_redis_that_has_lost_the_count_counts_anew(redis_server: Any, prefix: str) -> None:
    cache = RedisCache(redis_server.url, prefix=prefix, timeout=PATIENT, write_timeout=PATIENT)
    await cache.put(KEYS[0], of(), 60, quota=ONE)
    with redis.Redis.from_url(redis_server.url) as raw:
        assert raw.delete(Names(prefix).quota(b"me", b"")) == 1

    await cache.put(KEYS[1], of(), 60, quota=ONE)
    await refused(cache, KEYS[2], of(), ONE)
    await cache.close()


async def test_a_full_redis_is_a_full_cache(own_redis: Any) -> None:
    server = own_redis("--maxmemory-policy", "noeviction")
    cache = RedisCache(server.url, timeout=PATIENT, write_timeout=PATIENT)
    right = await lease(cache, KEYS[0])
    server.ask("CONFIG", "SET", "maxmemory", "1")

    with pytest.raises(CacheFullError):
        await cache.put(KEYS[1], of(), 60, quota=ONE)
    with pytest.raises(CacheFullError):
        await right.finish(of(), 60, quota=ONE)
    server.ask("CONFIG", "SET", "maxmemory", "0")
    assert await kept(cache) == []
    await (await lease(cache, KEYS[0])).finish(None, 0)
    await cache.close()


steps = st.lists(
    st.tuples(
        st.integers(0, 7),  # the key
        st.sampled_from([b"a", b"b"]),
        st.integers(1, 300),  # bytes
        st.sampled_from([0.0, 5.0, 50.0]),  # ttl
        st.sampled_from([300, 600]),
        st.floats(0, 10),  # seconds before the next step
    ),
    max_size=40,
)


@given(steps)
def test_memory_against_a_simple_count(steps: list[Any]) -> None:
    """Also with entries that are pushed out by others."""

    async def run() -> None:
        clock = Clock()
        cache = MemoryCache(max_entries=5, clock=clock)
        for number, scope, length, ttl, quota, wait in steps:
            recording = of(scope, length)
            held = await sizes(cache)
            held.pop(number, None)
            own = sum(size for owner, size in held.values() if owner == scope)
            fits = own + len(encode(recording)) + 32 <= quota
            try:
                await cache.put(KEYS[number], recording, ttl, quota=quota)
                assert fits or not ttl
            except OverQuotaError:
                assert not fits
            clock.now += wait
        clock.now += 100
        await cache.put(KEYS[0], of(), 0)
        assert (len(cache), cache.size, cache._owned) == (0, 0, {})

    async def sizes(cache: MemoryCache) -> dict[int, tuple[bytes, int]]:
        order = list(cache._entries)
        found = {}
        for number, key in enumerate(KEYS[:8]):
            recording = await cache.get(key)
            if recording is not None:
                found[number] = recording.scope, len(encode(recording)) + 32
        for key in order:  # to have looked changes nothing
            if key in cache._entries:
                cache._entries.move_to_end(key)
        return found

    asyncio.run(run())


async def test_memory_remembers_no_more_endings_than_it_needs() -> None:
    cache = MemoryCache()
    for _ in range(1000):
        await cache.put(KEYS[0], of(), 1e6, quota=ONE)

    assert len(cache._endings) < 100
