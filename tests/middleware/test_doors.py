"""What both doors promise, with one suite for both."""

from __future__ import annotations

import pytest
from support.asgi import Answer
from support.doors import DOORS
from support.guard import SECRET, BrokenGuard, WordGuard
from support.streams import DONE, chat, chat_text

from streamward import CachePolicy, Limits, Policy
from streamward.cache import MemoryCache, Original
from streamward.errors import (
    FrameTooLargeError,
    GuardFailedError,
    LeaderLostError,
    PromptBlockedError,
)
from streamward.guardrails import Block

WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]
SPLIT = ["My key is S3C", "RET-1", "2345 and ", "more."]
WHOLE = b"".join(chat(WORDS))
SHORT = b"".join(chat(["My S3CRET-7 is"]))

pytestmark = pytest.mark.parametrize("open_door", DOORS, ids=["asgi", "wsgi"])


# What passes


@pytest.mark.parametrize("guards", [[], [WordGuard()]])
def test_a_stream_without_findings_is_identical_at_every_cut(open_door, guards):
    for cut in range(0, len(WHOLE), 7):
        [answer] = open_door([WHOLE[:cut], WHOLE[cut:]], guards=guards).ask()

        assert answer.body == WHOLE
        assert answer.ended


def test_byte_by_byte_it_is_identical(open_door):
    [answer] = open_door([bytes([byte]) for byte in WHOLE], guards=[WordGuard()]).ask()

    assert answer.body == WHOLE


@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
def test_what_is_no_stream_passes_untouched(open_door, content_type):
    [answer] = open_door(
        [SECRET.encode()], content_type=content_type, guards=[WordGuard()], cache=MemoryCache()
    ).ask()

    assert answer.body == SECRET.encode()
    assert {name.lower(): value for name, value in answer.headers.items()} == {
        "content-type": content_type
    }


def test_a_disabled_route_passes_untouched(open_door):
    door = open_door(
        [SECRET.encode()], guards=[WordGuard()], routes={"/v1/*": Policy(enabled=False)}
    )

    [answer] = door.ask()

    assert answer.body == SECRET.encode()
    assert door.reports == []


def test_headers_keep_proxies_from_holding_it(open_door):
    [answer] = open_door(chat(WORDS)).ask()

    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["cache-control"] == "no-store, no-transform"


def test_a_prelude_comes_first_when_asked_for(open_door):
    [answer] = open_door(chat(WORDS), policy=Policy(prelude=True)).ask()

    assert answer.body[:1] == b":"
    assert answer.body[2048:] == WHOLE


# What is guarded


def test_a_secret_is_redacted_at_every_cut(open_door):
    redacted = SHORT.replace(b"S3CRET-7", b"<SECRET>")
    for cut in range(len(SHORT)):
        [answer] = open_door([SHORT[:cut], SHORT[cut:]], guards=[WordGuard()]).ask()

        assert answer.body == redacted


def test_a_secret_cut_over_tokens_never_leaves(open_door):
    [answer] = open_door(chat(SPLIT), guards=[WordGuard()]).ask()

    assert chat_text(answer.body) == "My key is <SECRET> and more."
    assert b"S3C" not in answer.body


def test_a_guard_that_may_take_long_is_waited_for(open_door):
    [answer] = open_door(chat(SPLIT), guards=[WordGuard(blocking=True)]).ask()

    assert chat_text(answer.body) == "My key is <SECRET> and more."


def test_a_monitor_changes_nothing_and_reports(open_door):
    for blocking in (True, False):
        door = open_door(
            chat(SPLIT), guards=[WordGuard(blocking=blocking)], policy=Policy(mode="monitor")
        )

        [answer] = door.ask()

        assert answer.body == b"".join(chat(SPLIT))
        assert sum(door.reports[0].findings.values()) == 1


def test_a_blocked_answer_ends_as_a_refused_one(open_door):
    door = open_door(chat(SPLIT), guards=[WordGuard(Block())])

    [answer] = door.ask()

    assert chat_text(answer.body) == "My key is "
    assert b'"finish_reason":"content_filter"' in answer.body
    assert answer.body.endswith(DONE)
    assert answer.ended
    assert door.reports[0].outcome == "blocked"


@pytest.mark.parametrize("mode", ["redact", "block"])
def test_a_prompt_is_guarded(open_door, mode):
    door = open_door(chat(WORDS), guards=[WordGuard()], policy=Policy(prompt=mode))
    asked = b'{"messages": [{"content": "it is S3CRET-12345"}]}'

    [answer] = door.ask(headers={"content-type": "application/json"}, body=asked)

    assert answer.status == (200 if mode == "redact" else 422)
    assert door.calls == (mode == "redact")
    assert mode == "redact" or isinstance(answer.raised, PromptBlockedError | None)


# Errors


def test_a_failure_in_the_middle_is_told_and_cuts_the_transfer(open_door):
    door = open_door([*chat(WORDS)[:3], RuntimeError("secret reason")])

    [answer] = door.ask()

    assert answer.body.startswith(b"".join(chat(WORDS)[:3]))
    assert b'"code":"upstream_error"' in answer.body
    assert b"secret reason" not in answer.body
    assert isinstance(answer.raised, RuntimeError)
    assert not answer.ended
    assert door.reports[0].outcome == "failed"


def test_a_guard_that_fails_lets_nothing_through(open_door):
    [answer] = open_door(chat(SPLIT), guards=[BrokenGuard()]).ask()

    assert isinstance(answer.raised, GuardFailedError)
    assert chat_text(answer.body) == ""


def test_a_frame_over_the_limit_ends_the_answer(open_door):
    [answer] = open_door([b"data: " + b"x" * 999], policy=Policy(limits=Limits(frame=100))).ask()

    assert isinstance(answer.raised, FrameTooLargeError)
    assert b"frame_too_large" in answer.body


def test_a_body_that_cannot_be_decoded_is_refused(open_door):
    door = open_door(chat(WORDS))
    header = ("content-encoding", "br")
    door.app.headers.append(
        tuple(text.encode() for text in header) if open_door is DOORS[0] else header
    )

    [answer] = door.ask()

    assert answer.status == 502
    assert door.reports[0].code == "unsupported_encoding"


# The cache


def test_an_answer_is_replayed(open_door):
    door = open_door(chat(SPLIT), guards=[WordGuard()], cache=MemoryCache())

    [first], [again] = door.ask(), door.ask()

    assert door.calls == 1
    assert again.body == first.body
    assert again.ended
    assert first.headers["cache-status"] == "streamward; fwd=uri-miss"
    assert again.headers["cache-status"].startswith("streamward; hit; ttl=")
    assert [report.cache for report in door.reports] == ["stored", "hit"]


def test_a_replay_keeps_the_rhythm_where_it_is_asked_for(open_door):
    policy = Policy(cache=CachePolicy(pace=Original(speed=5.0)))
    door = open_door(
        [0.05 if n % 2 else f for f in chat(WORDS) for n in (0, 1)],
        cache=MemoryCache(),
        policy=policy,
    )

    [first], [again] = door.ask(), door.ask()

    assert again.body == first.body == WHOLE
    assert len([m for m in again.messages if m["body"]]) == len(chat(WORDS))


@pytest.mark.parametrize(
    "other",
    [{"headers": {"authorization": "Bearer bob"}}, {"body": b"{}"}, {"headers": {}}],
    ids=["scope", "body", "nobody"],
)
def test_another_request_is_asked_anew(open_door, other):
    door = open_door(chat(WORDS), cache=MemoryCache())

    door.ask()
    door.ask(**other)

    assert door.calls == 2


@pytest.mark.parametrize(
    "script",
    [
        chat(WORDS)[:-1],
        chat(WORDS, "length"),
        [*chat(WORDS)[:3], RuntimeError()],
        chat(["My S3CRET-1 is"]),
    ],
    ids=["cut", "length", "failed", "blocked"],
)
def test_what_is_not_complete_is_not_kept(open_door, script):
    door = open_door(script, cache=MemoryCache(), guards=[WordGuard(Block())])

    door.ask()
    door.ask()

    assert door.calls == 2
    assert all(report.not_kept for report in door.reports)


@pytest.mark.parametrize("kind", ["status", "private"])
def test_what_is_for_one_alone_is_not_kept_nor_joined(open_door, kind):
    door = open_door(
        [0.05, *chat(WORDS)],
        cache=MemoryCache(),
        status=429 if kind == "status" else 200,
        private=kind == "private",
    )

    answers = door.ask(3)

    assert door.calls == 3
    assert {answer.body for answer in answers} == {WHOLE}


def test_the_client_may_want_a_recording_or_nothing(open_door):
    policy = Policy(cache=CachePolicy(obey=frozenset({"only-if-cached"})))
    door = open_door(chat(WORDS), cache=MemoryCache(), policy=policy)

    [answer] = door.ask(headers={"authorization": "x", "cache-control": "only-if-cached"})

    assert answer.status == 504
    assert door.calls == 0


@pytest.mark.parametrize("verdict", [True, False])
def test_the_application_is_asked_whether_a_hit_is_allowed(open_door, verdict):
    async def authorize(scope):
        del scope
        return verdict

    door = open_door(
        chat(WORDS), cache=MemoryCache(), policy=Policy(cache=CachePolicy(authorize=authorize))
    )

    door.ask()
    door.ask()

    assert door.calls == (1 if verdict else 2)


# Joining


def test_one_is_asked_for_and_all_get_it(open_door):
    door = open_door([0.1, *chat(SPLIT)], guards=[WordGuard()], cache=MemoryCache())

    answers = door.ask(8)

    assert door.calls == 1
    assert {chat_text(answer.body) for answer in answers} == {"My key is <SECRET> and more."}
    assert all(answer.ended for answer in answers)
    assert sorted(report.cache for report in door.reports) == ["joined"] * 7 + ["stored"]


def test_joining_can_be_left_out(open_door):
    door = open_door(
        [0.05, *chat(WORDS)], cache=MemoryCache(), policy=Policy(cache=CachePolicy(join=False))
    )

    door.ask(3)

    assert door.calls == 3


def test_an_error_reaches_all(open_door):
    door = open_door([0.1, *chat(WORDS)[:3], RuntimeError()], cache=MemoryCache())

    answers = door.ask(4)

    assert door.calls == 1
    assert len({answer.body for answer in answers}) == 1
    assert answers[0].body.count(b'"error"') == 1
    assert not any(answer.ended for answer in answers)


def test_an_answer_over_the_limit_is_lost_to_those_who_follow(open_door):
    limit = len(b"".join(chat(WORDS)[:3]))
    door = open_door(
        [*chat(WORDS)[:2], 0.3, *chat(WORDS)[2:]],
        cache=MemoryCache(),
        policy=Policy(limits=Limits(recording=limit)),
    )

    answers = door.ask(2)

    lost = [answer for answer in answers if answer.raised is not None]
    assert door.calls == 1
    assert [type(answer.raised) for answer in lost] == [LeaderLostError]
    assert b'"leader_lost"' in lost[0].body
    assert sum(answer.body == WHOLE for answer in answers) == 1


# Leaving


def after_a_word(answer: Answer) -> bool:
    return WORDS[0].encode() in answer.body


def test_a_client_that_leaves_stops_the_application(open_door):
    door = open_door([*chat(WORDS)[:2], *[0.01, chat(WORDS)[2]] * 300])

    door.ask(leave_when=after_a_word)

    assert door.sent < 10
    assert [report.outcome for report in door.reports] == ["client_left"]


def test_it_is_finished_for_the_recording_where_the_policy_says_so(open_door):
    door = open_door(
        [*chat(WORDS)[:3], 0.02, *chat(WORDS)[3:]],
        cache=MemoryCache(),
        policy=Policy(on_leave="finish"),
    )

    door.ask(leave_when=after_a_word)
    [again] = door.ask()

    assert door.calls == 1
    assert again.body == WHOLE
    assert [report.cache for report in door.reports] == ["stored", "hit"]
