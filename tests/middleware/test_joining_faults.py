"""A Redis that is black-holed, full, flushed, killed or restarted, seen through the whole door."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.asgi import Answer, ask, scope_of
from support.streams import ScriptedApp, chat

from streamward import Report, Streamward
from streamward.cache import RedisCache
from streamward.errors import LeaderLostError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ALICE = {"authorization": "Bearer alice"}
WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]
WHOLE = b"".join(chat(WORDS))


class BlackHole:
    """Takes connections and bytes, counts them, and never answers."""

    connections = 0
    taken = 0
    url = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while data := await reader.read(1 << 16):
            self.taken += len(data)
        writer.close()


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
        given = {"secret": bytes(32), "timeout": 2.0, "lease": 1.5, **settings}
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
    one = door(server.url, app, [], timeout=1.0, write_timeout=1.0, retry_after=0.2)
    other = door(server.url, app, [], timeout=1.0, write_timeout=1.0, retry_after=0.2)
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
