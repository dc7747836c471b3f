"""Going on after a cut: by id, by the same request again, by a link."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import Answer, ask, scope_of
from support.guard import WordGuard
from support.streams import ScriptedApp, chat, chat_text

from streamward import CachePolicy, Policy, Report, Resume, Streamward
from streamward.cache import MemoryCache, RedisCache
from streamward.cache.answers import RunningAnswers
from streamward.errors import ConfigurationError, LeaderLostError, ResumeError
from streamward.middleware.resume import RESET, Link, Place, read_link, sign, stamped

ALICE = {"authorization": "Bearer alice"}
BOB = {"authorization": "Bearer bob"}
WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]
PLAIN = b"".join(chat(WORDS))
IDS = Policy(resume=Resume(ids=True))


def resumable(app: Any, policy: Policy = IDS, **settings: Any) -> tuple[Streamward, list[Report]]:
    reports: list[Report] = []
    settings.setdefault("cache", MemoryCache())
    return Streamward(app, policy=policy, on_report=reports.append, **settings), reports


async def question(door: Any, after: str = "", **request: Any) -> Answer:
    headers = {**request.pop("headers", ALICE), **({"last-event-id": after} if after else {})}
    return await ask(door, scope_of(headers=headers), **request)


async def follow_link(
    door: Any, answer: Answer, after: str = "", *, method: str = "GET", **request: Any
) -> Answer:
    path, _, query = answer.headers["content-location"].partition("?")
    headers = {**request.pop("headers", ALICE), **({"last-event-id": after} if after else {})}
    return await ask(
        door, scope_of(path, method=method, headers=headers, query=query.encode()), **request
    )


def ids_in(body: bytes) -> list[str]:
    return re.findall(r"(?m)^id: (.*)$", body.decode())


def without_ids(body: bytes) -> bytes:
    return re.sub(rb"(?m)^id: .*\n", b"", body)


def leave_after(word: str) -> Any:
    return lambda answer: word.encode() in answer.body


async def until(condition: Any) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.001)


# Ids


async def test_each_event_says_where_it_is():
    door, _ = resumable(ScriptedApp(chat(WORDS)))

    answer = await question(door)
    generations, counts = zip(*(one.split(".") for one in ids_in(answer.body)), strict=True)

    assert without_ids(answer.body) == PLAIN
    assert set(generations) == {generations[0]}
    assert [int(count) for count in counts] == list(range(1, len(chat(WORDS)) + 1))


async def test_without_ids_the_stream_is_as_it_came():
    door, _ = resumable(ScriptedApp(chat(WORDS)), Policy(resume=Resume()))

    answer = await question(door)

    assert answer.body == PLAIN
    assert "streamward-resume=" in answer.headers["content-location"]


async def test_without_resume_there_is_no_link():
    door, _ = resumable(ScriptedApp(chat(WORDS)), Policy())

    assert "content-location" not in (await question(door)).headers


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b"data: x\n\n", b"id: AAAAAAAAAAAAAAAAAAAAAA.3\ndata: x\n\n"),
        (b"\xef\xbb\xbfdata: x\n\n", b"\xef\xbb\xbfid: AAAAAAAAAAAAAAAAAAAAAA.3\ndata: x\n\n"),
        (b"data: x\r\n\r\n", b"id: AAAAAAAAAAAAAAAAAAAAAA.3\ndata: x\r\n\r\n"),
        (b"id: 7\ndata: x\n\n", b"id: 7\ndata: x\n\n"),
        (b"data: x\r\nid\r\n\r\n", b"data: x\r\nid\r\n\r\n"),
        (b"data: x\rid:7\r\r", b"data: x\rid:7\r\r"),
        (b"data: id: 7\n\n", b"id: AAAAAAAAAAAAAAAAAAAAAA.3\ndata: id: 7\n\n"),
    ],
    ids=["plain", "bom", "crlf", "own", "own empty", "own cr", "in the data"],
)
def test_an_event_gets_one_id(frame, expected):
    assert stamped(frame, Place(bytes(16), 3)) == expected


@given(st.binary(min_size=16, max_size=16), st.integers(0, 10**9 - 1))
def test_an_id_is_read_back(generation, frames):
    place = Place(generation, frames)
    line = stamped(b"", place).decode()

    assert Place.parse(line.removeprefix("id: ").rstrip()) == place


@pytest.mark.parametrize("text", ["", "7", "x.1", "A" * 22, "A" * 22 + ".", "A" * 22 + ".-1"])
async def test_an_id_of_another_kind_is_the_applications(text):
    app = ScriptedApp(chat(WORDS))
    door, _ = resumable(app)
    await question(door)

    answer = await question(door, text)

    assert Place.parse(text) is None
    assert RESET not in answer.body
    assert app.calls == (2 if text else 1)


# The same request again


async def test_who_was_cut_off_goes_on_in_the_running_answer():
    app = ScriptedApp([*chat(WORDS)[:3], 0.1, *chat(WORDS)[3:]])
    door, reports = resumable(app)
    first = asyncio.create_task(question(door, leave_when=leave_after(WORDS[1])))
    await until(lambda: app.calls)
    await asyncio.sleep(0.02)

    rest = await question(door, _last(await _now(first, app)))
    got = (await first).body

    assert app.calls == 1
    assert without_ids(got + rest.body) == PLAIN
    assert len(set(ids_in(got + rest.body))) == len(chat(WORDS))
    assert {report.outcome for report in reports} == {"client_left", "complete"}


async def _now(task: asyncio.Task[Answer], app: ScriptedApp) -> bytes:
    """Return what has left by now, as the client's own copy of it."""
    # The exchange outlives its client: its bytes are in the answer that `ask` fills.
    coroutine: Any = task.get_coro()
    answer = coroutine.cr_await.cr_frame.f_locals["answer"]
    return bytes(answer.body)


def _last(body: bytes) -> str:
    return ids_in(body)[-1]


@pytest.mark.parametrize("cut", range(1, len(chat(WORDS))))
@pytest.mark.parametrize("linger", [0.0, 60.0], ids=["stored", "just ended"])
async def test_who_was_cut_off_goes_on_in_a_recording(cut, linger):
    app = ScriptedApp(chat(WORDS))
    store = MemoryCache()
    store._answers = RunningAnswers(linger=linger)
    door, _ = resumable(app, cache=store)
    whole = await question(door)
    events = whole.body.split(b"\n\n")
    got = b"\n\n".join(events[:cut]) + b"\n\n"

    rest = await question(door, _last(got))

    assert app.calls == 1
    assert got + rest.body == whole.body
    assert ("hit" in rest.headers["cache-status"]) == (linger == 0.0)


async def test_who_has_it_all_is_told_so():
    door, _ = resumable(ScriptedApp(chat(WORDS)))
    whole = await question(door)

    rest = await question(door, _last(whole.body))

    assert rest.status == 204
    assert rest.body == b""
    assert rest.ended


async def test_who_has_a_part_of_an_answer_that_nobody_knows_gets_a_reset_and_the_whole():
    app = ScriptedApp(chat(WORDS))
    door, _ = resumable(app)
    unknown = "A" * 22 + ".3"

    led = await question(door, unknown)
    replayed = await question(door, unknown)

    assert app.calls == 1
    for answer in (led, replayed):
        assert answer.body.startswith(RESET)
        assert without_ids(answer.body.removeprefix(RESET)) == PLAIN


async def test_the_recording_itself_has_no_reset():
    door, _ = resumable(ScriptedApp(chat(WORDS)))
    await question(door, "A" * 22 + ".3")

    assert RESET not in (await question(door)).body


async def test_what_broke_off_can_be_read_again_for_a_while():
    app = ScriptedApp([*chat(WORDS)[:3], RuntimeError("in the middle")])
    door, _ = resumable(app)
    first = await question(door)
    after = ids_in(first.body)[1]

    rest = await question(door, after)

    assert app.calls == 1
    assert b'"error"' in rest.body
    assert first.body.endswith(rest.body)
    assert not rest.ended


async def test_nothing_is_revealed_that_the_cut_would_have_hidden():
    """The hold goes on where it was: a secret whose first half came before the cut is found."""
    first_half, second_half = chat(["My key is S3C"])[:2], chat(["RET-12345 and"])[1:]
    app = ScriptedApp([*first_half, 0.1, *second_half])
    door, _ = resumable(app, guards=[WordGuard()])
    first = asyncio.create_task(question(door, leave_when=lambda answer: bool(answer.body)))
    await until(lambda: app.calls)
    await asyncio.sleep(0.02)
    got = await _now(first, app)

    rest = await question(door, _last(got) if ids_in(got) else "")
    await first

    assert chat_text(without_ids(got + rest.body)) == "My key is <SECRET> and"
    assert b"RET-" not in got + rest.body


async def test_others_cannot_resume_it():
    app = ScriptedApp(chat(WORDS))
    door, _ = resumable(app)
    whole = await question(door)

    answer = await question(door, ids_in(whole.body)[2], headers=BOB)

    assert app.calls == 2
    assert answer.body.startswith(RESET)


async def test_a_resumed_reader_whose_leader_dies_is_reset():
    app = ScriptedApp([*chat(WORDS)[:3], 60.0])
    door, _ = resumable(app)
    leader = asyncio.create_task(question(door))
    await until(lambda: app.calls)
    await asyncio.sleep(0.02)
    place = _last(await _now(leader, app))
    resumed = asyncio.create_task(question(door, place))
    await asyncio.sleep(0.02)
    app.script = chat(WORDS)

    leader.cancel()
    answer = await resumed

    assert app.calls == 2
    assert answer.body.startswith(RESET)
    assert without_ids(answer.body.removeprefix(RESET)) == PLAIN


# Links


async def test_a_link_leads_to_the_very_answer():
    app = ScriptedApp([*chat(WORDS)[:2], 0.05, *chat(WORDS)[2:]])
    door, _ = resumable(app, Policy(resume=Resume(), on_leave="finish"))
    whole = await question(door, leave_when=leave_after(WORDS[0]))

    again = await follow_link(door, whole)

    assert app.calls == 1
    assert again.body == PLAIN
    assert again.headers["content-type"] == "text/event-stream"


async def test_a_link_joins_the_running_answer():
    app = ScriptedApp([*chat(WORDS)[:3], 0.1, *chat(WORDS)[3:]])
    door, _ = resumable(app, Policy(resume=Resume()))
    headers: list[Answer] = []
    first = asyncio.create_task(
        question(door, leave_when=lambda answer: headers.append(answer) or bool(answer.body))
    )
    await until(lambda: headers)

    again = await follow_link(door, headers[0])
    await first

    assert app.calls == 1
    assert again.body == PLAIN


async def test_a_link_to_an_answer_that_was_delivered_has_nothing_more():
    """What the AI SDK's ``resume`` and ``EventSource`` expect: no stream, and no more questions."""
    door, _ = resumable(ScriptedApp(chat(WORDS)), Policy(resume=Resume()))

    again = await follow_link(door, await question(door))

    assert again.status == 204


async def test_a_link_goes_on_behind_an_id():
    door, _ = resumable(ScriptedApp(chat(WORDS)))
    whole = await question(door)

    rest = await follow_link(door, whole, ids_in(whole.body)[3])

    assert whole.body.endswith(rest.body)
    assert len(ids_in(rest.body)) == len(chat(WORDS)) - 4


@pytest.mark.parametrize("kind", ["of another", "tampered", "nonsense", "nobody"])
async def test_a_link_that_is_not_yours_leads_nowhere(kind):
    door, reports = resumable(ScriptedApp(chat(WORDS)))
    whole = await question(door)
    if kind == "tampered":
        location = whole.headers["content-location"]
        whole.headers["content-location"] = location[:-1] + ("A" if location[-1] != "A" else "B")
    elif kind == "nonsense":
        whole.headers["content-location"] = "/v1/chat/completions?streamward-resume=x%00"
    headers = {"of another": BOB, "nobody": {}}.get(kind, ALICE)

    for method in ("GET", "DELETE"):
        answer = await follow_link(door, whole, headers=headers, method=method)

        assert answer.status == 403
        assert b'"not_resumed"' in answer.body
        assert b"Hello" not in answer.body
    assert reports[-1].outcome == "failed"


async def test_a_link_expires():
    door, _ = resumable(ScriptedApp(chat(WORDS)), Policy(resume=Resume(expires=0.01)))
    whole = await question(door)
    await asyncio.sleep(2.1)  # whole seconds in the link

    assert (await follow_link(door, whole)).status == 410


async def test_a_link_to_what_was_purged_leads_nowhere():
    store = MemoryCache()
    door, _ = resumable(ScriptedApp(chat(WORDS)), cache=store)
    whole = await question(door)

    await store.purge()

    assert (await follow_link(door, whole, ids_in(whole.body)[0])).status == 410


async def test_who_lost_the_right_is_refused():
    allowed = [True]
    policy = Policy(resume=Resume(), cache=CachePolicy(authorize=lambda _: allowed[0]))
    door, _ = resumable(ScriptedApp(chat(WORDS)), policy)
    whole = await question(door)

    allowed[0] = False

    assert (await follow_link(door, whole)).status == 403


@given(
    st.binary(min_size=16, max_size=40),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=16, max_size=16),
    st.binary(),
)
def test_a_link_is_read_back_by_whom_it_is_for(secret, key, generation, whose):
    now = time.time()
    token = sign(secret, Link(key, generation), whose, now + 10)

    assert read_link(secret, token, whose, now) == (key, generation)
    for other in (None, whose + b"x", whose[1:] or b"y"):
        with pytest.raises(ResumeError) as caught:
            read_link(secret, token, other, now)
        assert caught.value.reason == "invalid"
    with pytest.raises(ResumeError) as caught:
        read_link(secret, token, whose, now + 20)
    assert caught.value.reason == "expired"


@given(st.text())
def test_what_is_no_link_is_invalid(token):
    with pytest.raises(ResumeError):
        read_link(b"secret of 16 byte", token, b"whose", 0)


# Stopping


@pytest.mark.parametrize("where", ["here", "another replica"])
async def test_an_answer_can_be_stopped(where, redis_server):
    app = ScriptedApp([*chat(WORDS)[:3], 60.0])
    stores = [RedisCache(redis_server.url, prefix=f"stop-{where[0]}") for _ in range(2)]
    doors = [resumable(app, cache=store)[0] for store in stores]
    seen: list[Answer] = []
    leader = asyncio.create_task(
        question(doors[0], leave_when=lambda answer: seen.append(answer) or False)
    )
    await until(lambda: seen and WORDS[0].encode() in seen[0].body)

    stopped = await follow_link(doors[where != "here"], seen[0], method="DELETE")
    answer = await leader
    for store in stores:
        await store.close()

    assert stopped.status == 204
    assert app.cancelled
    assert b'"stopped"' in answer.body
    assert not answer.ended


# Handing over


async def test_the_response_is_handed_over_before_a_platform_cuts_it():
    app = ScriptedApp([*chat(WORDS)[:3], 0.2, *chat(WORDS)[3:]])
    door, reports = resumable(app, Policy(resume=Resume(ids=True, hand_over=0.05)))

    first = await question(door)
    rest = await question(door, _last(first.body))

    assert app.calls == 1
    assert first.ended
    assert reports[0].outcome == "handed_over"
    assert b"event: streamward-resume\nretry: 100\n" in first.body
    body = re.sub(rb"event: streamward-resume\n.*\n.*\n\n", b"", first.body + rest.body)
    assert without_ids(body) == PLAIN


async def test_whoever_joined_is_handed_over_too():
    app = ScriptedApp([*chat(WORDS)[:3], 0.2, *chat(WORDS)[3:]])
    door, reports = resumable(app, Policy(resume=Resume(ids=True, hand_over=0.05)))

    await asyncio.gather(question(door), question(door))

    assert app.calls == 1
    assert [report.outcome for report in reports].count("handed_over") == 2


# Settings


@pytest.mark.parametrize(
    "make",
    [
        lambda: Resume(expires=0),
        lambda: Resume(hand_over=-1),
        lambda: Policy(resume=Resume(hand_over=10)),
        lambda: Policy(resume=Resume(), cache=None),
        lambda: Policy(resume=Resume(), cache=CachePolicy(join=False)),
        lambda: Streamward(ScriptedApp([]), policy=Policy(resume=Resume())),
        lambda: Policy(grace=-1),
    ],
    ids=["expires", "hand over", "hand over without ids", "off", "alone", "no store", "grace"],
)
def test_settings_that_cannot_work(make):
    with pytest.raises(ConfigurationError):
        make()


def test_an_answer_waits_for_who_may_come_back():
    assert Policy().grace == 0
    assert Policy(resume=Resume()).grace == 30
    assert Policy(resume=Resume(), grace=1).grace == 1


async def test_routes_with_and_without_ids_have_recordings_of_their_own():
    app = ScriptedApp(chat(WORDS))
    store = MemoryCache()
    await question(resumable(app, cache=store)[0])

    answer = await question(resumable(app, Policy(), cache=store)[0])

    assert answer.body == PLAIN
    assert app.calls == 2


async def test_a_link_is_no_business_of_a_route_without_resume():
    app = ScriptedApp([b"data: mine\n\n"])
    door, _ = resumable(app, Policy())
    scope = scope_of("/x", method="GET", headers=ALICE, query=b"streamward-resume=abc")

    assert (await ask(door, scope)).body == b"data: mine\n\n"


def test_the_error_of_a_lost_leader_is_the_upstreams():
    assert LeaderLostError.public_message
