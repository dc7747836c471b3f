"""Several answers to one request, kept and served in turn."""

from __future__ import annotations

import json
from typing import Any

from support.asgi import ask, scope_of
from support.streams import ScriptedApp, chat, chat_text

from streamward import CachePolicy, Policy, Streamward
from streamward.cache import MemoryCache
from streamward.middleware import turns
from streamward.middleware.turns import Turns

ALICE = {"authorization": "Bearer alice", "content-type": "application/json"}


class Counting:
    """An application whose every answer is another one."""

    def __init__(self) -> None:
        self.calls = 0
        self.broken = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        frames = chat([f"answer {self.calls}"])
        await ScriptedApp(frames[:-1] if self.broken else frames)(scope, receive, send)


def door_of(app: Any, store: MemoryCache, samples: int) -> Streamward:
    return Streamward(app, cache=store, policy=Policy(cache=CachePolicy(samples=samples)))


async def text_of(door: Streamward, prompt: str = "hi") -> str:
    body = json.dumps({"prompt": prompt}).encode()
    return chat_text((await ask(door, scope_of(headers=ALICE), body=body)).body)


async def test_every_sample_is_made_once_and_then_served_in_turn():
    app = Counting()
    door = door_of(app, MemoryCache(), 3)

    first = [await text_of(door) for _ in range(3)]
    later = [await text_of(door) for _ in range(7)]

    assert first == ["answer 1", "answer 2", "answer 3"]
    assert later == [*first, *first, first[0]]
    assert app.calls == 3


async def test_by_default_there_is_one():
    app = Counting()
    door = door_of(app, MemoryCache(), 1)

    assert [await text_of(door) for _ in range(3)] == ["answer 1"] * 3


async def test_requests_take_turns_of_their_own():
    app = Counting()
    door = door_of(app, MemoryCache(), 2)

    said = [await text_of(door, prompt) for prompt in "abab" * 2]

    assert app.calls == 4
    assert said[:4] == said[4:]


async def test_another_door_serves_the_same_samples():
    app, store = Counting(), MemoryCache()
    one, other = door_of(app, store, 2), door_of(app, store, 2)
    made = {await text_of(one) for _ in range(2)}

    assert {await text_of(other) for _ in range(2)} == made
    assert app.calls == 2


async def test_an_answer_that_broke_off_leaves_its_place_free():
    app = Counting()
    door = door_of(app, MemoryCache(), 2)
    app.broken = True
    await text_of(door)
    app.broken = False

    said = [await text_of(door) for _ in range(4)]

    assert said == ["answer 2", "answer 3"] * 2


def test_turns_are_forgotten_beyond_a_bound(monkeypatch):
    monkeypatch.setattr(turns, "_MAX_REQUESTS", 3)
    taken = Turns()

    for number in range(10):
        taken.take(b"%d" % number, 5)

    assert list(taken._next) == [b"7", b"8", b"9"]


def test_fewer_samples_than_before_are_no_mistake():
    taken = Turns()
    for _ in range(9):
        taken.take(b"k", 10)

    assert taken.take(b"k", 2) in {0, 1}
