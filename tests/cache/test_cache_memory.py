"""The store in memory is bounded, forgets in time, and serves several loops."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamward.cache import Cache, MemoryCache, RecordedFrame, Recording, encode
from streamward.errors import CacheFullError, ConfigurationError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def recording(data: bytes = b"data: x\n\n") -> Recording:
    return Recording(200, (), (RecordedFrame(0, data),), "openai", 1e9)


COST = 1 + len(encode(recording()))  # with keys of one byte


def test_it_is_a_cache() -> None:
    assert isinstance(MemoryCache(), Cache)


async def test_what_goes_in_comes_out() -> None:
    cache = MemoryCache()
    await cache.put(b"k", recording(), 60)

    assert await cache.get(b"k") == recording()
    assert await cache.get(b"other") is None

    await cache.put(b"k", recording(b"new"), 60)
    assert await cache.get(b"k") == recording(b"new")

    await cache.delete(b"k")
    await cache.delete(b"k")
    assert await cache.get(b"k") is None
    assert (cache.size, len(cache)) == (0, 0)


async def test_the_secret_is_random_and_stays() -> None:
    cache = MemoryCache()
    secret = await cache.secret()
    await cache.close()

    assert len(secret) == 32
    assert secret == await cache.secret()
    assert secret != await MemoryCache().secret()


async def test_time_runs_out() -> None:
    clock = Clock()
    cache = MemoryCache(clock=clock)
    await cache.put(b"k", recording(), 10)
    clock.now += 9.99
    assert await cache.get(b"k") == recording()

    clock.now += 0.01
    assert await cache.get(b"k") is None
    assert (cache.size, len(cache)) == (0, 0)


@pytest.mark.parametrize("ttl", [0, -1, float("nan")])
async def test_no_time_at_all_keeps_nothing(ttl: float) -> None:
    cache = MemoryCache()
    await cache.put(b"k", recording(), 60)
    await cache.put(b"k", recording(b"new"), ttl)

    assert await cache.get(b"k") is None


async def test_a_reading_puts_off_the_end() -> None:
    cache = MemoryCache(max_bytes=2 * COST)
    await cache.put(b"1", recording(), 60)
    await cache.put(b"2", recording(), 60)
    await cache.get(b"1")
    await cache.put(b"3", recording(), 60)

    assert [await cache.get(key) is not None for key in (b"1", b"2", b"3")] == [True, False, True]


@pytest.mark.parametrize("limits", [{"max_bytes": 2 * COST}, {"max_entries": 2}])
async def test_limits(limits: Any) -> None:
    cache = MemoryCache(**limits)
    await cache.put(b"1", recording(), 60)
    await cache.put(b"2", recording(), 60)
    assert len(cache) == 2

    await cache.put(b"3", recording(), 60)
    assert (len(cache), cache.size) == (2, 2 * COST)
    assert await cache.get(b"1") is None


async def test_one_recording_over_the_limit() -> None:
    cache = MemoryCache(max_bytes=COST)
    await cache.put(b"k", recording(), 60)
    with pytest.raises(CacheFullError):
        await cache.put(b"k", recording(b"data: xy\n\n"), 60)

    assert await cache.get(b"k") is None  # the older answer is no longer the answer
    assert cache.size == 0


operations = st.lists(
    st.tuples(
        st.sampled_from(["put", "get", "delete", "wait"]),
        st.binary(max_size=1),
        st.binary(max_size=60),
    ),
    max_size=30,
)


@given(operations)
def test_the_count_is_always_right(operations: Any) -> None:
    clock = Clock()
    cache = MemoryCache(max_bytes=300, max_entries=4, clock=clock)

    async def run() -> None:
        for name, key, data in operations:
            match name:
                case "put":
                    await cache.put(key, recording(data), len(data))
                case "get":
                    await cache.get(key)
                case "delete":
                    await cache.delete(key)
                case _:
                    clock.now += 10
            held = sum(len(key) + len(entry.data) for key, entry in cache._entries.items())
            assert cache.size == held <= 300
            assert len(cache) <= 4

    asyncio.run(run())


def test_many_loops_in_many_threads() -> None:
    cache = MemoryCache(max_entries=8)

    async def work(number: int) -> None:
        for turn in range(200):
            key = bytes([(number + turn) % 16])
            await cache.put(key, recording(key), 60)
            found = await cache.get(key)
            assert found in {None, recording(key)}

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: asyncio.run(work(number)), range(4)))

    assert cache.size == sum(len(key) + len(entry.data) for key, entry in cache._entries.items())


@pytest.mark.parametrize("limits", [{"max_bytes": 0}, {"max_entries": -1}])
def test_a_limit_must_leave_room(limits: Any) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        MemoryCache(**limits)
