"""A Redis that is black-holed, full, flushed, killed or restarted, seen through the whole door."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.asgi import Answer, ask, scope_of
from support.roads import BlackHole, SlowRoad
from support.streams import ScriptedApp, chat

from streamward import Report, Streamward
from streamward.cache import RedisCache
from streamward.errors import LeaderLostError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ALICE = {"authorization": "Bearer alice"}
WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]
WHOLE = b"".join(chat(WORDS))


@pytest.fixture
async def black_hole() -> AsyncIterator[BlackHole]:
    hole = BlackHole()
    async with await asyncio.start_server(hole.take, "127.0.0.1", 0) as server:
        hole.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        yield hole


@pytest.fixture
async def door() -> AsyncIterator[Callable[..., Streamward]]:
    """Make doors with links of their own: each stands for a process."""
    stores: list[RedisCache] = []

    def make(url: str, app: Any, reports: list[Report], **settings: Any) -> Streamward:
        given = {
            "secret": bytes(32),
            "timeout": 20.0,
            "write_timeout": 20.0,
            "lease": 1.5,
            **settings,
        }
        stores.append(RedisCache(url, **given))
        return Streamward(app, cache=stores[-1], on_report=reports.append)

    yield make
    for store in stores:
        await store.close()


async def question(door: Any, **request: Any) -> Answer:
    async with asyncio.timeout(30):
        return await ask(door, scope_of(headers=ALICE), **request)


async def test_a_black_hole_is_asked_once(black_hole: BlackHole, door: Any) -> None:
    """While the breaker is open, nobody sends it a byte, or connects."""
    reports: list[Report] = []
    app = ScriptedApp(chat(WORDS))
    one = door(black_hole.url, app, reports, timeout=0.1, retry_after=60.0)

    first = await question(one)
    await asyncio.sleep(0.05)
    seen = black_hole.connections, black_hole.taken
    later = [await question(one) for _ in range(20)]
    await asyncio.sleep(0.05)

    assert seen > (0, 0)
    assert (black_hole.connections, black_hole.taken) == seen
    assert {answer.body for answer in [first, *later]} == {WHOLE}
    assert all(answer.ended for answer in [first, *later])
    assert app.calls == 21
    assert {report.cache for report in reports}.isdisjoint({"hit", "joined", "stored"})


async def test_a_stopped_redis_costs_no_answer(own_redis: Any, door: Any) -> None:
    server = own_redis()
    app = ScriptedApp(chat(WORDS))
    one = door(server.url, app, [], timeout=0.1, retry_after=60.0)
    await question(one, body=b"before")
    server.pause()
    answers = [await question(one, body=b"%d" % number) for number in range(10)]
    server.resume()

    assert {answer.body for answer in answers} == {WHOLE}
    assert app.calls == 11


@pytest.mark.parametrize("fault", ["flush", "restart", "kill"])
async def test_a_fault_in_mid_answer(own_redis: Any, door: Any, fault: str) -> None:
    """Who leads, and who joined in its process, has all; who is elsewhere, all or an error."""
    server = own_redis()

    async def strike() -> None:
        if fault == "flush":
            await asyncio.to_thread(server.ask, "FLUSHALL")
            return
        server.kill()
        if fault == "restart":
            await asyncio.to_thread(server.start)

    app_asked, joined = asyncio.Event(), asyncio.Event()
    app = ScriptedApp([app_asked.set, *chat(WORDS)[:2], joined.wait, strike, 0.5, *chat(WORDS)[2:]])
    one = door(server.url, app, [], retry_after=0.2)
    other = door(server.url, app, [], retry_after=0.2)
    leader = asyncio.create_task(question(one))
    await asyncio.wait_for(app_asked.wait(), 30)

    def note(answer: Answer) -> bool:
        if WORDS[0].encode() in answer.body:
            joined.set()
        return False

    here = asyncio.create_task(question(one))
    elsewhere = await question(other, leave_when=note)

    assert app.calls == 1
    assert (await leader).body == (await here).body == WHOLE
    if fault == "flush" or elsewhere.raised is None:
        assert elsewhere.body == WHOLE
        assert elsewhere.ended
    else:
        assert isinstance(elsewhere.raised, LeaderLostError)
        assert b'"leader_lost"' in elsewhere.body
        assert not elsewhere.ended


async def test_full(own_redis: Any, door: Any) -> None:
    """Nobody can lead for others, and nothing is kept; everybody has an answer."""
    server = own_redis("--maxmemory-policy", "noeviction")
    reports: list[Report] = []
    app = ScriptedApp([0.05, *chat(WORDS)])
    doors = [door(server.url, app, reports) for _ in range(2)]
    await question(doors[0], body=b"before")
    server.ask("CONFIG", "SET", "maxmemory", "1")

    answers = await asyncio.gather(*(question(one) for one in doors for _ in range(2)))

    assert {answer.body for answer in answers} == {WHOLE}
    assert all(answer.ended for answer in answers)
    assert sum(report.cache == "stored" for report in reports) == 1


async def test_full_in_mid_answer(own_redis: Any, door: Any) -> None:
    """Who comes to the same process joins all the same."""
    server = own_redis("--maxmemory-policy", "noeviction")
    asked, joined = asyncio.Event(), asyncio.Event()
    app = ScriptedApp([asked.set, *chat(WORDS)[:2], joined.wait, *chat(WORDS)[2:]])
    reports: list[Report] = []
    one = door(server.url, app, reports)
    leader = asyncio.create_task(question(one))
    await asyncio.wait_for(asked.wait(), 30)
    server.ask("CONFIG", "SET", "maxmemory", "1")

    def note(answer: Answer) -> bool:
        if WORDS[0].encode() in answer.body:
            joined.set()
        return False

    follower = await question(one, leave_when=note)

    assert follower.body == (await leader).body == WHOLE
    assert app.calls == 1
    assert sorted(report.not_kept or "" for report in reports) == ["", "store"]
    assert server.ask("KEYS", "*:lease") == [], "the right was given back all the same"


async def test_full_in_mid_answer_for_who_follows_elsewhere(own_redis: Any, door: Any) -> None:
    """What Redis cannot keep it still passes on."""
    server = own_redis("--maxmemory-policy", "noeviction")
    reports: list[Report] = []

    def strike() -> None:
        server.ask("CONFIG", "SET", "maxmemory", "1")

    leader, follower, calls = await in_mid_answer(server.url, door, strike, reports)

    assert follower.body == leader.body == WHOLE
    assert calls == 1
    assert sorted(report.not_kept or "" for report in reports) == ["", "store"]


async def test_an_evicted_lease_is_no_death(own_redis: Any, door: Any) -> None:
    """With allkeys-lru everything may go at any moment: the leader takes its lease again."""
    server = own_redis("--maxmemory-policy", "allkeys-lru")
    reports: list[Report] = []

    async def strike() -> None:
        server.ask("CONFIG", "SET", "maxmemory", "1")
        while server.ask("DBSIZE"):  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.005)
        server.ask("CONFIG", "SET", "maxmemory", "0")

    leader, follower, calls = await in_mid_answer(server.url, door, strike, reports)

    assert int(server.ask("INFO", "stats")["evicted_keys"]) > 0
    assert follower.body == leader.body == WHOLE
    assert leader.ended and follower.ended
    assert calls == 1
    assert sorted(report.cache for report in reports) == ["joined", "stored"]


async def in_mid_answer(
    url: str, door: Any, strike: Callable[[], object], reports: list[Report]
) -> tuple[Answer, Answer, int]:
    """Let something happen while one process leads, and another follows; return both answers."""
    asked, joined = asyncio.Event(), asyncio.Event()
    rest = chat(WORDS)[2:]
    app = ScriptedApp([asked.set, *chat(WORDS)[:2], joined.wait, strike, rest[0], 1.0, *rest[1:]])
    one, other = door(url, app, reports), door(url, app, reports)
    leader = asyncio.create_task(question(one))
    await asyncio.wait_for(asked.wait(), 30)

    def note(answer: Answer) -> bool:
        if WORDS[0].encode() in answer.body:
            joined.set()
        return False

    follower = await question(other, leave_when=note)
    return await leader, follower, app.calls


@pytest.fixture
async def slow_road(own_redis: Any) -> AsyncIterator[SlowRoad]:
    road = SlowRoad(own_redis().port)
    async with await asyncio.start_server(road.take, "127.0.0.1", 0) as server:
        road.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        yield road
        road.seconds = 0.0


async def test_a_slow_redis_makes_those_who_follow_late_and_nobody_else(
    slow_road: SlowRoad, door: Any
) -> None:
    """The leader's client has its whole answer before anybody elsewhere has a frame of the rest."""
    reports: list[Report] = []
    begun, asked = asyncio.Event(), asyncio.Event()
    app = ScriptedApp([asked.set, *chat(WORDS)[:2], begun.wait, *chat(WORDS)[2:]])
    one, other = (door(slow_road.url, app, reports) for _ in range(2))
    order: list[str] = []

    def leads(answer: Answer) -> bool:
        if b"[DONE]" in answer.body:
            order.append("leader")
        return False

    def follows(answer: Answer) -> bool:
        if WORDS[0].encode() in answer.body and not begun.is_set():
            slow_road.seconds = 0.5
            begun.set()
        if b"[DONE]" in answer.body:
            order.append("follower")
        return False

    leader = asyncio.create_task(question(one, leave_when=leads))
    await asyncio.wait_for(asked.wait(), 30)
    follower = await question(other, leave_when=follows)

    assert (await leader).body == follower.body == WHOLE
    assert list(dict.fromkeys(order)) == ["leader", "follower"]
    assert app.calls == 1


async def test_a_redis_slower_than_a_claim_may_take_is_done_without(
    slow_road: SlowRoad, door: Any
) -> None:
    reports: list[Report] = []
    app = ScriptedApp(chat(WORDS))
    one = door(slow_road.url, app, reports, timeout=0.1, retry_after=60.0)
    slow_road.seconds = 3600.0

    answers = [await question(one) for _ in range(5)]

    assert {answer.body for answer in answers} == {WHOLE}
    assert app.calls == 5
    assert {report.cache for report in reports} == {"bypass"}
