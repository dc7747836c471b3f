"""What becomes of a shared answer when Redis, or a process, was away or has forgotten."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from support.live_answers import HEAD, KEY, RECORDING, SECRET, add, claimed, flush, processes, read

from streamward.cache import RedisCache, Running
from streamward.cache.live.scripts import APPEND, FINISH
from streamward.errors import CacheError, CacheFullError, CacheUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.fixture
async def process(own_redis: Any) -> AsyncIterator[Callable[..., RedisCache]]:
    async with processes(own_redis().url) as make:
        yield make


async def test_the_end_is_told_once_redis_is_back(own_redis: Any) -> None:
    """Redis is away when the answer ends, and the breaker open for longer than the lease."""
    server = own_redis()
    settings = {"secret": SECRET, "timeout": 2.0, "write_timeout": 0.1, "lease": 9.0}
    one, other = (RedisCache(server.url, retry_after=3600.0, **settings) for _ in range(2))
    leader = await claimed(one)
    leader.running.begin(HEAD)
    add(leader.running, b"one ")
    follower = await claimed(other)
    reader = asyncio.create_task(read(follower))
    assert await read(follower, 4) == b"one "

    server.pause()
    add(leader.running, b"two")
    leader.running.end("complete")
    with contextlib.suppress(CacheError):
        await leader.finish(None, 0)
    server.resume()

    assert await reader == b"one two"
    assert follower.ending == "complete"
    for store in (one, other):
        await store.close()


async def test_a_follower_that_was_stopped_looks_again_before_it_gives_up(process: Any) -> None:
    """Both slept through the lease, as on a machine that does too much."""
    leader = await claimed(process(lease=3.0))
    leader.running.begin(HEAD)
    add(leader.running, b"one ")
    other = process(lease=3.0)
    follower = await claimed(other)
    reader = asyncio.create_task(read(follower))
    assert await read(follower, 4) == b"one "

    (mirror,) = other._answers._mirrors.values()
    mirror.mirror._looked_at -= 3600.0
    mirror.mirror._note_holder(b"", is_written=True)
    assert follower.ending is None

    add(leader.running, b"two")
    leader.running.end("complete")
    await leader.finish(None, 0)
    assert await reader == b"one two"


@pytest.mark.parametrize("begun", [True, False])
async def test_a_flushed_redis_costs_no_follower_its_answer(process: Any, begun: Any) -> None:
    """Also of an answer that had not begun: the leader takes its lease again."""
    one, other = process(lease=1.2), process(lease=1.2)
    leader = await claimed(one)
    if begun:
        leader.running.begin(HEAD)
        add(leader.running, b"one ")
    follower = await claimed(other)
    (mirror,) = other._answers._mirrors.values()
    reader = asyncio.create_task(read(follower))
    while not mirror.mirror._seen_alive:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.005)

    await flush(one)
    await asyncio.sleep(1.0)  # a renewal, and some looks
    assert follower.ending is None
    if not begun:
        leader.running.begin(HEAD)
        add(leader.running, b"one ")
    add(leader.running, b"two")
    leader.running.end("complete")
    await leader.finish(None, 0)

    assert await reader == b"one two"


async def test_who_asks_a_flushed_redis_leads_another_answer(process: Any) -> None:
    """The first leader neither ends the second, nor writes in its place."""
    one, other = process(), process()
    first = await claimed(one)
    await flush(one)

    second = await claimed(other)
    assert second.running.generation != first.running.generation
    await first._renew()
    with pytest.raises(CacheUnavailableError):
        await first.finish(RECORDING, 60)
    follower = await claimed(process())

    assert isinstance(follower, Running)
    assert follower.generation == second.running.generation
    await second.finish(RECORDING, 60)
    assert await one.get(KEY) == RECORDING


async def test_a_ghost_lease_is_given_back(process: Any) -> None:
    """The answer to a claim got lost: nobody gives what the lease in Redis stands for."""
    one, other = process(), process()
    answers = one._answers
    ghost = bytes(16) + answers._process()
    name = answers.names.lease(KEY)
    await one._link.call(lambda redis: redis.set(name, ghost, px=3_600_000), 2.0)

    told = await claimed(other)
    assert isinstance(told, Running)
    assert told.generation == bytes(16)
    assert await read(told) == b""
    assert told.ending == "lost"
    lease = await claimed(other)

    assert not isinstance(lease, Running)
    await lease.finish(None, 0)


async def test_a_full_redis_takes_nothing_for_what_it_frees(own_redis: Any) -> None:
    """It is told no before anything is deleted, and what was to be deleted is."""
    server = own_redis("--maxmemory-policy", "noeviction")
    store = RedisCache(server.url, secret=SECRET, timeout=2.0)
    server.ask("SET", "lease", b"me")
    server.ask("SADD", "wishes", b"follow")
    server.ask("RPUSH", "log", b"one", b"two")
    server.ask("CONFIG", "SET", "maxmemory", "1")

    with pytest.raises(CacheFullError):
        await store._answers.run(FINISH, ["recording", "lease", "wishes"], [b"me", 1000, b"all"])
    with pytest.raises(CacheFullError):
        await store._answers.run(APPEND, ["log"], [-1, 1000, "PUBLISH", "news", b"whole"])

    assert server.ask("KEYS", "*") == [b"log"]
    assert server.ask("LRANGE", "log", 0, -1) == [b"one", b"two"]
    await store.close()
