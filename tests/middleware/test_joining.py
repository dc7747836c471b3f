"""Identical requests at the same time: one is answered, the others get its answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.asgi import Answer, ask, scope_of
from support.guard import SECRET, WordGuard
from support.streams import DONE, ScriptedApp, chat, chat_frame, chat_text

from streamward import CachePolicy, Limits, Policy, Progress, Report, Streamward, opt_out
from streamward.cache import MemoryCache
from streamward.cache import scope_of as scope_of_credentials
from streamward.errors import LeaderLostError, UpstreamFailedError
from streamward.guardrails import Block

ALICE = {"authorization": "Bearer alice"}
BOB = {"authorization": "Bearer bob"}
WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]


def joined(app: Any, **settings: Any) -> tuple[Streamward, list[Report]]:
    reports: list[Report] = []
    return Streamward(app, cache=MemoryCache(), on_report=reports.append, **settings), reports


async def many(door: Any, count: int, **request: Any) -> list[Answer]:
    headers = request.pop("headers", ALICE)
    asking = (ask(door, scope_of(headers=headers), **request) for _ in range(count))
    return await asyncio.gather(*asking)


async def until(condition: Any) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.001)


async def test_one_is_asked_for_and_all_get_it():
    app = ScriptedApp([0.01, *chat(WORDS)])
    door, reports = joined(app)

    answers = await many(door, 20)

    assert app.calls == 1
    assert {answer.body for answer in answers} == {b"".join(chat(WORDS))}
    assert all(answer.ended for answer in answers)
    assert [answer.headers["cache-status"] for answer in answers] == [
        "streamward; fwd=uri-miss",
        *["streamward; fwd=uri-miss; collapsed"] * 19,
    ]
    assert sorted(report.cache for report in reports) == ["joined"] * 19 + ["stored"]
    assert {report.outcome for report in reports} == {"complete"}
    assert [report.usage for report in reports if report.cache == "joined"] == [None] * 19


async def test_who_comes_late_gets_the_beginning_at_once_and_the_rest_as_it_comes():
    go_on = asyncio.Event()
    app = ScriptedApp([*chat(WORDS)[:2], go_on.wait, *chat(WORDS)[2:]])
    door, _ = joined(app)
    seen: list[int] = []

    first = asyncio.create_task(ask(door, scope_of(headers=ALICE)))
    await until(lambda: app.calls)

    def note(answer: Answer) -> bool:
        seen.append(len(answer.body))
        if len(answer.body) == len(b"".join(chat(WORDS)[:2])):
            go_on.set()
        return False

    late = await ask(door, scope_of(headers=ALICE), leave_when=note)

    assert late.body == (await first).body == b"".join(chat(WORDS))
    assert app.calls == 1
    assert len(seen) > 2


async def test_others_do_not_join():
    app = ScriptedApp([0.01, *chat(WORDS)])
    door, _ = joined(app)

    await asyncio.gather(many(door, 2), many(door, 2, headers=BOB), many(door, 2, body=b"{}"))

    assert app.calls == 3


async def test_joining_can_be_left_out():
    app = ScriptedApp([0.01, *chat(WORDS)])
    door, _ = joined(app, policy=Policy(cache=CachePolicy(join=False)))

    await many(door, 3)
    await many(door, 1)

    assert app.calls == 3


async def test_who_joins_gets_what_was_decided():
    app = ScriptedApp([0.01, *chat(["My key is S3C", "RET-1", "2345 and ", "more."])])
    door, reports = joined(app, guards=[WordGuard()])

    answers = await many(door, 3)

    assert {chat_text(answer.body) for answer in answers} == {"My key is <SECRET> and more."}
    assert sum(sum(report.findings.values()) for report in reports) == 1


async def test_a_slow_reader_slows_nobody():
    app = ScriptedApp([0.01, *chat(WORDS)])
    door, _ = joined(app)
    ended: list[str] = []

    async def read(name: str, slow: float) -> None:
        await ask(door, scope_of(headers=ALICE), slow=slow)
        ended.append(name)

    await asyncio.gather(read("leader", 0.0), read("slow", 0.05), read("quick", 0.0))

    assert ended[-1] == "slow"
    assert app.calls == 1


async def test_not_even_when_it_is_the_one_that_was_first():
    app = ScriptedApp([0.02, *chat(WORDS)])
    door, _ = joined(app)
    ended: list[str] = []

    async def read(name: str, slow: float) -> Answer:
        answer = await ask(door, scope_of(headers=ALICE), slow=slow)
        ended.append(name)
        return answer

    answers = await asyncio.gather(read("slow", 0.05), read("quick", 0.0))

    assert ended == ["quick", "slow"]
    assert app.calls == 1
    assert {answer.body for answer in answers} == {b"".join(chat(WORDS))}
    assert all(answer.ended for answer in answers)


@pytest.mark.parametrize("kind", ["purged", "too old", "refreshed"])
async def test_what_is_stale_is_asked_for_once(kind):
    store = MemoryCache()
    wishes = {"too old": "max-age=0", "refreshed": "no-cache"}.get(kind, "")
    policy = Policy(cache=CachePolicy(obey=frozenset({"max-age", "no-cache"})))
    app = ScriptedApp([0.01, *chat(WORDS)])
    door = Streamward(app, cache=store, policy=policy)
    await many(door, 1)
    if kind == "purged":
        await store.purge(scope=scope_of_credentials([(b"authorization", b"Bearer alice")]) or b"")
    await asyncio.sleep(0.01)

    await many(door, 5, headers={**ALICE, "cache-control": wishes})

    assert app.calls == 2


async def test_a_running_answer_that_is_purged_is_joined_by_nobody_who_comes_later():
    store = MemoryCache()
    scope = scope_of_credentials([(b"authorization", b"Bearer alice")]) or b""
    app = ScriptedApp([*chat(WORDS)[:2], 0.05, *chat(WORDS)[2:]])
    door = Streamward(app, cache=store)
    early = asyncio.create_task(many(door, 2))
    await until(lambda: app.calls)

    await store.purge(scope=scope)
    late = await many(door, 3)

    assert app.calls == 2
    assert {answer.body for answer in [*late, *await early]} == {b"".join(chat(WORDS))}


# What is for one alone


@pytest.mark.parametrize("kind", ["no stream", "opted out", "status"])
async def test_what_is_for_one_alone_is_asked_for_by_each(kind):
    content_type = "application/json" if kind == "no stream" else "text/event-stream"
    inner = ScriptedApp(
        [0.01, *chat(WORDS)], content_type=content_type, status=429 if kind == "status" else 200
    )

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if kind == "opted out":
            opt_out(scope, only="cache")
        await inner(scope, receive, send)

    door, _ = joined(app)

    answers = await many(door, 4)

    assert inner.calls == 4
    assert {answer.body for answer in answers} == {b"".join(chat(WORDS))}


async def test_where_no_stream_comes_nobody_waits_a_second_time():
    """As with two windows that poll: each has its own request under way."""
    both = asyncio.Event()
    under_way: list[int] = []

    async def wait() -> None:
        under_way.append(1)
        if len(under_way) == 2:
            both.set()
        await both.wait()

    first = ScriptedApp([b"{}"], content_type="application/json")
    door, _ = joined(first)
    await many(door, 1)
    first.script = [wait, b"{}"]

    await many(door, 2)

    assert first.calls == 3


async def test_an_application_that_raises_first_is_asked_by_the_next():
    class Once(ScriptedApp):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if self.calls == 0:
                self.calls += 1
                await asyncio.sleep(0.01)
                raise RuntimeError("at first")
            await super().__call__(scope, receive, send)

    app = Once([0.01, *chat(WORDS)])
    door, _ = joined(app)

    answers = await many(door, 4)

    assert app.calls == 2
    assert isinstance(answers[0].raised, RuntimeError)
    assert {answer.body for answer in answers[1:]} == {b"".join(chat(WORDS))}


async def test_who_may_not_have_it_asks_for_itself_and_learns_nothing():
    asked: list[str] = []

    def may_read(scope: Any) -> bool:
        asked.append(scope["path"])
        return False

    app = ScriptedApp([0.01, *chat(WORDS)])
    door, reports = joined(app, policy=Policy(cache=CachePolicy(authorize=may_read)))

    answers = await many(door, 3)

    assert app.calls == 3
    assert len(asked) == 2
    assert {answer.headers["cache-status"] for answer in answers} == {"streamward; fwd=uri-miss"}
    assert sorted(report.cache for report in reports) == ["bypass", "bypass", "stored"]


# When it fails


async def test_an_error_reaches_all():
    app = ScriptedApp([0.01, *chat(WORDS)[:2], RuntimeError("in the middle")])
    door, reports = joined(app)

    answers = await many(door, 3)
    again = await many(door, 1)

    assert app.calls == 2
    assert len({answer.body for answer in [*answers, *again]}) == 1
    assert answers[0].body.count(b'"error"') == 1
    assert isinstance(answers[0].raised, RuntimeError)
    assert [type(answer.raised) for answer in answers[1:]] == [UpstreamFailedError] * 2
    assert not any(answer.ended for answer in answers)
    assert {report.outcome for report in reports} == {"failed"}


async def test_a_block_reaches_all_and_ends_properly():
    app = ScriptedApp([0.01, *chat(["My key is ", SECRET, " and more."])])
    door, _ = joined(app, guards=[WordGuard(Block())])

    answers = await many(door, 3)

    assert len({answer.body for answer in answers}) == 1
    assert b"content_filter" in answers[0].body
    assert all(answer.ended for answer in answers)


async def test_an_answer_over_the_limit_is_lost_to_those_who_follow():
    app = ScriptedApp([0.01, *chat(WORDS)[:2], 0.05, *chat(WORDS)[2:]])
    limit = len(b"".join(chat(WORDS)[:3]))
    door, _ = joined(app, policy=Policy(limits=Limits(recording=limit)))

    leader, follower = await many(door, 2)

    assert leader.body == b"".join(chat(WORDS))
    assert isinstance(follower.raised, LeaderLostError)
    assert follower.body.startswith(b"".join(chat(WORDS)[:2]))
    assert b'"leader_lost"' in follower.body


async def test_half_an_answer_that_ends_cleanly_stays_half_for_all_and_is_not_kept():
    app = ScriptedApp([0.01, *chat(WORDS)[:3]])
    door, reports = joined(app)

    answers = await many(door, 3)
    await many(door, 1)

    assert app.calls == 2
    assert {answer.body for answer in answers} == {b"".join(chat(WORDS)[:3])}
    assert {report.outcome for report in reports} == {"incomplete"}


# When the leader dies


async def test_when_the_leader_is_cancelled_before_the_first_frame_another_takes_over():
    app = ScriptedApp([0.02, *chat(WORDS)])
    door, _ = joined(app)
    leader = asyncio.create_task(ask(door, scope_of(headers=ALICE)))
    await until(lambda: app.calls)
    others = asyncio.create_task(many(door, 3))
    await asyncio.sleep(0.005)

    leader.cancel()
    answers = await others

    assert app.calls == 2
    assert {answer.body for answer in answers} == {b"".join(chat(WORDS))}
    assert all(answer.ended for answer in answers)


async def test_when_it_is_cancelled_later_the_others_are_told():
    hang = asyncio.Event()
    app = ScriptedApp([*chat(WORDS)[:2], hang.wait])
    door, _ = joined(app)
    leader = asyncio.create_task(ask(door, scope_of(headers=ALICE)))
    await until(lambda: app.calls)
    other = asyncio.create_task(ask(door, scope_of(headers=ALICE)))
    await asyncio.sleep(0.01)

    leader.cancel()
    answer = await other

    assert app.calls == 1
    assert isinstance(answer.raised, LeaderLostError)
    assert answer.body.startswith(b"".join(chat(WORDS)[:2]))
    assert b'"leader_lost"' in answer.body
    assert not answer.ended


# Leaving


async def test_the_answer_goes_on_while_anybody_reads():
    joining = asyncio.Event()
    app = ScriptedApp([joining.wait, *chat(WORDS)[:2], 0.05, *chat(WORDS)[2:]])
    door, reports = joined(app)
    leader = asyncio.create_task(
        ask(door, scope_of(headers=ALICE), leave_when=lambda answer: bool(answer.body))
    )
    await until(lambda: app.calls)
    asyncio.get_running_loop().call_later(0.01, joining.set)
    other = await ask(door, scope_of(headers=ALICE))
    await leader
    again = await ask(door, scope_of(headers=ALICE))

    assert app.calls == 1
    assert not app.cancelled
    assert other.body == again.body == b"".join(chat(WORDS))
    assert {report.outcome for report in reports} == {"client_left", "complete"}
    assert "hit" in again.headers["cache-status"]


async def test_when_the_last_reader_leaves_the_application_stops():
    app = ScriptedApp([*chat(WORDS)[:2], 60.0, *chat(WORDS)[2:]])
    door, _ = joined(app)

    await many(door, 3, leave_when=lambda answer: bool(answer.body))

    assert app.cancelled
    assert app.calls == 1


async def test_within_the_grace_time_somebody_can_come_back():
    app = ScriptedApp([*chat(WORDS)[:2], 0.1, *chat(WORDS)[2:]])
    door, _ = joined(app, policy=Policy(grace=30.0))
    leader = asyncio.create_task(
        ask(door, scope_of(headers=ALICE), leave_when=lambda answer: bool(answer.body))
    )
    await until(lambda: app.calls)
    await asyncio.sleep(0.03)

    back = await ask(door, scope_of(headers=ALICE))
    await leader

    assert app.calls == 1
    assert back.body == b"".join(chat(WORDS))


async def test_after_the_grace_time_the_application_stops():
    app = ScriptedApp([*chat(WORDS)[:2], 60.0, *chat(WORDS)[2:]])
    door, _ = joined(app, policy=Policy(grace=0.02))

    await many(door, 1, leave_when=lambda answer: bool(answer.body))

    assert app.cancelled


@pytest.mark.parametrize("verdict", [True, False, "raises"])
async def test_a_condition_decides_whether_to_finish(verdict):
    app = ScriptedApp([*chat(WORDS)[:2], 0.05, *chat(WORDS)[2:]])
    seen: list[Progress] = []

    def finish_if(progress: Progress) -> bool:
        seen.append(progress)
        if verdict == "raises":
            raise RuntimeError("no verdict")
        return verdict

    door, _ = joined(app, policy=Policy(on_leave=finish_if))

    await many(door, 1, leave_when=lambda answer: bool(answer.body))

    assert app.cancelled == (verdict is not True)
    assert seen[0].frames == 2
    assert seen[0].bytes_out > 0


@pytest.mark.parametrize("grace", [0.0, 30.0])
async def test_a_framework_that_listens_itself_does_not_stop_before_the_policy(grace):
    """As Starlette's ``StreamingResponse`` does."""
    heard: list[str] = []

    class Listening(ScriptedApp):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def listen() -> None:
                while (message := await receive())["type"] != "http.disconnect":
                    pass
                heard.append(message["type"])

            listening = asyncio.create_task(listen())
            answering = asyncio.create_task(super().__call__(scope, receive, send))
            try:
                await asyncio.wait({listening, answering}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                answering.cancel()
                await asyncio.gather(answering, return_exceptions=True)
                await asyncio.sleep(0.01)
                listening.cancel()

    app = Listening([*chat(WORDS)[:2], 0.05, *chat(WORDS)[2:]])
    door, reports = joined(app, policy=Policy(grace=grace))

    await many(door, 1, leave_when=lambda answer: bool(answer.body))

    assert app.cancelled == (grace == 0.0)
    assert [report.outcome for report in reports] == ["client_left"]
    assert heard == ([] if grace == 0.0 else ["http.disconnect"])


async def test_a_follower_that_leaves_while_it_waits_holds_nobody():
    app = ScriptedApp([0.2, *chat(WORDS)])
    door, _ = joined(app)
    leader = asyncio.create_task(ask(door, scope_of(headers=ALICE)))
    await until(lambda: app.calls)
    receive_left = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return receive_left.pop(0) if receive_left else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nobody reads")

    await door(scope_of(headers=ALICE), receive, send)

    assert not leader.done()
    assert (await leader).ended


async def test_a_cut_before_the_end_marker_is_an_ending_too():
    """The transfer of the leader is cut, so is that of those who follow."""
    app = ScriptedApp([0.01, chat_frame("Hello"), ConnectionError("gone"), DONE])
    door, _ = joined(app)

    leader, follower = await many(door, 2)

    assert leader.body == follower.body
    assert not leader.ended
    assert not follower.ended
