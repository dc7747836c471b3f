"""Listening to Redis: one connection for all channels, nothing missed without being told."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis

from streamward.cache.breaker import Breaker
from streamward.cache.link import line, subscription
from streamward.cache.redis_link import RedisLink
from streamward.errors import CacheUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from streamward.cache.link.subscription import Subscription

PATIENT = 10.0  # seconds; nothing here is measured

numbers = itertools.count()


@pytest.fixture
def channel() -> str:
    return f"channel{next(numbers)}"


@pytest.fixture
def raw(redis_server: Any) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as client:
        yield client


@contextlib.asynccontextmanager
async def linked(url: str) -> AsyncIterator[RedisLink]:
    link = RedisLink(url, Breaker(60.0))
    yield link
    await link.close()


@pytest.fixture
async def link(redis_server: Any) -> AsyncIterator[RedisLink]:
    async with linked(redis_server.url) as link:
        yield link


async def item(heard: Subscription) -> bytes | None:
    async with asyncio.timeout(PATIENT):
        return await anext(heard)


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENT):
        while not condition():  # noqa: ASYNC110 - what it asks is another process
            await asyncio.sleep(0.01)


async def test_messages_come_in_order(link: RedisLink, raw: redis.Redis, channel: str) -> None:
    async with link.subscribe(channel) as heard:
        assert await item(heard) is None
        for number in range(100):
            raw.publish(channel, f"\xff{number}".encode("latin-1"))

        assert [await item(heard) for _ in range(100)] == [b"\xff%d" % n for n in range(100)]


async def test_a_thousand_readers_of_one_connection(
    link: RedisLink, raw: redis.Redis, channel: str
) -> None:
    before = raw.info("clients")["connected_clients"]
    async with contextlib.AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(link.subscribe(f"{channel}.{number % 500}"))
            for number in range(1000)
        ]
        assert [await item(reader) for reader in readers] == [None] * 1000
        for number in range(500):
            raw.publish(f"{channel}.{number}", number)

        assert [await item(reader) for reader in readers] == [
            b"%d" % (n % 500) for n in range(1000)
        ]
        assert raw.info("clients")["connected_clients"] == before + 1
        assert len(raw.pubsub_channels(f"{channel}.*")) == 500
    await until(lambda: not raw.pubsub_channels(f"{channel}.*"))


async def test_the_last_reader_unsubscribes(
    link: RedisLink, raw: redis.Redis, channel: str
) -> None:
    async with link.subscribe(channel) as first:
        await item(first)
        async with link.subscribe(channel) as second:
            assert await item(second) is None  # subscribed already: said at once
        raw.publish(channel, "for the first")
        assert await item(first) == b"for the first"
    await until(lambda: not raw.pubsub_channels(channel))

    async with link.subscribe(channel) as again:
        assert await item(again) is None
        raw.publish(channel, "again")
        assert await item(again) == b"again"


async def test_leaving_and_coming_at_once(link: RedisLink, raw: redis.Redis, channel: str) -> None:
    for _ in range(50):
        async with link.subscribe(channel):
            await asyncio.sleep(0)
    async with link.subscribe(channel) as heard:
        await item(heard)
        await asyncio.sleep(0.1)  # answers to what was asked above say None once more
        raw.publish(channel, "here")

        while (message := await item(heard)) is None:
            pass
        assert message == b"here"


async def test_a_lost_connection_is_told(link: RedisLink, raw: redis.Redis, channel: str) -> None:
    async with link.subscribe(channel) as one, link.subscribe(f"{channel}.other") as other:
        assert (await item(one), await item(other)) == (None, None)
        raw.client_kill_filter(_type="pubsub")

        assert (await item(one), await item(other)) == (None, None)
        raw.publish(channel, "after")
        assert await item(one) == b"after"


async def test_redis_restarted(own_redis: Any, channel: str) -> None:
    server = own_redis()
    async with linked(server.url) as link, link.subscribe(channel) as heard:
        await item(heard)
        server.kill()
        server.start()

        assert await item(heard) is None
        with redis.Redis.from_url(server.url) as raw:
            raw.publish(channel, "reborn")
        assert await item(heard) == b"reborn"


async def test_a_stopped_redis_is_noticed(
    own_redis: Any, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No socket closes: only silence tells."""
    monkeypatch.setattr(line, "SILENCE_SECONDS", 0.05)
    monkeypatch.setattr(line, "CONNECT_SECONDS", 0.2)
    server = own_redis()
    async with linked(server.url) as link, link.subscribe(channel) as heard:
        await item(heard)
        server.pause()
        known = (await link._client()).deployment.hub._lines
        await until(lambda: not known._confirmed)
        server.resume()

        assert await item(heard) is None


async def test_a_quiet_connection_is_kept(
    link: RedisLink, raw: redis.Redis, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SILENCE_SECONDS", 0.02)
    async with link.subscribe(channel) as heard:
        await item(heard)
        await asyncio.sleep(0.3)
        raw.publish(channel, "still here")

        assert await item(heard) == b"still here"


async def test_never_there(own_redis: Any, channel: str) -> None:
    server = own_redis()
    server.kill()
    async with linked(server.url) as link, link.subscribe(channel) as heard:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(heard)
        server.start()

        assert await item(heard) is None


async def test_a_slow_reader_is_told_what_it_missed(
    link: RedisLink, raw: redis.Redis, channel: str
) -> None:
    async with link.subscribe(channel) as slow, link.subscribe(channel) as quick:
        await item(slow)
        await item(quick)
        for number in range(subscription.MAX_WAITING + 2):
            raw.publish(channel, number)
            assert await item(quick) == b"%d" % number

        assert await item(slow) is None
        assert await item(slow) == b"%d" % (subscription.MAX_WAITING + 1)


async def test_no_right_to_listen(own_redis: Any, channel: str) -> None:
    server = own_redis("--user", "ward", "on", ">pw", "~*", "resetchannels", "&may*", "+@all")
    url = server.url.replace("//", "//ward:pw@")
    async with linked(url) as link, link.subscribe("maybe") as allowed:
        async with link.subscribe(channel) as refused:
            with pytest.raises(CacheUnavailableError) as caught:
                await item(refused)
        assert caught.value.reason == "refused"
        assert await item(allowed) is None


async def test_closing_tells_who_listens(link: RedisLink, raw: redis.Redis, channel: str) -> None:
    async with link.subscribe(channel) as heard:
        await item(heard)
        await link.close()
        with pytest.raises(CacheUnavailableError) as caught:
            await item(heard)
    assert caught.value.reason == "closed"
    assert not raw.pubsub_channels(channel)

    async with link.subscribe(channel) as again:
        assert await item(again) is None


def test_the_loop_ends_the_connection(redis_server: Any, raw: redis.Redis, channel: str) -> None:
    link = RedisLink(redis_server.url, Breaker(60.0))
    others = {one["id"] for one in raw.client_list(_type="pubsub")}  # the server is shared

    async def work() -> None:
        async with link.subscribe(channel) as heard:
            await item(heard)

    asyncio.run(work())
    asyncio.run(work())

    assert link._clients == {}
    deadline = time.monotonic() + 10
    while {one["id"] for one in raw.client_list(_type="pubsub")} - others:
        assert time.monotonic() < deadline  # Redis notices in its own time
        time.sleep(0.01)
