"""What was purged is never served again: not later, and not by an answer that was under way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.asgi import ask, scope_of
from support.streams import ScriptedApp, chat

from streamward import CachePolicy, Policy, Report, Streamward
from streamward.cache import SHARED, Cache, MemoryCache, RedisCache, scope_of_principal

WORDS = ["Hello ", "world"]
BODY = b'{"prompt": "hi"}'


def principal(scope: Any) -> str | None:
    return dict(scope["headers"]).get(b"x-user", b"").decode() or None


BY_NAME = CachePolicy(principal=principal, ignore_headers=frozenset({"x-user"}))


def as_user(name: str) -> Any:
    return scope_of(headers={"x-user": name, "content-type": "application/json"})


@pytest.fixture(params=["memory", "redis"])
async def store(request: Any, redis_server: Any) -> Any:
    if request.param == "memory":
        yield MemoryCache()
        return
    cache = RedisCache(redis_server.url, prefix=f"door{id(request)}", timeout=10.0)
    yield cache
    await cache.close()


def door_of(app: Any, store: Cache, reports: list[Report], policy: CachePolicy = BY_NAME) -> Any:
    return Streamward(app, cache=store, policy=Policy(cache=policy), on_report=reports.append)


async def test_a_purge_forgets_one_and_leaves_the_others(store):
    reports: list[Report] = []
    door = door_of(ScriptedApp(chat(WORDS)), store, reports)
    for name in ("alice", "bob"):
        await ask(door, as_user(name), body=BODY)

    await store.purge(scope=scope_of_principal("alice"))
    alice = await ask(door, as_user("alice"), body=BODY)
    for name in ("bob", "alice"):
        await ask(door, as_user(name), body=BODY)

    assert alice.headers["cache-status"] == "streamward; fwd=uri-miss"
    assert [r.cache for r in reports] == ["stored", "stored", "stored", "hit", "hit"]


async def test_a_purge_of_all_forgets_everybody(store):
    reports: list[Report] = []
    door = door_of(ScriptedApp(chat(WORDS)), store, reports)
    for name in ("alice", "bob"):
        await ask(door, as_user(name), body=BODY)

    await store.purge()
    for name in ("alice", "bob"):
        await ask(door, as_user(name), body=BODY)

    assert [r.cache for r in reports] == ["stored"] * 4


async def test_what_is_shared_has_a_scope_too(store):
    reports: list[Report] = []
    door = door_of(ScriptedApp(chat(WORDS)), store, reports, CachePolicy(shared=True))
    await ask(door, as_user("alice"), body=BODY)

    await store.purge(scope=SHARED)
    await ask(door, as_user("alice"), body=BODY)

    assert [r.cache for r in reports] == ["stored", "stored"]


async def test_an_answer_under_way_is_purged_too(store):
    """It was made from what was known before; its end comes behind the purge."""
    reports: list[Report] = []
    begun, go_on = asyncio.Event(), asyncio.Event()
    stream = ScriptedApp(chat(WORDS))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await go_on.wait()
        await stream(scope, receive, send)

    door = door_of(app, store, reports)
    slow = asyncio.create_task(ask(door, as_user("alice"), body=BODY))
    await begun.wait()
    await store.purge(scope=scope_of_principal("alice"))
    go_on.set()
    await slow

    await ask(door, as_user("alice"), body=BODY)

    assert stream.calls == 2
