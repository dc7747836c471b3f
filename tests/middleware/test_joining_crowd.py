"""A thousand who follow one answer that another process gives."""

from __future__ import annotations

import asyncio
from typing import Any

import redis
from support.asgi import ask, scope_of
from support.streams import ScriptedApp, chat

from streamward import Streamward
from streamward.cache import RedisCache

ALICE = {"authorization": "Bearer alice"}
FOLLOWERS = 1000
WHOLE = b"".join(chat(["Hello ", "there"]))


async def test_a_thousand_followers_have_one_mirror_and_few_connections(own_redis: Any) -> None:
    server = own_redis()
    stores = [RedisCache(server.url, secret=bytes(32), timeout=20.0) for _ in range(2)]
    go_on = asyncio.Event()
    app = ScriptedApp([chat(["Hello "])[0], go_on.wait, *chat(["Hello ", "there"])[1:]])
    one, other = (Streamward(app, cache=store, on_report=lambda _: None) for store in stores)
    try:
        leader = asyncio.create_task(ask(one, scope_of(headers=ALICE)))
        while not app.calls:  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.001)
        crowd = asyncio.gather(*(ask(other, scope_of(headers=ALICE)) for _ in range(FOLLOWERS)))
        mirrors = stores[1]._answers._mirrors
        while not mirrors or next(iter(mirrors.values()))[0].running.readers < FOLLOWERS:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        with redis.Redis.from_url(server.url) as raw:
            connected = len(raw.client_list())
        assert len(mirrors) == 1
        go_on.set()
        answers = await crowd

        assert (await leader).body == WHOLE
    finally:
        for store in stores:
            await store.close()

    assert app.calls == 1
    assert [answer.body for answer in answers] == [WHOLE] * FOLLOWERS
    assert all(answer.ended for answer in answers)
    # Each process: those that commands share, and the one that listens; and the one that counted.
    assert connected <= 2 * (32 + 1) + 1
