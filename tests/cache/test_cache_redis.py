"""Recordings in a real Redis: shared, named without meaning, closed without a trace."""

from __future__ import annotations

import asyncio
import itertools
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import redis

from streamward.cache import Cache, RecordedFrame, Recording, RedisCache, redis_link
from streamward.cache import redis as redis_module
from streamward.errors import (
    CacheUnavailableError,
    CorruptRecordingError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

KEY = bytes(range(32))
SECRET = b"0123456789abcdef"
PATIENT = 10.0  # seconds; for tests in which a busy machine must not look like a sick Redis

numbers = itertools.count()


def recording(data: bytes = b"data: \xff\x00\n\n") -> Recording:
    frames = (RecordedFrame(0, data), RecordedFrame(31, b"data: [DONE]\n\n"))
    return Recording(200, ((b"content-type", b"text/event-stream"),), frames, "openai", 1.5e9)


@pytest.fixture
def prefix() -> str:
    return f"test{next(numbers)}"


@pytest.fixture
def raw(redis_server: Any) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as client:
        yield client


@pytest.fixture
async def cache(redis_server: Any, prefix: str) -> AsyncIterator[RedisCache]:
    cache = RedisCache(redis_server.url, prefix=prefix, timeout=PATIENT, write_timeout=PATIENT)
    yield cache
    await cache.close()


def run_python(code: str, *arguments: str) -> str:
    """Run a program in a process of its own, in which every warning is an error."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


async def test_what_goes_in_comes_out(cache: RedisCache) -> None:
    assert isinstance(cache, Cache)
    assert await cache.get(KEY) is None

    await cache.put(KEY, recording(), 60)
    assert await cache.get(KEY) == recording()

    await cache.put(KEY, recording(b"new"), 60)
    assert await cache.get(KEY) == recording(b"new")

    await cache.delete(KEY)
    await cache.delete(KEY)
    assert await cache.get(KEY) is None


READ_IN_ANOTHER_PROCESS = """
import asyncio, sys
from streamward.cache import RedisCache

async def main():
    cache = RedisCache(sys.argv[1], prefix=sys.argv[2], timeout=10.0)
    found = await cache.get(bytes.fromhex(sys.argv[3]))
    print(found.body.hex(), (await cache.secret()).hex())

asyncio.run(main())  # nobody closes the cache: the loop does
"""


async def test_another_process_reads_the_same_bytes(
    redis_server: Any, prefix: str, cache: RedisCache
) -> None:
    secret = await cache.secret()
    await cache.put(KEY, recording(), 60)
    printed = await asyncio.to_thread(
        run_python, READ_IN_ANOTHER_PROCESS, redis_server.url, prefix, KEY.hex()
    )

    assert len(secret) == 32
    assert printed.split() == [recording().body.hex(), secret.hex()]


async def test_processes_that_start_together_agree_on_the_secret(
    redis_server: Any, prefix: str
) -> None:
    caches = [RedisCache(redis_server.url, prefix=prefix, timeout=PATIENT) for _ in range(20)]
    found = await asyncio.gather(*(cache.secret() for cache in caches))
    for cache in caches:
        await cache.close()

    assert len(set(found)) == 1
    assert await RedisCache(redis_server.url, prefix=prefix, secret=SECRET).secret() == SECRET


async def test_a_lost_secret_is_put_back(
    monkeypatch: pytest.MonkeyPatch, cache: RedisCache, raw: redis.Redis, prefix: str
) -> None:
    monkeypatch.setattr(redis_module, "_SECRET_SECONDS", -1.0)
    secret = await cache.secret()
    raw.delete(f"{prefix}:secret")

    assert await cache.secret() == secret
    assert raw.get(f"{prefix}:secret") == secret


async def test_a_secret_is_not_asked_for_twice(
    cache: RedisCache, raw: redis.Redis, prefix: str
) -> None:
    secret = await cache.secret()
    raw.delete(f"{prefix}:secret")

    assert await cache.secret() == secret
    assert raw.get(f"{prefix}:secret") is None


async def test_a_short_secret_is_refused(cache: RedisCache, raw: redis.Redis, prefix: str) -> None:
    raw.set(f"{prefix}:secret", b"short")
    with pytest.raises(CacheUnavailableError) as caught:
        await cache.secret()

    assert caught.value.reason == "refused"


async def test_names_tell_nothing(cache: RedisCache, raw: redis.Redis, prefix: str) -> None:
    await cache.secret()
    await cache.put(KEY, recording(), 60)
    names = {str(name, "ascii") for name in raw.scan_iter(f"{prefix}*")}

    assert names == {
        f"{prefix}:secret",
        f"{prefix}:{{AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8}}",
    }
    assert all(re.fullmatch(rf"{prefix}:(secret|\{{[\w-]{{43}}\}})", name) for name in names)


@pytest.mark.parametrize(
    ("ttl", "expected"), [(1.5, 1_500), (60, 60_000), (0.0001, 1), (1e12, 365 * 86_400_000)]
)
async def test_the_time_to_live(
    cache: RedisCache, raw: redis.Redis, prefix: str, ttl: float, expected: Any
) -> None:
    await cache.put(KEY, recording(), ttl)
    left = [raw.pttl(name) for name in raw.keys(f"{prefix}*")]

    assert all(expected - 5_000 <= milliseconds <= expected for milliseconds in left)


@pytest.mark.parametrize("ttl", [0, -1, float("nan")])
async def test_no_time_at_all_keeps_nothing(cache: RedisCache, ttl: float) -> None:
    await cache.put(KEY, recording(), 60)
    await cache.put(KEY, recording(b"new"), ttl)

    assert await cache.get(KEY) is None


@pytest.mark.parametrize("stored", [b"", b"garbage", KEY, KEY + b"swrec\x01", b"x" * 32])
async def test_what_is_no_recording(
    cache: RedisCache, raw: redis.Redis, prefix: str, stored: bytes
) -> None:
    raw.set(cache._names.recording(KEY), stored)
    with pytest.raises(CorruptRecordingError):
        await cache.get(KEY)


async def test_an_entry_of_another_key_is_not_served(cache: RedisCache, raw: redis.Redis) -> None:
    await cache.put(bytes(32), recording(), 60)
    raw.rename(cache._names.recording(bytes(32)), cache._names.recording(KEY))
    with pytest.raises(CorruptRecordingError):
        await cache.get(KEY)


async def test_cancelled_lookups_leave_no_answers_behind(cache: RedisCache) -> None:
    """A client that leaves must not have its answer read by the next one (CVE-2023-28858)."""
    keys = [bytes([number]) * 32 for number in range(16)]
    for key in keys:
        await cache.put(key, recording(key), 60)
    for turn in range(200):
        lookup = asyncio.create_task(cache.get(keys[turn % 16]))
        for _ in range(turn % 7):
            await asyncio.sleep(0)
        lookup.cancel()
        await asyncio.gather(lookup, return_exceptions=True)
        other = keys[(turn + 1) % 16]
        assert await cache.get(other) == recording(other)


async def test_more_lookups_than_connections(cache: RedisCache, raw: redis.Redis) -> None:
    await cache.put(KEY, recording(), 60)
    before = raw.info("clients")["connected_clients"]
    found = await asyncio.gather(*(cache.get(KEY) for _ in range(300)))

    assert found == [recording()] * 300
    assert raw.info("clients")["connected_clients"] - before <= redis_link.MAX_CONNECTIONS


def test_one_cache_serves_many_loops(redis_server: Any, prefix: str) -> None:
    cache = RedisCache(redis_server.url, prefix=prefix, timeout=PATIENT)
    found: list[Recording | None] = []

    async def work() -> None:
        await cache.put(KEY, recording(), 60)
        found.append(await cache.get(KEY))

    asyncio.run(work())
    asyncio.run(work())
    threads = [threading.Thread(target=asyncio.run, args=(work(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [recording()] * 6
    assert cache._link._clients == {}  # each loop took its client with it


async def test_closing_is_for_now(cache: RedisCache, raw: redis.Redis) -> None:
    await cache.close()  # nothing is open yet
    await cache.put(KEY, recording(), 60)
    await cache.close()
    assert cache._link._clients == {}

    assert await cache.get(KEY) == recording()


def test_a_loop_that_ends_without_a_word(redis_server: Any, prefix: str) -> None:
    """Some loops are closed without shutdown_asyncgens(): the next one clears up."""
    cache = RedisCache(redis_server.url, prefix=prefix, timeout=PATIENT)
    abandoned = asyncio.new_event_loop()
    abandoned.run_until_complete(cache.put(KEY, recording(), 60))
    client = cache._link._clients[abandoned]
    abandoned.run_until_complete(client.deployment.close())  # so that no warning is due
    abandoned.close()

    assert asyncio.run(cache.get(KEY)) == recording()
    assert cache._link._clients == {}


@pytest.mark.parametrize(
    "parameters", ["?protocol=3", "?decode_responses=true", "?max_connections=1"]
)
async def test_url_parameters(redis_server: Any, prefix: str, parameters: str) -> None:
    cache = RedisCache(redis_server.url + parameters, prefix=prefix, timeout=PATIENT)
    await cache.put(KEY, recording(), 60)
    assert await asyncio.gather(*(cache.get(KEY) for _ in range(4))) == [recording()] * 4
    await cache.close()


async def test_unix_sockets_and_passwords(own_redis: Any, tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    own_redis("--unixsocket", str(path), "--user", "ward", "on", ">se:cret", "~*", "+@all")
    cache = RedisCache(f"unix://ward:se%3Acret@{path}?db=1", timeout=PATIENT)
    await cache.put(KEY, recording(), 60)
    assert await cache.get(KEY) == recording()
    await cache.close()


def test_importing_needs_no_extra() -> None:
    assert run_python("import sys, streamward.cache; print('redis' in sys.modules)") == "False\n"
