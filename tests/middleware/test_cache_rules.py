"""How long a recording lives, what a client may ask of the cache, and what is kept."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import AsyncMock

import pytest
from msgspec.structs import replace
from support.asgi import ask, scope_of
from support.guard import WordGuard
from support.streams import DONE, ScriptedApp, chat, chat_frame

from streamward import CachePolicy, Limits, Policy, Report, Streamward, opt_out
from streamward.cache import MemoryCache, Recording
from streamward.errors import CacheFullError, ConfigurationError
from streamward.guardrails import Block
from streamward.middleware.directives import Wishes, wishes_in

ALICE = {"authorization": "Bearer alice", "content-type": "application/json"}
WORDS = ["Hello ", "world"]
ALL = frozenset({"max-age", "no-cache", "no-store", "only-if-cached"})


class Shelf(MemoryCache):
    """Remembers what it was told, and may make every recording older."""

    def __init__(self) -> None:
        super().__init__()
        self.lives: list[float] = []
        self.older = 0.0
        self.full = False

    async def put(
        self, key: bytes, recording: Recording, ttl: float, *, quota: int | None = None
    ) -> None:
        if self.full:
            raise CacheFullError
        self.lives.append(ttl)
        await super().put(key, recording, ttl, quota=quota)

    async def get(self, key: bytes) -> Recording | None:
        found = await super().get(key)
        return found and replace(found, created_at=found.created_at - self.older)


class Side:
    """One application behind one door, and what was reported."""

    def __init__(self, guards: Any = (), limits: Limits | None = None, **policy: Any) -> None:
        self.app = ScriptedApp(chat(WORDS))
        self.shelf = Shelf()
        self.reports: list[Report] = []
        self.door = Streamward(
            self.app,
            cache=self.shelf,
            policy=Policy(cache=CachePolicy(**policy), guards=guards, limits=limits or Limits()),
            on_report=self.reports.append,
        )

    async def ask(self, wish: str = "", prompt: str = "hi") -> Any:
        headers = {**ALICE, "cache-control": wish} if wish else ALICE
        body = json.dumps({"prompt": prompt}).encode()
        return await ask(self.door, scope_of(headers=headers), body=body)


# How long


async def test_jitter_takes_off_a_share_that_depends_on_the_request():
    side = Side(ttl=1000, jitter=0.5)

    for prompt in "abcdefgh":
        await side.ask(prompt=prompt)
    lives = side.shelf.lives

    assert len(set(lives)) == len(lives) == 8
    assert all(500 < life <= 1000 for life in lives)
    answer = await side.ask(prompt="a")
    assert int(answer.headers["cache-status"].rpartition("ttl=")[2]) in range(
        int(lives[0]) - 60, int(lives[0]) + 1
    )


async def test_without_jitter_a_recording_lives_as_long_as_told():
    side = Side(ttl=1000)

    await side.ask()

    assert side.shelf.lives == [1000]


async def test_a_shorter_life_counts_for_what_is_already_stored():
    side = Side(ttl=1000)
    await side.ask()
    side.shelf.older = 1001

    answer = await side.ask()

    assert side.app.calls == 2
    assert answer.headers["cache-status"] == "streamward; fwd=stale"
    assert side.reports[-1].cache == "stored"


async def test_a_recording_from_the_future_is_new():
    side = Side(ttl=1000)
    await side.ask()
    side.shelf.older = -50

    answer = await side.ask()

    assert answer.headers["age"] == "0"
    assert answer.headers["cache-status"] == "streamward; hit; ttl=1000"


# How much


async def test_nobody_keeps_more_than_the_quota():
    side = Side(quota=700)

    answers = [await side.ask(prompt=prompt) for prompt in "abaab"]

    assert len({answer.body for answer in answers}) == 1
    assert [report.cache for report in side.reports] == ["stored", "miss", "hit", "hit", "miss"]
    assert [report.not_kept for report in side.reports] == [None, "quota", None, None, "quota"]


async def test_the_quota_of_another_is_another():
    side = Side(quota=700, principal=lambda scope: dict(scope["headers"])[b"who"].decode())

    for who in ("ann", "ann", "bob"):
        headers = {"content-type": "application/json", "who": who}
        body = json.dumps({"prompt": len(side.reports)}).encode()
        await ask(side.door, scope_of(headers=headers), body=body)

    assert [report.not_kept for report in side.reports] == [None, "quota", None]


# What a client may ask for


@pytest.mark.parametrize("wish", ["no-cache", "no-store", "max-age=0", "only-if-cached"])
async def test_by_default_no_client_chooses(wish):
    """Each would let whoever asks spend the owner's money, or see what others made."""
    side = Side()

    first = await side.ask(wish)
    second = await side.ask(wish)

    assert side.app.calls == 1
    assert first.body == second.body == b"".join(chat(WORDS))


async def test_only_what_is_granted_is_obeyed():
    side = Side(obey=frozenset({"max-age"}))
    await side.ask()

    answer = await side.ask("no-cache, no-store")

    assert "hit" in answer.headers["cache-status"]


async def test_no_cache_asks_again_and_keeps_the_new_answer():
    side = Side(obey=ALL)
    await side.ask()
    side.app.script = chat(["new"])

    refreshed = await side.ask("no-cache")
    later = await side.ask()

    assert side.app.calls == 2
    assert refreshed.headers["cache-status"] == "streamward; fwd=request"
    assert refreshed.body == later.body == b"".join(chat(["new"]))
    assert [report.cache for report in side.reports] == ["stored", "stored", "hit"]


async def test_a_refresh_that_breaks_off_leaves_the_old_recording():
    side = Side(obey=ALL)
    await side.ask()
    side.app.script = chat(WORDS)[:-1]

    await side.ask("no-cache")
    later = await side.ask()

    assert later.body == b"".join(chat(WORDS))


async def test_no_store_neither_looks_nor_keeps():
    side = Side(obey=ALL)

    first = await side.ask("no-store")
    await side.ask()
    third = await side.ask("no-store")

    assert side.app.calls == 3
    assert len(side.shelf.lives) == 1
    assert first.headers["cache-status"] == "streamward; fwd=bypass; detail=no-store"
    assert third.headers["cache-status"] == "streamward; fwd=bypass; detail=no-store"


@pytest.mark.parametrize(("age", "hits"), [(10, True), (90, False)])
async def test_max_age_refuses_what_is_older(age, hits):
    side = Side(obey=ALL)
    await side.ask()
    side.shelf.older = age

    answer = await side.ask("max-age=60")

    assert side.app.calls == (1 if hits else 2)
    assert ("hit" if hits else "fwd=request") in answer.headers["cache-status"]


async def test_only_if_cached_never_asks_the_application():
    side = Side(obey=ALL)

    nothing = await side.ask("only-if-cached")
    asked = side.app.calls
    await side.ask()
    found = await side.ask("only-if-cached")

    assert (nothing.status, asked) == (504, 0)
    assert json.loads(nothing.body)["error"]["code"] == "not_cached"
    assert nothing.headers["cache-status"] == "streamward; detail=only-if-cached"
    assert nothing.ended and nothing.raised is None
    assert (found.status, found.body) == (200, b"".join(chat(WORDS)))
    assert [report.code for report in side.reports] == ["not_cached", None, None]


async def test_only_if_cached_is_no_way_to_another_ones_recording():
    side = Side(obey=ALL)
    await side.ask()
    headers = {**ALICE, "authorization": "Bearer bob", "cache-control": "only-if-cached"}

    answer = await ask(side.door, scope_of(headers=headers), body=b'{"prompt": "hi"}')

    assert answer.status == 504


@pytest.mark.parametrize(
    ("value", "wishes"),
    [
        (b"", Wishes()),
        (b"No-Cache", Wishes(refresh=True)),
        (b'x="no-cache, no-store"', Wishes()),
        (b'x="\\", no-store"', Wishes()),
        (b"no-cached, xno-store", Wishes()),
        (b"max-age=5 , ,no-store", Wishes(max_age=5, bypass=True)),
        (b'max-age="5"', Wishes(max_age=5)),
        (b"max-age = 9, max-age=4", Wishes(max_age=4)),
        (b"max-age=-1", Wishes(max_age=0)),
        (b"max-age", Wishes(max_age=0)),
        (b"max-age=1e3", Wishes(max_age=0)),
        (b"max-age=\xb2", Wishes(max_age=0)),
    ],
)
def test_a_header_is_read_as_the_rfc_says(value, wishes):
    assert wishes_in([(b"Cache-Control", value)], ALL) == wishes


def test_a_header_that_comes_twice_is_one():
    headers = [(b"cache-control", b"no-cache"), (b"cache-control", b"max-age=3")]

    assert wishes_in(headers, ALL) == Wishes(refresh=True, max_age=3)


# Who may have a replay


@pytest.mark.parametrize("kind", ["function", "coroutine"])
async def test_every_replay_asks_and_a_no_reaches_the_application(kind):
    allowed: list[bool] = [True, False, True]
    asked: list[str] = []

    def may(scope: Any) -> bool:
        asked.append(scope["path"])
        return allowed.pop(0)

    async def may_later(scope: Any) -> bool:
        return may(scope)

    side = Side(authorize=may if kind == "function" else may_later)
    first = await side.ask()
    answers = [await side.ask() for _ in range(3)]

    assert len(asked) == 3  # the first one found nothing that could be refused
    assert [report.cache for report in side.reports] == ["stored", "hit", "bypass", "hit"]
    assert side.app.calls == 2
    # A refusal looks like a miss: it does not tell that somebody has asked this before.
    assert answers[1].headers["cache-status"] == first.headers["cache-status"]
    assert len(side.shelf.lives) == 1


@pytest.mark.parametrize(
    "authorize",
    [lambda scope: 1, lambda scope: None, lambda scope: 1 / 0, AsyncMock(return_value="yes")],
    ids=["truthy", "nothing", "raises", "async truthy"],
)
async def test_only_true_is_a_yes(authorize):
    side = Side(authorize=authorize)
    await side.ask()

    answer = await side.ask()

    assert side.app.calls == 2
    assert answer.body == b"".join(chat(WORDS))


async def test_a_refused_replay_is_none_for_only_if_cached_either():
    side = Side(authorize=lambda scope: False, obey=ALL)
    await side.ask()

    answer = await side.ask("only-if-cached")

    assert answer.status == 504
    assert answer.headers["cache-status"] == "streamward; detail=only-if-cached"


async def test_the_application_can_refuse_whom_the_hook_refused():
    """What it says to them is its own answer, no stream, and passes untouched."""
    side = Side(authorize=lambda scope: False)
    await side.ask()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    door = Streamward(
        app, cache=side.shelf, policy=Policy(cache=CachePolicy(authorize=lambda scope: False))
    )
    answer = await ask(door, scope_of(headers=ALICE), body=b'{"prompt": "hi"}')

    assert (answer.status, answer.body) == (403, b"no")


# Private headers


PRIVATE = [
    b"set-cookie",
    b"set-cookie2",
    b"Set-Cookie",
    b"www-authenticate",
    b"proxy-authenticate",
    b"authentication-info",
    b"x-csrf-token",
    b"x-request-id",
    b"x-user-id",
    b"openai-organization",
    b"openai-processing-ms",
    b"anthropic-organization-id",
    b"x-ratelimit-remaining-tokens",
    b"cf-ray",
    b"location",
    b"link",
    b"date",
    b"server-timing",
    b"strict-transport-security",
    b"access-control-allow-origin",
    b"access-control-allow-credentials",
]


async def test_private_headers_are_neither_stored_nor_replayed():
    """One allow-list decides: a header that nobody thought of is private."""
    side = Side()
    side.app.headers += [(name, b"private-value") for name in PRIVATE]
    kept: list[Recording] = []
    put = side.shelf.put

    async def spy(key: bytes, recording: Recording, ttl: float, **more: Any) -> None:
        kept.append(recording)
        await put(key, recording, ttl, **more)

    side.shelf.put = spy

    first = await side.ask()
    second = await side.ask()

    assert side.app.calls == 1
    assert first.headers["set-cookie"] == "private-value"
    assert "private-value" not in second.headers.values()
    assert [name for name, _ in kept[0].headers] == [b"content-type"]


# Wrong values


@pytest.mark.parametrize(
    "values",
    [
        {"ttl": float("inf")},
        {"ttl": float("nan")},
        {"ttl": "60"},
        {"jitter": 1},
        {"jitter": -0.1},
        {"jitter": float("nan")},
        {"jitter": "0.1"},
        {"obey": frozenset({"no-cash"})},
        {"obey": {"no-cache"}},
        {"obey": "no-cache"},
        {"keep": frozenset({"stop"})},
        {"keep": "length"},
        {"quota": 0},
        {"quota": 1.5},
        {"samples": 0},
        {"samples": 1.5},
        {"samples": None},
    ],
    ids=str,
)
def test_a_wrong_value_fails_at_construction(values):
    with pytest.raises(ConfigurationError, match="CachePolicy"):
        CachePolicy(**values)


# What is kept


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (chat(WORDS, finish="length"), "length"),
        (chat(WORDS, finish="content_filter"), "content_filter"),
        (chat(WORDS, finish="insufficient_system_resource"), "incomplete"),
        (chat(WORDS)[:-1], "incomplete"),
        ([*chat(WORDS)[:-2], DONE], "incomplete"),
        ([*chat(WORDS)[:3], RuntimeError()], "failed"),
    ],
    ids=["length", "filter", "other", "no marker", "no finish", "raised"],
)
async def test_the_report_says_why_an_answer_was_not_kept(script, reason):
    side = Side()
    side.app.script = script

    await side.ask()
    await side.ask()

    assert [report.not_kept for report in side.reports] == [reason, reason]
    assert side.app.calls == 2


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_a_route_may_keep_what_stopped_early(reason):
    side = Side(keep=frozenset({reason}))
    side.app.script = chat(WORDS, finish=reason)

    first = await side.ask()
    second = await side.ask()

    assert side.app.calls == 1
    assert first.body == second.body == b"".join(side.app.script)
    assert [report.cache for report in side.reports] == ["stored", "hit"]
    assert [report.not_kept for report in side.reports] == [None, None]
    assert side.reports[0].outcome == "incomplete"


@pytest.mark.parametrize(
    "script",
    [
        chat(WORDS, finish="length")[:-1],
        chat(WORDS, finish="content_filter"),
        [
            chat_frame({"content": "a"}, "length"),
            chat_frame({"content": "b"}, index=1),
            DONE,
        ],
        [
            chat_frame({"content": "a"}, "length"),
            chat_frame({"content": "b"}, "content_filter", index=1),
            DONE,
        ],
        [*chat(WORDS, finish="length")[:-1], b'data: {"error":{"message":"x"}}\n\n', DONE],
        [*chat(WORDS)[:3], b"data: {no json}\n\n", *chat(WORDS, finish="length")[3:]],
    ],
    ids=["no marker", "another reason", "one of two", "two reasons", "error", "unreadable"],
)
async def test_what_stopped_early_must_still_have_ended_properly(script):
    side = Side(keep=frozenset({"length"}))
    side.app.script = script

    await side.ask()
    await side.ask()

    assert side.app.calls == 2


async def test_what_one_route_keeps_is_not_served_by_a_stricter_one():
    """The same path, before and after its policy was changed."""
    lax = Side(keep=frozenset({"length"}))
    lax.app.script = chat(WORDS, finish="length")
    await lax.ask()

    strict = Streamward(lax.app, cache=lax.shelf)
    await ask(strict, scope_of(headers=ALICE), body=b'{"prompt": "hi"}')

    assert lax.app.calls == 2


async def test_a_blocked_answer_is_not_kept_whatever_the_route_keeps():
    side = Side(keep=frozenset({"content_filter", "length"}), guards=(WordGuard(Block()),))
    side.app.script = chat(["S3CRET-1 "])

    answer = await side.ask()
    await side.ask()

    assert b"content_filter" in answer.body  # the proper end of a refused answer
    assert side.app.calls == 2
    assert [report.not_kept for report in side.reports] == ["blocked", "blocked"]


async def test_what_the_client_left_is_not_kept():
    side = Side()
    side.app.script = [*chat(WORDS)[:2], 5.0, *chat(WORDS)[2:]]
    body = b'{"prompt": "hi"}'

    await ask(side.door, scope_of(headers=ALICE), body=body, leave_when=lambda a: bool(a.body))

    assert side.reports[0].not_kept == "client_left"
    assert len(side.shelf) == 0


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"status": 201}, "status"),
        ({"limits": Limits(recording=10)}, "too_large"),
        ({"keep_if": lambda recording: b"END" in recording.body}, "keep_if"),
        ({"keep_if": lambda recording: None}, "keep_if"),
        ({"keep_if": lambda recording: 1 / 0}, "keep_if"),
        ({"full": True}, "store"),
        ({"quota": 1}, "quota"),
    ],
    ids=["status", "size", "keep_if", "says nothing", "raises", "full", "quota"],
)
async def test_other_reasons_are_reported_too(settings, reason):
    side = Side(**{k: v for k, v in settings.items() if k not in {"status", "full"}})
    side.app.status = settings.get("status", 200)
    side.shelf.full = settings.get("full", False)

    answer = await side.ask()

    assert answer.body == b"".join(chat(WORDS))
    assert side.reports[0].not_kept == reason
    assert len(side.shelf) == 0


async def test_an_application_that_opts_out_is_the_reason():
    side = Side()
    stream = side.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        opt_out(scope, only="cache")
        await stream(scope, receive, send)

    door = Streamward(app, cache=side.shelf, on_report=side.reports.append)
    await ask(door, scope_of(headers=ALICE), body=b"{}")

    assert side.reports[0].not_kept == "opted_out"


async def test_the_end_of_an_unknown_stream_can_be_looked_for():
    side = Side(keep_if=lambda recording: recording.body.endswith(b"data: END\n\n"))
    side.app.script = [b"data: one\n\n"]
    await side.ask()
    side.app.script = [b"data: one\n\n", b"data: END\n\n"]
    await side.ask()
    await side.ask()

    assert side.app.calls == 2
    assert [report.cache for report in side.reports] == ["miss", "stored", "hit"]


async def test_without_a_cache_there_is_no_reason():
    reports: list[Report] = []
    door = Streamward(ScriptedApp(chat(WORDS)[:-1]), on_report=reports.append)

    await ask(door, scope_of(headers=ALICE), body=b"{}")

    assert reports[0].not_kept is None
