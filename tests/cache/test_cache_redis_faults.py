"""Redis gone, stopped, full or refusing: a typed error, soon, and not again for a while (P10)."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis

from streamward.cache import RecordedFrame, Recording, RedisCache
from streamward.errors import CacheError, CacheFullError, CacheUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

KEY = bytes(range(32))
RECORDING = Recording(200, (), (RecordedFrame(0, b"data: x\n\n"),), "openai", 1.5e9)

TIMEOUT = 0.2
PAUSE = 60.0  # longer than any test: nobody is let through again by accident

# Not a measurement: far above what the settings allow, far below what redis-py would wait.
SOON = 3.0


async def reason_of(call: Awaitable[object]) -> str:
    """Say why a call failed, and insist that it failed soon."""
    async with asyncio.timeout(SOON):
        with pytest.raises(CacheUnavailableError) as caught:
            await call
    return caught.value.reason


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., RedisCache]]:
    caches: list[RedisCache] = []

    def make(server: Any, **settings: Any) -> RedisCache:
        given: dict[str, Any] = {
            "timeout": TIMEOUT,
            "write_timeout": TIMEOUT,
            "retry_after": PAUSE,
        } | settings
        caches.append(RedisCache(server.url, **given))
        return caches[-1]

    yield make
    for cache in caches:
        async with asyncio.timeout(SOON):
            await cache.close()


async def test_killed(own_redis: Any, make: Any) -> None:
    server = own_redis()
    cache = make(server, timeout=SOON, write_timeout=SOON)
    await cache.put(KEY, RECORDING, 60)
    server.kill()

    assert await reason_of(cache.get(KEY)) == "unreachable"
    assert await reason_of(cache.get(KEY)) == "paused"
    assert await reason_of(cache.put(KEY, RECORDING, 60)) == "paused"
    assert await reason_of(cache.delete(KEY)) == "paused"
    assert await reason_of(cache.secret()) == "paused"


async def test_never_there(own_redis: Any, make: Any) -> None:
    server = own_redis()
    server.kill()
    cache = make(server, secret=bytes(16))

    assert await cache.secret() == bytes(16)
    assert await reason_of(cache.put(KEY, RECORDING, 60)) == "unreachable"


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("method", ["get", "put", "delete", "secret"])
async def test_stopped(own_redis: Any, make: Any, connected: Any, method: str) -> None:
    server = own_redis()
    cache = make(server)
    if connected:
        await cache.get(KEY)
    server.pause()

    arguments = {"get": (KEY,), "put": (KEY, RECORDING, 60), "delete": (KEY,), "secret": ()}
    assert await reason_of(getattr(cache, method)(*arguments[method])) == "timeout"
    started = time.monotonic()
    for _ in range(100):
        assert await reason_of(cache.get(KEY)) == "paused"
    assert time.monotonic() - started < SOON


async def test_stopped_in_the_middle_of_a_large_recording(own_redis: Any, make: Any) -> None:
    """More bytes than the kernel buffers: they must not keep the connection open."""
    server = own_redis()
    cache = make(server)
    await cache.get(KEY)
    server.pause()
    large = Recording(200, (), (RecordedFrame(0, bytes(8 << 20)),), "openai", 1.5e9)

    assert await reason_of(cache.put(KEY, large, 60)) == "timeout"
    await cache.close()
    gc.collect()  # an open transport would warn now, and warnings are errors


async def test_a_crowd_before_a_stopped_redis_waits_once(own_redis: Any, make: Any) -> None:
    server = own_redis()
    cache = make(server)
    server.pause()
    reasons = await asyncio.gather(*(reason_of(cache.get(KEY)) for _ in range(100)))

    assert set(reasons) <= {"timeout", "busy", "paused"}
    assert "timeout" in reasons
    assert await reason_of(cache.get(KEY)) == "paused"


async def test_a_crowd_of_our_own_says_nothing_about_redis(
    redis_server: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamward.cache.redis_link.MAX_CONNECTIONS", 1)
    cache = make(redis_server)
    await cache.get(KEY)
    client = await cache._link._client()
    await client.slots.acquire()
    assert await reason_of(cache.get(KEY)) == "busy"
    client.slots.release()

    assert await cache.get(KEY) is None


async def test_back_again(own_redis: Any, make: Any) -> None:
    server = own_redis()
    cache = make(server, timeout=0.5, retry_after=0.05)
    await cache.put(KEY, RECORDING, 60)
    server.pause()
    assert await reason_of(cache.get(KEY)) == "timeout"
    server.resume()
    await asyncio.sleep(0.1)

    assert await cache.get(KEY) == RECORDING
    assert await cache.get(KEY) == RECORDING


async def test_restarted_while_idle(own_redis: Any, make: Any) -> None:
    """A connection that Redis closed is no sign that Redis is gone."""
    server = own_redis()
    cache = make(server, timeout=SOON)
    await cache.get(KEY)
    with redis.Redis.from_url(server.url) as raw:
        raw.client_kill_filter(_type="normal", skipme=True)

    assert await cache.get(KEY) is None


async def test_full(own_redis: Any, make: Any) -> None:
    server = own_redis("--maxmemory-policy", "noeviction")
    cache = make(server, timeout=SOON, write_timeout=SOON)
    secret = await cache.secret()
    await cache.put(KEY, RECORDING, 60)
    with redis.Redis.from_url(server.url) as raw:
        raw.config_set("maxmemory", "1")
    with pytest.raises(CacheFullError):
        await cache.put(bytes(32), RECORDING, 60)

    assert await cache.get(KEY) == RECORDING  # full, not gone
    assert await make(server, timeout=SOON).secret() == secret


async def test_refused(redis_server: Any, make: Any) -> None:
    cache = make(redis_server, prefix="refused", timeout=SOON)
    with redis.Redis.from_url(redis_server.url) as raw:
        raw.rpush(cache._names.recording(KEY), b"a list")

    assert await reason_of(cache.get(KEY)) == "refused"
    assert await cache.get(bytes(32)) is None  # it answers: no pause


async def test_no_password(own_redis: Any, make: Any) -> None:
    server = own_redis("--requirepass", "hunter2")
    cache = make(server, timeout=SOON)

    assert await reason_of(cache.get(KEY)) in {"refused", "unreachable"}


async def test_not_a_redis(make: Any) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", timeout=SOON)
        with pytest.raises(CacheError):
            await cache.get(KEY)
        await cache.close()
