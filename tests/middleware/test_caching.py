"""The cache as the door uses it: whose, what, when, and what it says about it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from support.asgi import ask, scope_of
from support.guard import WordGuard
from support.streams import DONE, ScriptedApp, chat, chat_frame, chat_text

from streamward import CachePolicy, Limits, Policy, Report, Streamward, opt_out
from streamward.cache import Claim, FixedRate, MemoryCache, Original, Recording, Running
from streamward.errors import CacheUnavailableError

ALICE = {"authorization": "Bearer alice", "content-type": "application/json"}
BOB = {"authorization": "Bearer bob", "content-type": "application/json"}
WORDS = ["Hello ", "S3CRET-1 ", "world"]


def body_of(prompt: str = "hi", **more: Any) -> bytes:
    return json.dumps({"model": "m", "messages": [{"content": prompt}], **more}).encode()


async def twice(app: Any, first: dict[str, Any], second: dict[str, Any], **settings: Any) -> Any:
    """Ask two requests of one door; return the second answer."""
    door = Streamward(app, cache=MemoryCache(), **settings)
    await ask(door, scope_of(headers=first.get("headers", ALICE)), body=first["body"])
    return await ask(door, scope_of(headers=second.get("headers", ALICE)), body=second["body"])


async def test_the_same_request_is_replayed_byte_for_byte():
    app = ScriptedApp(chat(WORDS))
    door = Streamward(app, cache=MemoryCache())

    first = await ask(door, scope_of(headers=ALICE), body=body_of())
    second = await ask(door, scope_of(headers=ALICE), body=body_of())

    assert app.calls == 1
    assert second.body == first.body == b"".join(chat(WORDS))
    assert first.headers["cache-status"] == "streamward; fwd=uri-miss"
    assert second.headers["cache-status"].startswith("streamward; hit; ttl=")
    assert second.headers["age"] == "0"
    assert second.headers["content-type"] == "text/event-stream"
    assert second.headers["x-accel-buffering"] == "no"
    assert second.ended


async def test_what_is_stored_is_what_left():
    """Guarded text only: neither the store nor the replay knows the secret."""
    store = MemoryCache()
    kept: list[Recording] = []
    put = store.put

    async def spy(key: bytes, recording: Recording, ttl: float, **more: Any) -> None:
        kept.append(recording)
        await put(key, recording, ttl, **more)

    store.put = spy
    door = Streamward(ScriptedApp(chat(WORDS)), cache=store, guards=[WordGuard()])

    first = await ask(door, scope_of(headers=ALICE), body=body_of())
    second = await ask(door, scope_of(headers=ALICE), body=body_of())

    assert chat_text(second.body) == "Hello <SECRET> world"
    assert kept[0].body == first.body == second.body
    assert b"S3CRET" not in kept[0].body


async def test_order_and_spacing_of_the_request_do_not_matter():
    app = ScriptedApp(chat(WORDS))
    other = b'{ "messages" : [{"content":"h\\u0069"}],\n"model":"m"}'

    await twice(app, {"body": body_of()}, {"body": other})

    assert app.calls == 1


@pytest.mark.parametrize(
    "second",
    [
        {"body": body_of("other")},
        {"body": body_of(temperature=0.5)},
        {"body": body_of(), "headers": BOB},
        {"body": body_of(), "headers": {**ALICE, "openai-beta": "x"}},
        {"body": body_of(), "headers": {**ALICE, "accept": "text/plain"}},
    ],
    ids=["prompt", "parameter", "principal", "header", "accept"],
)
async def test_another_request_is_asked_again(second):
    app = ScriptedApp(chat(WORDS))

    await twice(app, {"body": body_of()}, second)

    assert app.calls == 2


async def test_a_retry_with_new_transport_headers_is_the_same_request():
    app = ScriptedApp(chat(WORDS))
    again = {**ALICE, "user-agent": "x/2", "x-stainless-retry-count": "1", "x-request-id": "7"}

    await twice(app, {"body": body_of()}, {"body": body_of(), "headers": again})

    assert app.calls == 1


async def test_other_guards_are_another_answer():
    app = ScriptedApp(chat(WORDS))
    store = MemoryCache()

    await ask(Streamward(app, cache=store), scope_of(headers=ALICE), body=body_of())
    answer = await ask(
        Streamward(app, cache=store, guards=[WordGuard()]), scope_of(headers=ALICE), body=body_of()
    )

    assert app.calls == 2
    assert chat_text(answer.body) == "Hello <SECRET> world"


async def test_what_was_only_monitored_is_not_served_where_guards_decide():
    app = ScriptedApp(chat(WORDS))
    store = MemoryCache()
    monitored = Streamward(app, cache=store, guards=[WordGuard()], policy=Policy(mode="monitor"))
    await ask(monitored, scope_of(headers=ALICE), body=body_of())

    guarded = Streamward(app, cache=store, guards=[WordGuard()])
    answer = await ask(guarded, scope_of(headers=ALICE), body=body_of())

    assert app.calls == 2
    assert chat_text(answer.body) == "Hello <SECRET> world"


async def test_nobodys_answer_is_not_kept():
    app = ScriptedApp(chat(WORDS))
    anonymous = {"content-type": "application/json"}

    answer = await twice(
        app, {"body": body_of(), "headers": anonymous}, {"body": body_of(), "headers": anonymous}
    )

    assert app.calls == 2
    assert answer.headers["cache-status"] == "streamward; fwd=bypass; detail=no-principal"


async def test_sharing_must_be_said():
    app = ScriptedApp(chat(WORDS))
    policy = Policy(cache=CachePolicy(shared=True))

    await twice(
        app,
        {"body": body_of(), "headers": ALICE},
        {"body": body_of(), "headers": BOB},
        policy=policy,
    )

    assert app.calls == 1


async def test_the_principal_can_be_told_by_the_application():
    app = ScriptedApp(chat(WORDS))
    policy = Policy(cache=CachePolicy(principal=lambda scope: scope["path"]))

    await twice(
        app,
        {"body": body_of(), "headers": ALICE},
        {"body": body_of(), "headers": BOB},
        policy=policy,
    )

    assert app.calls == 1


async def test_a_principal_that_cannot_be_told_is_nobody():
    def principal(scope: Any) -> str | None:
        raise LookupError

    app = ScriptedApp(chat(WORDS))
    policy = Policy(cache=CachePolicy(principal=principal))

    answer = await twice(app, {"body": body_of()}, {"body": body_of()}, policy=policy)

    assert app.calls == 2
    assert answer.body == b"".join(chat(WORDS))


@pytest.mark.parametrize(
    "script",
    [
        chat(WORDS)[:-1],
        [*chat(WORDS)[:-2], DONE],
        chat(WORDS, finish="length"),
        chat(WORDS, finish="content_filter"),
        [*chat(WORDS)[:2], b'data: {"error":{"message":"x"}}\n\n', DONE],
        [chat_frame({"content": "a"}, "stop"), chat_frame({"content": "b"}, index=1), DONE],
        [*chat(WORDS)[:3], RuntimeError()],
        [*chat(WORDS)[:3], b"data: {not json}\n\n", *chat(WORDS)[3:]],
    ],
    ids=["no end", "no finish", "length", "filter", "error", "one of two", "raised", "unreadable"],
)
async def test_only_a_complete_answer_is_kept(script):
    app = ScriptedApp(script)

    await twice(app, {"body": body_of()}, {"body": body_of()})

    assert app.calls == 2


@pytest.mark.parametrize("status", [201, 400, 500])
async def test_only_a_good_status_is_kept(status):
    app = ScriptedApp(chat(WORDS), status=status)

    await twice(app, {"body": body_of()}, {"body": body_of()})

    assert app.calls == 2


async def test_private_headers_are_never_replayed():
    headers = [(b"set-cookie", b"session=1"), (b"x-request-id", b"9"), (b"x-custom", b"1")]
    app = ScriptedApp(chat(WORDS), headers=headers)

    answer = await twice(app, {"body": body_of()}, {"body": body_of()})

    assert app.calls == 1
    assert not {"set-cookie", "x-request-id", "x-custom"} & answer.headers.keys()


async def test_duplicate_names_in_a_request_are_not_cached():
    """Two parsers may read them differently: their key would be a guess."""
    app = ScriptedApp(chat(WORDS))
    body = b'{"model":"a","model":"b"}'

    answer = await twice(app, {"body": body}, {"body": body})

    assert app.calls == 2
    assert answer.headers["cache-status"] == "streamward; fwd=bypass; detail=duplicate-name"


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_key_limit_reaches_the_application_whole(declared):
    seen: list[bytes] = []
    stream = ScriptedApp(chat(WORDS))

    async def app(scope, receive, send):
        seen.append((await receive())["body"])
        await stream(scope, receive, send)

    body = body_of("x" * 2000)
    headers = {**ALICE, "content-length": str(len(body))} if declared else ALICE
    policy = Policy(limits=Limits(request_body=1000))
    door = Streamward(app, cache=MemoryCache(), policy=policy)

    answer = await ask(door, scope_of(headers=headers), body=body)

    assert seen == [body]
    assert "fwd=bypass" in answer.headers["cache-status"]


async def test_the_key_limit_can_be_raised():
    app = ScriptedApp(chat(WORDS))
    policy = Policy(limits=Limits(request_body=8 << 20))
    body = body_of("x" * (2 << 20))

    await twice(app, {"body": body}, {"body": body}, policy=policy)

    assert app.calls == 1


async def test_a_stream_over_the_recording_limit_is_served_and_not_kept():
    app = ScriptedApp(chat(WORDS))
    policy = Policy(limits=Limits(recording=100))

    answer = await twice(app, {"body": body_of()}, {"body": body_of()}, policy=policy)

    assert app.calls == 2
    assert answer.body == b"".join(chat(WORDS))


async def test_an_application_can_keep_an_answer_out():
    stream = ScriptedApp(chat(WORDS))

    async def app(scope, receive, send):
        opt_out(scope, only="cache")
        await stream(scope, receive, send)

    await twice(app, {"body": body_of()}, {"body": body_of()})

    assert stream.calls == 2


@pytest.mark.parametrize(("pace", "least"), [(Original(), 0.08), (FixedRate(100), 0.04)])
async def test_a_replay_keeps_a_pace(pace, least):
    """A lower bound only: a replay never runs ahead of its pace."""
    frames = chat(WORDS)
    app = ScriptedApp([f for frame in frames for f in (frame, 0.02)])
    door = Streamward(app, cache=MemoryCache(), policy=Policy(cache=CachePolicy(pace=pace)))
    clock = asyncio.get_running_loop().time
    await ask(door, scope_of(headers=ALICE), body=body_of())

    began = clock()
    answer = await ask(door, scope_of(headers=ALICE), body=body_of())

    assert clock() - began >= least
    assert [m["body"] for m in answer.messages if m["body"]] == frames
    assert app.calls == 1


async def test_leaving_a_replay_ends_it():
    app = ScriptedApp(chat(WORDS * 20))
    reports: list[Report] = []
    policy = Policy(cache=CachePolicy(pace=FixedRate(50)))
    door = Streamward(app, cache=MemoryCache(), policy=policy, on_report=reports.append)
    await ask(door, scope_of(headers=ALICE), body=body_of())

    answer = await ask(
        door, scope_of(headers=ALICE), body=body_of(), leave_when=lambda a: len(a.messages) > 3
    )

    assert len(answer.messages) < 10
    assert [r.outcome for r in reports] == ["complete", "client_left"]
    assert [r.cache for r in reports] == ["stored", "hit"]


class BrokenCache:
    """A store that is away."""

    async def secret(self) -> bytes:
        raise CacheUnavailableError("timeout")

    async def get(self, key: bytes) -> Recording | None:
        raise CacheUnavailableError("timeout")

    async def claim(
        self, key: bytes, *, anew: bool = False, instead_of: bytes = b"", max_bytes: int
    ) -> Claim:
        raise CacheUnavailableError("timeout")

    async def find(self, key: bytes, generation: bytes) -> Running | None:
        raise CacheUnavailableError("timeout")

    async def stop(self, key: bytes, generation: bytes) -> None:
        raise CacheUnavailableError("timeout")

    async def put(
        self, key: bytes, recording: Recording, ttl: float, *, quota: int | None = None
    ) -> None:
        raise CacheUnavailableError("timeout")

    async def delete(self, key: bytes) -> None:
        raise CacheUnavailableError("timeout")

    async def epoch(self, scope: bytes) -> bytes:
        raise CacheUnavailableError("timeout")

    async def purge(self, *, scope: bytes | None = None) -> None:
        raise CacheUnavailableError("timeout")

    async def close(self) -> None:
        """Nothing is open."""


class FullCache(MemoryCache):
    """A store that takes nothing."""

    async def put(
        self, key: bytes, recording: Recording, ttl: float, *, quota: int | None = None
    ) -> None:
        raise CacheUnavailableError("refused")


@pytest.mark.parametrize("store", [BrokenCache(), FullCache()], ids=["away", "full"])
async def test_a_store_that_fails_hurts_no_stream(store):
    app = ScriptedApp(chat(WORDS))

    answer = await ask(Streamward(app, cache=store), scope_of(headers=ALICE), body=body_of())

    assert answer.body == b"".join(chat(WORDS))
    assert answer.ended and answer.raised is None


async def test_a_get_with_its_prompt_in_the_query_is_cached_too():
    app = ScriptedApp([b"data: one \n\n", b"data: two\n\n"])
    door = Streamward(app, cache=MemoryCache())
    scopes = [
        scope_of("/sse", method="GET", headers=ALICE, query=q) for q in (b"q=1", b"q=1", b"q=2")
    ]

    for scope in scopes:
        await ask(door, scope)

    assert app.calls == 2
