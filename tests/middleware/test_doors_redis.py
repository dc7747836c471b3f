"""Both doors at one Redis, in each of its forms: what one gives, the other joins and replays."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from support.asgi import Answer
from support.doors import ALICE, AsgiDoor, WsgiDoor
from support.silence import cut_off
from support.streams import chat, chat_text

from streamward import Policy
from streamward.cache import Encryption, RedisCache
from streamward.errors import LeaderLostError, UpstreamFailedError
from streamward.middleware.wsgi.steps import run

WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]
WHOLE = b"".join(chat(WORDS))
SECRET = bytes(range(32))
PAIRS = [(WsgiDoor, WsgiDoor), (WsgiDoor, AsgiDoor), (AsgiDoor, WsgiDoor)]
NAMES = ["wsgi-wsgi", "wsgi-asgi", "asgi-wsgi"]
FORMS = ["redis_server", "redis_sentinel", "redis_cluster", "valkey", "valkey_cluster"]
everywhere = pytest.mark.parametrize("town", FORMS, indirect=True)


class Town:
    """Some processes that share a Redis; each request is made in a thread of its own."""

    def __init__(self, url: str, prefix: str) -> None:
        self.url = url
        self.prefix = prefix
        self.threads = ThreadPoolExecutor(16)
        self.stores: list[RedisCache] = []
        self.loop = asyncio.new_event_loop()
        self.looping = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.looping.start()

    def close(self) -> None:
        self.threads.shutdown()
        for store in self.stores:
            asyncio.run_coroutine_threadsafe(store.close(), self.loop).result()
            run(store.in_threads().close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.looping.join(10)
        self.loop.close()

    def door(self, make: Any, script: Any, *, policy: Policy | None = None, **settings: Any) -> Any:
        store = RedisCache(
            self.url, **{"prefix": self.prefix, "secret": SECRET, "timeout": 2.0, **settings}
        )
        self.stores.append(store)
        door = make(script, cache=store, policy=policy)
        door.loop = self.loop
        return door

    def ask(self, door: Any, **request: Any) -> Future[Answer]:
        return self.threads.submit(lambda: door.ask(headers=ALICE, **request)[0])


@pytest.fixture
def town(request) -> Iterator[Town]:
    server = request.getfixturevalue(getattr(request, "param", "redis_server"))
    town = Town(server.url, f"doors-{abs(hash(request.node.name))}")
    yield town
    town.close()


def until(condition: Any) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


@everywhere
@pytest.mark.parametrize(("first", "second"), PAIRS, ids=NAMES)
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "clear"])
def test_what_one_has_given_another_replays(town, first, second, sealed):
    encryption = Encryption(keys=[bytes(32)]) if sealed else None
    one = town.door(first, chat(WORDS), encryption=encryption)
    other = town.door(second, [RuntimeError()], encryption=encryption)

    [given] = one.ask()
    [again] = other.ask()

    assert given.body == again.body == WHOLE
    assert again.headers["cache-status"].startswith("streamward; hit")
    assert other.calls == 0


@everywhere
@pytest.mark.parametrize(("first", "second"), PAIRS, ids=NAMES)
def test_what_one_purges_another_asks_for_anew(town, first, second):
    one, other = town.door(first, chat(WORDS)), town.door(second, chat(WORDS))
    threads = isinstance(one, WsgiDoor)
    assert [one.ask()[0].body for _ in "12"] == [other.ask()[0].body] * 2

    if threads:
        run(town.stores[0].in_threads().purge())
    else:
        asyncio.run_coroutine_threadsafe(town.stores[0].purge(), town.loop).result()
    [again] = other.ask()

    assert again.body == WHOLE
    assert (one.calls, other.calls) == (1, 1)


@everywhere
@pytest.mark.parametrize(("first", "second"), PAIRS, ids=NAMES)
def test_what_one_is_giving_another_joins_as_it_comes(town, first, second):
    heard = threading.Event()
    script = [*chat(WORDS)[:3], lambda: until(heard.is_set), *chat(WORDS)[3:]]
    if first is AsgiDoor:
        script[3] = 1.0
    one = town.door(first, script)
    other = town.door(second, [RuntimeError()])
    leader = town.ask(one)
    until(lambda: one.sent >= 2)

    def note(answer: Answer) -> bool:
        if WORDS[0].encode() in answer.body:
            heard.set()
        return False

    follower = town.ask(other, leave_when=note).result()

    assert follower.body == leader.result().body == WHOLE
    assert follower.ended
    assert other.calls == 0
    assert other.reports[0].cache == "joined"


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=NAMES)
def test_an_error_reaches_who_follows_elsewhere(town, first, second):
    one = town.door(first, [*chat(WORDS)[:3], 2.0, RuntimeError()])
    other = town.door(second, chat(WORDS))
    leader = town.ask(one)
    until(lambda: one.sent >= 2)

    follower = town.ask(other).result()

    assert follower.body == leader.result().body
    assert isinstance(follower.raised, UpstreamFailedError)
    assert other.calls == 0


@everywhere
@pytest.mark.parametrize("protocol", ["", "?protocol=3"], ids=["RESP2", "RESP3"])
def test_many_ask_once(town, protocol):
    """The keys of several questions are in all nodes of a cluster."""
    town.url += protocol
    doors = [town.door(make, [0.2, *chat(WORDS)]) for make in (WsgiDoor, AsgiDoor) * 2]

    asking = [town.ask(door, body=b"%d" % number) for number in range(4) for door in doors]
    answers = [one.result() for one in asking]

    assert sum(door.calls for door in doors) == 4
    assert {answer.body for answer in answers} == {WHOLE}


@everywhere
def test_a_silent_leader_is_not_a_dead_one(town):
    one = town.door(WsgiDoor, [*chat(WORDS)[:3], 1.5, *chat(WORDS)[3:]], lease=0.3)
    other = town.door(WsgiDoor, [RuntimeError()], lease=0.3)
    leader = town.ask(one)
    until(lambda: one.sent >= 2)

    follower = town.ask(other).result()

    assert follower.body == leader.result().body == WHOLE


def test_a_dead_leader_is_told_to_who_has_begun(town):
    dead = threading.Event()
    one = town.door(
        WsgiDoor, [*chat(WORDS)[:3], lambda: dead.wait(20), *chat(WORDS)[3:]], lease=0.3
    )
    other = town.door(WsgiDoor, chat(WORDS), lease=0.3)
    leader = town.ask(one)
    until(lambda: one.sent >= 2)

    def note(answer: Answer) -> bool:
        if WORDS[0].encode() in answer.body:
            cut_off(town.stores[0])
        return False

    follower = town.ask(other, leave_when=note).result()
    dead.set()

    assert isinstance(follower.raised, LeaderLostError)
    assert b'"leader_lost"' in follower.body
    assert leader.result().body == WHOLE


@everywhere
def test_a_dead_leader_is_followed_by_another(town):
    dead = threading.Event()
    one = town.door(WsgiDoor, [lambda: dead.wait(20), *chat(WORDS)], lease=0.3)
    other = town.door(WsgiDoor, [0.05, *chat(WORDS)], lease=0.3)
    leader = town.ask(one)
    until(lambda: one.calls)
    waiting = [town.ask(other) for _ in range(3)]
    time.sleep(0.1)

    cut_off(town.stores[0])
    answers = [one.result() for one in waiting]
    dead.set()

    assert other.calls == 1
    assert {chat_text(answer.body) for answer in answers} == {"".join(WORDS)}
    assert leader.result().ended


@everywhere
def test_the_answer_goes_on_while_anybody_reads_elsewhere(town):
    joined = threading.Event()
    one = town.door(
        WsgiDoor, [*chat(WORDS)[:3], lambda: joined.wait(20), chat(WORDS)[3], 0.2, *chat(WORDS)[4:]]
    )
    other = town.door(WsgiDoor, [RuntimeError()])
    leader = town.ask(one, leave_when=lambda answer: WORDS[2].encode() in answer.body)
    until(lambda: one.sent >= 2)

    def note(answer: Answer) -> bool:
        if WORDS[0].encode() in answer.body:
            joined.set()
        return False

    follower = town.ask(other, leave_when=note).result()
    leader.result()

    assert follower.body == WHOLE
    assert one.calls == 1


def test_with_redis_away_the_answer_still_streams(own_redis):
    server = own_redis()
    store = RedisCache(server.url, secret=SECRET, timeout=0.1, write_timeout=0.1)
    door = WsgiDoor([*chat(WORDS)[:2], server.pause, *chat(WORDS)[2:]], cache=store)

    [answer] = door.ask()
    [again] = door.ask()

    assert answer.body == again.body == WHOLE
    assert [report.not_kept for report in door.reports] == ["store", None]
    assert again.headers["cache-status"].endswith("detail=cache-unavailable")


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_a_sick_redis_costs_one_time_limit(own_redis, how):
    server = own_redis()
    door = WsgiDoor(chat(WORDS), cache=RedisCache(server.url, secret=SECRET))
    getattr(server, how)()

    bodies = [door.ask()[0].body for _ in range(3)]

    assert bodies == [WHOLE] * 3
    assert door.calls == 3
