"""What stands in for a loop where there is none: one thread for live work, one that listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from streamward.cache import Recording, RedisCache
from streamward.cache.breaker import Breaker
from streamward.cache.link.threads import ThreadLink
from streamward.cache.live.thread import ThreadTasks
from streamward.errors import CacheFullError, CacheUnavailableError
from streamward.middleware.wsgi.steps import run

KEY = bytes(32)


@pytest.fixture
def tasks() -> ThreadTasks:
    return ThreadTasks()


@pytest.fixture
def raw(redis_server: Any) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as client:
        yield client


def until(condition: Any) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


# The thread


def test_work_goes_on_in_turn_in_one_thread(tasks):
    seen: list[tuple[str, int]] = []

    async def work(name: str, seconds: float) -> None:
        for _ in range(2):
            await tasks.sleep(seconds)
            seen.append((name, threading.get_ident()))

    jobs = [tasks.start(work("slow", 0.15)), tasks.start(work("quick", 0.05))]
    until(lambda: all(job.done() for job in jobs))

    assert [name for name, _ in seen] == ["quick", "quick", "slow", "slow"]
    assert len({thread for _, thread in seen}) == 1
    assert threading.get_ident() not in {thread for _, thread in seen}


def test_a_signal_from_any_thread_wakes(tasks):
    signal = tasks.signal()
    woken = threading.Event()

    async def work() -> None:
        await signal.wait()
        woken.set()

    tasks.start(work())
    signal.set()

    assert woken.wait(20)


def test_a_signal_before_the_wait_is_not_missed(tasks):
    for _ in range(50):
        signal = tasks.signal()
        signal.set()

        async def work(signal: Any = signal) -> None:
            await signal.wait()

        job = tasks.start(work())
        until(job.done)


def test_a_wait_ends_in_time_without_a_signal(tasks):
    job = tasks.start(tasks.signal().wait(0.02))

    until(job.done)


def test_what_is_cancelled_cleans_up(tasks):
    cleaned = threading.Event()
    begun = threading.Event()

    async def work() -> None:
        try:
            begun.set()
            await tasks.sleep(3600)
        finally:
            cleaned.set()

    job = tasks.start(work())
    assert begun.wait(20)
    job.cancel()

    assert cleaned.wait(20)
    until(job.done)


def test_what_fails_stops_nothing_else(tasks):
    async def fails() -> None:
        raise RuntimeError("for the log")

    jobs = [tasks.start(fails()), tasks.start(tasks.sleep(0.02))]

    until(lambda: all(job.done() for job in jobs))


# The line


def test_a_lost_connection_is_told_and_opened_again(redis_server, raw, tasks):
    link = ThreadLink(redis_server.url, Breaker(60.0), 4, tasks)
    heard: list[bytes | None] = []

    async def listen() -> None:
        async with link.subscribe("thread-line") as events:
            while True:
                heard.append(await anext(events))

    job = tasks.start(listen())
    until(lambda: heard == [None])
    raw.publish("thread-line", b"one")
    until(lambda: heard == [None, b"one"])
    raw.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    until(lambda: heard[2:] == [None])
    raw.publish("thread-line", b"two")
    until(lambda: heard[3:] == [b"two"])

    job.cancel()
    until(lambda: not dict(raw.pubsub_numsub("thread-line"))[b"thread-line"])
    run(link.close())


# The blocking client


@pytest.fixture
def recording() -> Recording:
    return Recording(200, (), (), "openai_chat", 1.0)


def test_a_full_redis_says_so(own_redis, recording):
    server = own_redis("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    store = RedisCache(server.url, secret=KEY).in_threads()

    with pytest.raises(CacheFullError):
        run(store.put(KEY, recording, 60))
    assert run(store.get(KEY)) is None  # it is full, not sick


def test_a_stopped_redis_is_waited_for_once(own_redis):
    server = own_redis()
    store = RedisCache(server.url, secret=KEY).in_threads()
    assert run(store.get(KEY)) is None
    server.pause()

    reasons: list[str] = []
    for _ in range(3):
        with pytest.raises(CacheUnavailableError) as caught:
            run(store.get(KEY))
        reasons.append(caught.value.reason)
    server.resume()

    assert reasons == ["timeout", "paused", "paused"]


def test_a_connection_that_redis_closed_is_opened_again(redis_server, raw, recording):
    store = RedisCache(redis_server.url, prefix="threads-again", secret=KEY, timeout=2.0)
    threads = store.in_threads()
    run(threads.put(KEY, recording, 60))
    raw.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    assert run(threads.get(KEY)) == recording
    assert threads.in_threads() is threads
    run(threads.close())


def test_more_than_there_are_places_for_is_busy(redis_server, tasks):
    link = ThreadLink(redis_server.url, Breaker(60.0), 1, tasks)
    inside = threading.Event()
    go_on = threading.Event()

    async def hold(client: Any) -> None:
        inside.set()
        go_on.wait(20)

    holder = threading.Thread(target=lambda: run(link.call(hold, 20.0)))
    holder.start()
    assert inside.wait(20)

    with pytest.raises(CacheUnavailableError) as caught:
        run(link.call(lambda client: client.get("x"), 0.02))
    go_on.set()
    holder.join()

    assert caught.value.reason == "busy"
    assert run(link.call(lambda client: client.get("no such name"), 2.0)) is None
    run(link.close())


def test_work_that_is_ended_has_ended(tasks):
    async def work() -> None:
        await tasks.sleep(60)

    jobs = [tasks.start(work()) for _ in range(3)]
    run(tasks.end(jobs))

    assert [job.done() for job in jobs] == [True, True, True]


def test_work_is_waited_for(tasks):
    async def work() -> None:
        await tasks.sleep(0.02)

    job = tasks.start(work())
    run(tasks.wait(job, 20))

    assert job.done()


@pytest.mark.parametrize("form", ["redis_server", "redis_sentinel", "redis_cluster"])
def test_a_store_of_threads_can_be_closed_and_used_again(form, request):
    url = request.getfixturevalue(form).url
    store = RedisCache(url, prefix="closed-threads", timeout=10.0).in_threads()
    claim = run(store.claim(KEY, max_bytes=1000))
    run(store.close())

    assert run(store.get(KEY)) is None
    assert not isinstance(claim, Recording)
