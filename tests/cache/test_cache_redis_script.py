"""Scripts in Redis: called by hash, and known again after Redis forgot them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import redis

from streamward.cache.breaker import Breaker
from streamward.cache.link.script import Script
from streamward.cache.redis_link import RedisLink
from streamward.errors import CacheFullError, CacheUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PATIENT = 10.0  # seconds; nothing here is measured

APPEND = Script("redis.call('APPEND', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])")

numbers = itertools.count()


@pytest.fixture
def key() -> str:
    return f"script{next(numbers)}"


@pytest.fixture
def raw(redis_server: Any) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as client:
        yield client


@pytest.fixture
async def link(redis_server: Any) -> AsyncIterator[RedisLink]:
    link = RedisLink(redis_server.url, Breaker(60.0))
    yield link
    await link.close()


async def test_bytes_go_in_and_come_out(link: RedisLink, key: str) -> None:
    assert await link.script(APPEND, [key], [b"\xff\x00"], PATIENT) == b"\xff\x00"
    assert await link.script(APPEND, [key], ["ü"], PATIENT) == b"\xff\x00" + "ü".encode()


async def test_a_forgotten_script_is_sent_again(
    link: RedisLink, raw: redis.Redis, key: str
) -> None:
    await link.script(APPEND, [key], [b"a"], PATIENT)
    raw.script_flush()

    assert await link.script(APPEND, [key], [b"b"], PATIENT) == b"ab"


async def test_a_known_script_is_one_command(link: RedisLink, raw: redis.Redis, key: str) -> None:
    await link.script(APPEND, [key], [b"a"], PATIENT)
    calls = raw.info("commandstats")["cmdstat_evalsha"]["calls"]
    text = raw.info("commandstats")["cmdstat_eval"]["calls"]
    await link.script(APPEND, [key], [b"b"], PATIENT)

    assert raw.info("commandstats")["cmdstat_evalsha"]["calls"] == calls + 1
    assert raw.info("commandstats")["cmdstat_eval"]["calls"] == text


async def test_a_script_that_fails(link: RedisLink, key: str) -> None:
    with pytest.raises(CacheUnavailableError) as caught:
        await link.script(Script("return redis.error_reply('no')"), [key], [], PATIENT)

    assert caught.value.reason == "refused"
    assert await link.script(APPEND, [key], [b"a"], PATIENT) == b"a"  # it answers: no pause


async def test_full(own_redis: Any, key: str) -> None:
    server = own_redis("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    link = RedisLink(server.url, Breaker(60.0))
    with pytest.raises(CacheFullError):
        await link.script(APPEND, [key], [b"a"], PATIENT)

    assert await link.script(Script("return 1"), [key], [], PATIENT) == 1
    await link.close()
