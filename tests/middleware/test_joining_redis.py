"""Joining through Redis. Two stores with links of their own stand for two processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.asgi import Answer, ask, scope_of
from support.silence import cut_off
from support.streams import ScriptedApp, chat

from streamward import Policy, Report, Streamward
from streamward.cache import Encryption, RedisCache
from streamward.errors import LeaderLostError, UpstreamFailedError

ALICE = {"authorization": "Bearer alice"}
WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]
WHOLE = b"".join(chat(WORDS))
SECRET = bytes(range(32))


# What a machine that does much else may take; a test that waits for a time-out says less.
PATIENT = {"timeout": 30.0, "write_timeout": 30.0}


class Town:
    """Some processes that share a Redis."""

    def __init__(self, url: str, prefix: str, **settings: Any) -> None:
        self.url = url
        self.settings = {"prefix": prefix, "secret": SECRET, **PATIENT, **settings}
        self.stores: list[RedisCache] = []
        self.reports: list[Report] = []

    def door(self, app: Any, **settings: Any) -> Streamward:
        self.stores.append(RedisCache(self.url, **self.settings))
        return Streamward(app, cache=self.stores[-1], on_report=self.reports.append, **settings)


@contextlib.asynccontextmanager
async def town_of(server: Any, name: str, **settings: Any) -> AsyncIterator[Town]:
    town = Town(server.url, f"join-{name}", **settings)
    try:
        yield town
    finally:
        for store in town.stores:
            await store.close()


async def question(door: Any, **request: Any) -> Answer:
    return await ask(door, scope_of(headers=ALICE), **request)


async def until(condition: Any) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "clear"])
async def test_many_processes_ask_once(redis_server, sealed):
    encryption = Encryption(keys=[bytes(32)]) if sealed else None
    async with town_of(redis_server, f"many-{sealed}", encryption=encryption) as town:
        app = ScriptedApp([0.05, *chat(WORDS)[:3], 0.05, *chat(WORDS)[3:]])
        doors = [town.door(app) for _ in range(5)]

        answers = await asyncio.gather(*(question(door) for door in doors for _ in range(4)))
        again = await question(town.door(app))

    assert app.calls == 1
    assert {answer.body for answer in [*answers, again]} == {WHOLE}
    assert all(answer.ended for answer in answers)
    assert sorted(report.cache for report in town.reports) == ["hit"] + ["joined"] * 19 + ["stored"]


@pytest.mark.parametrize("protocol", ["", "?protocol=3"], ids=["RESP2", "RESP3"])
@pytest.mark.parametrize(
    "form", ["redis_server", "redis_sentinel", "redis_cluster", "valkey", "valkey_cluster"]
)
async def test_as_people_run_it(form, protocol, request):
    """One call each of several questions, whose keys are in all nodes of a cluster."""
    server = request.getfixturevalue(form)
    async with town_of(server, f"form-{form}-{protocol[1:4]}") as town:
        town.url += protocol
        app = ScriptedApp([0.1, *chat(WORDS)[:3], 0.1, *chat(WORDS)[3:]])
        doors = [town.door(app) for _ in range(3)]

        answers = await asyncio.gather(
            *(question(door, body=b"%d" % number) for door in doors for number in range(8))
        )

    assert app.calls == 8
    assert {answer.body for answer in answers} == {WHOLE}
    assert all(answer.ended for answer in answers)


@pytest.mark.parametrize("form", ["redis_server", "redis_cluster"])
async def test_a_stop_is_heard_at_once(form, request):
    server = request.getfixturevalue(form)
    async with town_of(server, f"stop-{form}", lease=60.0) as town:
        app = ScriptedApp([*chat(WORDS)[:2], 60.0])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(question(one))
        await until(lambda: app.calls)
        running = next(iter(town.stores[0]._answers._leases.values()))
        del other

        await town.stores[1].stop(running._key, running.running.generation)

        assert b'"stopped"' in (await leader).body


async def test_a_stop_that_nobody_hears_lasts_until_the_next_renewal(redis_server):
    async with town_of(redis_server, "lasting", lease=1.0) as town:
        app = ScriptedApp([*chat(WORDS)[:2], 60.0])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(question(one))
        await until(lambda: app.calls)
        del other
        answers = town.stores[0]._answers
        for _, hearing in answers._processes.values():
            hearing.cancel()
        running = next(iter(answers._leases.values()))

        await town.stores[1].stop(running._key, running.running.generation)

        assert b'"stopped"' in (await leader).body


async def test_who_follows_elsewhere_hears_each_frame_as_it_comes(redis_server):
    async with town_of(redis_server, "live") as town:
        heard = [asyncio.Event() for _ in WORDS]
        script: list[Any] = []
        for word, event in zip(chat(WORDS)[1:-2], heard, strict=True):
            script += [word, event.wait]
        app = ScriptedApp([chat(WORDS)[0], *script, *chat(WORDS)[-2:]])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(question(one))
        await until(lambda: app.calls)

        def note(answer: Answer) -> bool:
            for word, event in zip(WORDS, heard, strict=True):
                if word.encode() in answer.body:
                    event.set()
            return False

        follower = await question(other, leave_when=note)

        assert follower.body == (await leader).body == WHOLE
        assert app.calls == 1


async def test_an_error_reaches_who_follows_elsewhere(redis_server):
    async with town_of(redis_server, "error") as town:
        app = ScriptedApp([*chat(WORDS)[:2], 0.1, RuntimeError("in the middle")])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(question(one))
        await until(lambda: app.calls)

        follower = await question(other)

        assert app.calls == 1
        assert follower.body == (await leader).body
        assert isinstance(follower.raised, UpstreamFailedError)
        assert not follower.ended


async def test_what_is_for_one_alone_is_asked_for_by_each(redis_server):
    async with town_of(redis_server, "alone") as town:
        app = ScriptedApp([0.05, b"{}"], content_type="application/json")
        answers = await asyncio.gather(*(question(town.door(app)) for _ in range(3)))

    assert app.calls == 3
    assert {answer.body for answer in answers} == {b"{}"}


async def vanish(store: RedisCache, leader: asyncio.Task[Any]) -> None:
    """Let a process die as by ``kill -9``: it says nothing more to Redis."""
    cut_off(store)
    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)


async def test_a_dead_leader_is_told_to_who_has_begun(redis_server):
    async with town_of(redis_server, "dead", lease=0.5) as town:
        app = ScriptedApp([*chat(WORDS)[:3], 60.0])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(question(one))
        await until(lambda: app.calls)
        got: list[int] = []
        follower = asyncio.create_task(
            question(other, leave_when=lambda answer: got.append(len(answer.body)))
        )
        await until(lambda: got and got[-1] >= len(b"".join(chat(WORDS)[:3])))

        await vanish(town.stores[0], leader)
        answer = await follower

        assert app.calls == 1
        assert isinstance(answer.raised, LeaderLostError)
        assert answer.body.startswith(b"".join(chat(WORDS)[:3]))
        assert b'"leader_lost"' in answer.body
        assert not answer.ended


async def test_a_dead_leader_is_followed_by_another(redis_server):
    """Those who have got nothing yet ask again, and one of them leads."""
    async with town_of(redis_server, "takeover", lease=0.5) as town:
        dying, living = ScriptedApp([60.0]), ScriptedApp([0.05, *chat(WORDS)])
        one, others = town.door(dying), [town.door(living) for _ in range(3)]
        leader = asyncio.create_task(question(one))
        await until(lambda: dying.calls)
        waiting = asyncio.gather(*(question(door) for door in others))
        await asyncio.sleep(0.1)

        await vanish(town.stores[0], leader)
        answers = await waiting

        assert living.calls == 1
        assert {answer.body for answer in answers} == {WHOLE}
        assert all(answer.ended for answer in answers)


async def test_a_silent_leader_is_not_a_dead_one(redis_server):
    """Its lease is renewed by a timer, not by tokens."""
    async with town_of(redis_server, "thinks", lease=0.3) as town:
        app = ScriptedApp([*chat(WORDS)[:2], 1.5, *chat(WORDS)[2:]])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(question(one))
        await until(lambda: app.calls)

        answer = await question(other)

        assert answer.body == (await leader).body == WHOLE
        assert app.calls == 1


async def test_a_lease_that_redis_has_lost_is_no_death(redis_server):
    """Evicted, or flushed with everything else: who follows gets the whole answer."""
    async with town_of(redis_server, "lost", lease=0.6) as town:
        flush = asyncio.Event()

        async def forget() -> None:
            await town.stores[0]._link.call(lambda redis: redis.flushall(), 1.0)
            flush.set()

        app = ScriptedApp([*chat(WORDS)[:2], 0.1, forget, 1.0, *chat(WORDS)[2:]])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(question(one))
        await until(lambda: app.calls)

        answer = await question(other)

        assert flush.is_set()
        assert answer.body == (await leader).body == WHOLE


async def test_two_leaders_do_not_mix(redis_server):
    """A lease lost to somebody else: each reader has the bytes of one answer."""
    async with town_of(redis_server, "two", lease=30.0) as town:
        first, second = chat(["one "] * 5), chat(["two "] * 5)
        slow = ScriptedApp([*first[:3], 0.3, *first[3:]])
        quick = ScriptedApp([*second[:3], 0.1, *second[3:]])
        doors = town.door(slow), town.door(quick), town.door(slow), town.door(quick)
        leader = asyncio.create_task(question(doors[0]))
        await until(lambda: slow.calls)
        early = asyncio.create_task(question(doors[2]))
        await asyncio.sleep(0.05)

        await town.stores[0]._link.call(lambda redis: redis.flushall(), 1.0)
        late = await asyncio.gather(question(doors[1]), question(doors[3]))
        answers = [await leader, await early, *late]

        bodies = [answer.body for answer in answers]
        assert bodies == [b"".join(first)] * 2 + [b"".join(second)] * 2


async def test_the_answer_goes_on_while_anybody_reads_elsewhere(redis_server):
    async with town_of(redis_server, "readers") as town:
        joining = asyncio.Event()
        app = ScriptedApp([*chat(WORDS)[:2], joining.wait, chat(WORDS)[2], 0.3, *chat(WORDS)[3:]])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(
            question(one, leave_when=lambda answer: WORDS[1].encode() in answer.body)
        )
        await until(lambda: app.calls)

        def note(answer: Answer) -> bool:
            if WORDS[0].encode() in answer.body:
                joining.set()
            return False

        answer = await question(other, leave_when=note)
        await leader

        assert answer.body == WHOLE
        assert not app.cancelled
        assert {report.outcome for report in town.reports} == {"client_left", "complete"}


async def test_when_the_last_reader_elsewhere_leaves_the_application_stops(redis_server):
    async with town_of(redis_server, "nobody") as town:
        joining = asyncio.Event()
        app = ScriptedApp([*chat(WORDS)[:2], joining.wait, chat(WORDS)[2], 60.0])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(
            question(one, leave_when=lambda answer: WORDS[1].encode() in answer.body)
        )
        await until(lambda: app.calls)

        def note(answer: Answer) -> bool:
            if WORDS[0].encode() in answer.body:
                joining.set()
            return WORDS[1].encode() in answer.body

        await question(other, leave_when=note)
        await leader

        assert app.cancelled


async def test_redis_that_goes_away_in_mid_answer_hurts_nobody_who_leads(redis_server):
    async with town_of(redis_server, "away", timeout=0.1, write_timeout=0.1, lease=0.3) as town:
        app = ScriptedApp([*chat(WORDS)[:2], redis_server.pause, 0.5, *chat(WORDS)[2:]])
        try:
            answer = await question(town.door(app, policy=Policy()))
        finally:
            redis_server.resume()

    assert answer.body == WHOLE
    assert answer.ended
    assert [report.not_kept for report in town.reports] == ["store"]


async def test_nothing_of_an_answer_is_in_a_name(redis_server):
    async with town_of(redis_server, "names") as town:
        names: list[bytes] = []

        async def look() -> None:
            names.extend(await town.stores[0]._link.call(lambda redis: redis.keys(), 1.0))

        app = ScriptedApp([*chat(WORDS)[:2], 0.2, look, *chat(WORDS)[2:]])
        one, other = town.door(app), town.door(app)
        leader = asyncio.create_task(question(one))
        await until(lambda: app.calls)
        await question(other)
        await leader

    ours = [name for name in names if name.startswith(b"join-names:{")]
    assert {name.split(b"}", 1)[1].split(b":")[1] for name in ours if b"}:" in name} >= {
        b"lease",
        b"log",
    }
    assert not any(b"alice" in name or b"chat" in name for name in names)
