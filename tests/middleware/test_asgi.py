"""The ASGI door: what passes, what is carried, how it ends."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
import zlib
from typing import Any

import pytest
from support.asgi import Answer, ask, scope_of
from support.guard import SECRET, BrokenGuard, WordGuard, WordScanner
from support.streams import DONE, ScriptedApp, chat, chat_frame, chat_text

from streamward import CachePolicy, Limits, Policy, Report, Streamward, Timeouts, opt_out
from streamward.errors import (
    ConfigurationError,
    FrameTooLargeError,
    GuardFailedError,
    UnreadableFrameError,
    UpstreamFailedError,
    UpstreamTimeoutError,
)
from streamward.guardrails import Block, Flag, Mask

WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]
SPLIT = ["My key is S3C", "RET-1", "2345 and ", "more."]


def guarded(app: Any, **settings: Any) -> Streamward:
    return Streamward(app, guards=[WordGuard()], **settings)


# What passes untouched


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("application/json", []),
        ("text/html", []),
        ("text/plain", [(b"content-length", b"12")]),
        ("application/octet-stream", [(b"etag", b'"x"')]),
    ],
)
async def test_a_response_that_is_no_stream_passes_untouched(content_type, headers):
    """Every message of it, headers included, is the application's own."""
    app = ScriptedApp([SECRET.encode()], content_type=content_type, headers=headers)

    answer = await ask(guarded(app))

    assert answer.body == SECRET.encode()
    assert answer.headers == {k.decode(): v.decode() for k, v in app.headers}
    assert len(answer.messages) == 2


async def test_other_scopes_pass_untouched():
    """Lifespan and whatever comes reach the application with the very same callables."""
    seen: list[Any] = []

    async def app(scope, receive, send):
        seen.extend((scope, receive, send))

    async def receive():
        return {}

    async def send(message):
        del message

    scope = {"type": "lifespan"}
    await Streamward(app)(scope, receive, send)

    assert seen == [scope, receive, send]


async def test_a_disabled_route_passes_untouched():
    app = ScriptedApp(chat([SECRET]))

    answer = await ask(guarded(app, routes={"/v1/*": Policy(enabled=False)}))

    assert SECRET.encode() in answer.body
    assert "x-accel-buffering" not in answer.headers


@pytest.mark.parametrize("only", [None, "guards", "cache"])
async def test_an_application_can_opt_out(only):
    inner = ScriptedApp(chat(SPLIT))

    async def app(scope, receive, send):
        opt_out(scope, only=only)
        await inner(scope, receive, send)

    answer = await ask(guarded(app))

    assert (SECRET in chat_text(answer.body)) == (only != "cache")
    assert ("x-accel-buffering" in answer.headers) == (only is not None)


# Headers


async def test_stream_headers_keep_proxies_from_holding_it():
    headers = [
        (b"Content-Length", b"5"),
        (b"ETag", b'"1"'),
        (b"Cache-Control", b"public, max-age=60"),
        (b"X-Other", b"kept"),
    ]
    app = ScriptedApp(chat(WORDS), headers=headers)

    answer = await ask(Streamward(app))

    assert answer.headers == {
        "content-type": "text/event-stream",
        "X-Other": "kept",
        "cache-control": "no-store, no-transform",
        "x-accel-buffering": "no",
    }


async def test_response_headers_leave_before_the_first_byte():
    seen: list[int] = []
    answer_so_far = Answer()

    def look() -> None:
        seen.append(answer_so_far.status)

    app = ScriptedApp([0.01, look, *chat(WORDS)])

    async def send(message):
        if message["type"] == "http.response.start":
            answer_so_far.status = message["status"]

    async def receive():
        await asyncio.sleep(60)

    await Streamward(app)(scope_of(), receive, send)

    assert seen == [200]


async def test_the_application_is_asked_only_for_codings_that_can_be_undone():
    app = ScriptedApp(chat(WORDS))

    await ask(Streamward(app), scope_of(headers={"Accept-Encoding": "br, gzip;q=0.5, zstd"}))
    headers = dict(app.scope["headers"])

    assert headers[b"accept-encoding"] == b"gzip;q=0.5"


async def test_a_prelude_comes_first_when_asked_for():
    app = ScriptedApp(chat(WORDS))

    answer = await ask(Streamward(app, policy=Policy(prelude=True)))
    first = answer.messages[0]["body"]

    assert first.startswith(b":") and first.endswith(b"\n\n") and len(first) == 2048
    assert answer.body[2048:] == b"".join(chat(WORDS))


# Identity and guarding


@pytest.mark.parametrize("guards", [[], [WordGuard()]])
async def test_a_stream_without_findings_is_identical(guards):
    frames = chat(WORDS)
    app = ScriptedApp(frames)

    answer = await ask(Streamward(app, guards=guards))

    assert answer.body == b"".join(frames)
    assert answer.ended


async def test_a_secret_cut_over_tokens_never_leaves():
    app = ScriptedApp(chat(SPLIT))

    answer = await ask(guarded(app))

    assert chat_text(answer.body) == "My key is <SECRET> and more."
    assert b"S3C" not in answer.body


async def test_a_blocked_answer_ends_as_a_refused_one():
    app = ScriptedApp(chat(SPLIT))

    answer = await ask(Streamward(app, guards=[WordGuard(Block())]))

    assert chat_text(answer.body) == "My key is "
    assert b'"finish_reason":"content_filter"' in answer.body
    assert answer.body.endswith(DONE)
    assert answer.ended and answer.raised is None


async def test_a_finding_in_a_comment_goes_with_the_comment():
    frames = chat(WORDS)
    app = ScriptedApp([frames[0], b": S3CRET-1\n" + frames[1], *frames[2:]])

    answer = await ask(guarded(app))

    assert answer.body == b"".join(frames)


async def test_a_blocked_comment_ends_the_answer_before_its_frame():
    frames = chat(WORDS)
    app = ScriptedApp([frames[0], b": S3CRET-1\n" + frames[1], *frames[2:]])

    answer = await ask(Streamward(app, guards=[WordGuard(Block())]))

    assert b"S3C" not in answer.body
    assert chat_text(answer.body) == ""
    assert b'"finish_reason":"content_filter"' in answer.body


async def test_a_flagged_answer_is_unchanged_and_reported():
    reports: list[Report] = []
    app = ScriptedApp(chat(SPLIT))

    answer = await ask(Streamward(app, guards=[WordGuard(Flag())], on_report=reports.append))

    assert answer.body == b"".join(chat(SPLIT))
    assert reports[0].findings == {"words.SECRET.flag": 1}


async def test_a_masked_answer_keeps_its_length():
    app = ScriptedApp(chat(SPLIT))

    answer = await ask(Streamward(app, guards=[WordGuard(Mask(keep_last=2))]))

    assert chat_text(answer.body) == "My key is **********45 and more."


@pytest.mark.parametrize("blocking", [False, True])
async def test_monitoring_never_delays_and_never_edits(blocking):
    reports: list[Report] = []
    frames = chat(SPLIT)
    app = ScriptedApp(frames)
    guard = (SlowGuard if blocking else WordGuard)(Block(), blocking=blocking)
    door = Streamward(app, guards=[guard], policy=Policy(mode="monitor"), on_report=reports.append)

    answer = await ask(door)

    assert [m["body"] for m in answer.messages] == [*frames, b""]
    assert reports[0].outcome == "complete"
    assert reports[0].findings == {"words.SECRET.block": 1}
    assert reports[0].held_peak == 0


async def test_a_monitor_reports_what_comes_behind_a_block():
    reports: list[Report] = []
    app = ScriptedApp(chat([f"{SECRET} and {SECRET} ", f"and {SECRET} "]))
    policy = Policy(mode="monitor")

    await ask(Streamward(app, guards=[WordGuard(Block())], policy=policy, on_report=reports.append))

    assert reports[0].findings == {"words.SECRET.block": 3}


async def test_a_monitor_looks_at_all_of_what_came_at_once():
    reports: list[Report] = []
    app = ScriptedApp([b"".join(chat(["w "] * 4100 + [f"{SECRET} "]))])
    policy = Policy(mode="monitor")

    await ask(Streamward(app, guards=[WordGuard()], policy=policy, on_report=reports.append))

    assert reports[0].findings == {"words.SECRET.edit": 1}


async def test_a_monitor_that_is_too_far_behind_gives_up():
    over = threading.Event()

    class Waiting(WordGuard):
        def scanner(self) -> WordScanner:
            over.wait()
            return super().scanner()

    reports: list[Report] = []
    frames = chat(["w " * 100] * 8 + [f"{SECRET} "])
    app = ScriptedApp([*frames[:2], 0.01, *frames[2:], over.set])
    policy = Policy(mode="monitor", limits=Limits(held=1000))
    guard = Waiting(blocking=True)
    answer = await ask(Streamward(app, guards=[guard], policy=policy, on_report=reports.append))

    assert answer.body == b"".join(frames)
    assert reports[0].findings == {}


async def test_a_frame_that_a_monitor_cannot_edit_leaves_as_it_came():
    deep = b"data: " + b"[" * 400 + b'"S3CRET-1"' + b"]" * 400 + b"\n\n"
    app = ScriptedApp([b'data: {"a":1}\n\n', deep, b'data: {"a":1}\n\n'])

    answer = await ask(Streamward(app, guards=[WordGuard()], policy=Policy(mode="monitor")))

    assert answer.raised is None
    assert deep in answer.body


async def test_a_monitor_that_fails_hurts_nobody():
    frames = chat(SPLIT)
    door = Streamward(ScriptedApp(frames), guards=[BrokenGuard()], policy=Policy(mode="monitor"))

    answer = await ask(door)

    assert answer.body == b"".join(frames)
    assert answer.raised is None


async def test_a_hold_in_tokens_delays_by_that_many_tokens():
    held = WordGuard(hold=3)
    app = ScriptedApp([chat_frame({"content": f"w{n} "}) for n in range(6)])
    seen: list[tuple[int, int]] = []

    def note(answer: Answer) -> bool:
        seen.append((app.sent, chat_text(answer.body).count("w")))
        return False

    answer = await ask(Streamward(app, guards=[held]), leave_when=note)

    assert chat_text(answer.body) == "w0 w1 w2 w3 w4 w5 "
    # While token n is being sent, tokens up to n - 3 have left.
    assert all(left <= max(0, sent + 1 - 3) for sent, left in seen if sent < 6)


# Failures


async def test_an_exception_before_the_first_byte_is_the_applications_own():
    async def app(scope, receive, send):
        raise RuntimeError("mine")

    answer = await ask(guarded(app))

    assert isinstance(answer.raised, RuntimeError)
    assert answer.status == 0


async def test_an_exception_in_the_middle_becomes_the_dialects_error():
    app = ScriptedApp([*chat(["Hello ", "wor"])[:3], RuntimeError("secret internals")])

    answer = await ask(guarded(app))
    last = json.loads(answer.body.split(b"data: ")[-1])

    assert last["error"]["code"] == "upstream_error"
    assert b"internals" not in answer.body
    assert isinstance(answer.raised, RuntimeError)  # the server aborts the transfer, logs ours
    assert not answer.ended
    assert chat_text(answer.body.rpartition(b"data: ")[0]) == "Hello wor"


async def test_an_application_that_just_stops_is_a_failure():
    app = ScriptedApp(chat(WORDS)[:3], ends=False)

    answer = await ask(guarded(app))

    assert b'"upstream_error"' in answer.body
    assert isinstance(answer.raised, UpstreamFailedError)


async def test_the_first_token_has_a_time_limit():
    policy = Policy(timeouts=Timeouts(first_token=0.05), heartbeat=None)
    app = ScriptedApp([b": comment\n\n", 60.0])

    answer = await ask(guarded(app, policy=policy))

    assert isinstance(answer.raised, UpstreamTimeoutError)
    assert answer.raised.phase == "first_token"
    assert b'"upstream_timeout"' in answer.body
    assert app.cancelled


async def test_the_time_between_tokens_has_a_limit():
    policy = Policy(timeouts=Timeouts(first_token=30, between_tokens=0.05), heartbeat=None)
    app = ScriptedApp([0.02, chat_frame({"content": "one "}), 60.0])

    answer = await ask(guarded(app, policy=policy))

    assert isinstance(answer.raised, UpstreamTimeoutError)
    assert answer.raised.phase == "between_tokens"
    assert app.cancelled


async def test_a_slow_client_is_not_a_silent_application():
    policy = Policy(timeouts=Timeouts(first_token=0.1, between_tokens=0.1), heartbeat=None)
    app = ScriptedApp(chat(WORDS))

    answer = await ask(guarded(app, policy=policy), slow=0.15)

    assert answer.ended and answer.raised is None


async def test_a_guard_that_fails_closes_the_stream():
    app = ScriptedApp(chat(SPLIT))

    answer = await ask(Streamward(app, guards=[BrokenGuard()]))

    assert isinstance(answer.raised, GuardFailedError)
    assert b'"guard_failed"' in answer.body
    assert chat_text(answer.body.rpartition(b"data: ")[0]) == ""


async def test_a_guard_that_fails_open_lets_the_stream_pass():
    app = ScriptedApp(chat(SPLIT))

    answer = await ask(Streamward(app, guards=[BrokenGuard(on_error="open")]))

    assert answer.body == b"".join(chat(SPLIT))


async def test_a_report_hook_that_fails_hurts_nobody():
    def hook(report: Report) -> None:
        raise RuntimeError

    answer = await ask(Streamward(ScriptedApp(chat(WORDS)), on_report=hook))

    assert answer.body == b"".join(chat(WORDS))
    assert answer.raised is None


class SlowScanner(WordScanner):
    """Takes its time, like a model does; fails when two threads are in it."""

    busy = False
    seconds = 0.05

    def feed(self, text):
        assert not SlowScanner.busy
        SlowScanner.busy = True
        time.sleep(self.seconds)
        try:
            return super().feed(text)
        finally:
            SlowScanner.busy = False

    def finish(self):
        assert not SlowScanner.busy
        return super().finish()


class SlowGuard(WordGuard):
    def scanner(self):
        return SlowScanner()


class SlowerScanner(SlowScanner):
    seconds = 0.3


class SlowerGuard(WordGuard):
    def scanner(self):
        return SlowerScanner()


async def test_a_guard_that_takes_long_does_not_hold_the_loop():
    app = ScriptedApp(chat(SPLIT))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    ticker = asyncio.create_task(tick())
    answer = await ask(Streamward(app, guards=[SlowGuard(blocking=True)]))
    ticker.cancel()

    assert chat_text(answer.body) == "My key is <SECRET> and more."
    assert ticks >= 10


async def test_the_time_a_guard_takes_is_not_the_applications_silence():
    policy = Policy(timeouts=Timeouts(first_token=0.2, between_tokens=0.2), heartbeat=0.05)
    app = ScriptedApp(chat(SPLIT))

    answer = await ask(Streamward(app, guards=[SlowerGuard(blocking=True)], policy=policy))

    assert answer.raised is None
    assert b": ping" in answer.body  # but the client gets its sign of life
    assert chat_text(answer.body.replace(b": ping\n\n", b"")) == "My key is <SECRET> and more."


# Silence and leaving


async def test_heartbeats_come_in_silence_only():
    frames = chat(WORDS)
    app = ScriptedApp([*frames[:3], 0.5, *frames[3:]])

    answer = await ask(Streamward(app, policy=Policy(heartbeat=0.2)))
    bodies = [m["body"] for m in answer.messages if m["body"]]
    beats = len(bodies) - len(frames)

    assert 1 <= beats <= 2  # two, unless this machine was asleep itself
    assert bodies == [*frames[:3], *[b": ping\n\n"] * beats, *frames[3:]]


async def test_heartbeats_come_while_text_is_held():
    app = ScriptedApp([chat_frame({"content": "S3CRET-1"}), 0.15, *chat(["2 ok"])[1:]])

    answer = await ask(guarded(app, policy=Policy(heartbeat=0.1)))

    assert answer.messages[0]["body"] == b": ping\n\n"
    assert chat_text(answer.body) == "<SECRET> ok"


async def test_a_client_that_leaves_stops_the_application():
    app = ScriptedApp([f for frame in chat(WORDS * 50) for f in (frame, 0.01)])
    reports: list[Report] = []
    door = Streamward(app, on_report=reports.append)

    answer = await ask(door, leave_when=lambda a: len(a.messages) >= 3)

    assert app.cancelled
    assert app.sent <= 5
    assert answer.raised is None
    assert reports[0].outcome == "client_left"


async def test_an_application_may_finish_without_its_client():
    frames = chat(WORDS)
    app = ScriptedApp([f for frame in frames for f in (frame, 0.005)])
    door = Streamward(app, policy=Policy(on_leave="finish"))

    await ask(door, leave_when=lambda a: len(a.messages) >= 2)

    assert app.sent == len(frames)
    assert not app.cancelled


async def test_a_slow_client_slows_the_application():
    """No queue stands between: at most one chunk is under way."""
    app = ScriptedApp(chat(WORDS))
    ahead: list[int] = []

    def note(answer: Answer) -> bool:
        ahead.append(app.sent - len(answer.messages))
        return False

    await ask(Streamward(app), slow=0.01, leave_when=note)

    assert max(ahead) <= 0


# Bad input


async def test_json_that_does_not_parse_is_not_passed_on_by_a_guard():
    app = ScriptedApp([chat_frame({"content": "Hi "}), b'data: {"choices":[{"del\n\n', *chat([])])

    answer = await ask(guarded(app))

    assert isinstance(answer.raised, UnreadableFrameError)
    assert b'"unreadable_frame"' in answer.body
    assert b'[{"del\n' not in answer.body


@pytest.mark.parametrize("compact", [True, False])
async def test_a_frame_with_the_same_name_twice_is_not_passed_on_by_a_guard(compact):
    """Which of the two a client believes cannot be known."""
    frame = b'{"choices": [{"delta": {"content": "S3CRET-1", "content": "hi "}}], "id": "\\ud83d"}'
    if compact:
        frame = frame.replace(b": ", b":").replace(b", ", b",").replace(b"\\ud83d", b"1")
    app = ScriptedApp([chat_frame({"content": "Hi "}), b"data: " + frame + b"\n\n"])

    answer = await ask(guarded(app))

    assert isinstance(answer.raised, UnreadableFrameError)
    assert b"S3CRET" not in answer.body


async def test_without_guards_what_cannot_be_read_passes_as_it_came():
    frames = [chat_frame({"content": "Hi "}), b'data: {"choices":[{"del\n\n', *chat([])]

    answer = await ask(Streamward(ScriptedApp(frames)))

    assert answer.body == b"".join(frames)


async def test_a_frame_over_the_limit_ends_the_stream():
    app = ScriptedApp([chat_frame({"content": "Hi "}), b"data: " + b"x" * 2000, b"y" * 2000])

    answer = await ask(guarded(app, policy=Policy(limits=Limits(frame=1000))))

    assert isinstance(answer.raised, FrameTooLargeError)
    assert b'"frame_too_large"' in answer.body
    assert b"xxx" not in answer.body


@pytest.mark.parametrize("coding", ["gzip", "deflate", "members"])
async def test_a_compressed_body_is_decoded(coding):
    frames = chat(SPLIT)
    if coding == "members":
        chunks = [gzip.compress(frame) for frame in frames]
    else:
        packed = (
            gzip.compress(b"".join(frames)) if coding == "gzip" else zlib.compress(b"".join(frames))
        )
        chunks = [packed[i : i + 7] for i in range(0, len(packed), 7)]
    name = b"deflate" if coding == "deflate" else b"gzip"
    app = ScriptedApp(chunks, headers=[(b"content-encoding", name)])

    answer = await ask(guarded(app))

    assert chat_text(answer.body) == "My key is <SECRET> and more."
    assert "content-encoding" not in answer.headers


async def test_a_coding_that_cannot_be_undone_is_refused_before_the_first_byte():
    app = ScriptedApp([b"\x1b\x00"], headers=[(b"content-encoding", b"br")])

    answer = await ask(guarded(app))

    assert answer.status == 502
    assert json.loads(answer.body)["error"]["code"] == "unsupported_encoding"
    assert answer.ended


async def test_a_body_that_does_not_decode_ends_the_stream():
    app = ScriptedApp([b"not gzip at all"], headers=[(b"content-encoding", b"gzip")])

    answer = await ask(guarded(app))

    assert isinstance(answer.raised, UnreadableFrameError)


async def test_a_compressed_body_that_is_cut_ends_the_stream():
    packed = gzip.compress(b"".join(chat(WORDS)))
    app = ScriptedApp([packed[:-9]], headers=[(b"content-encoding", b"gzip")])

    answer = await ask(guarded(app))

    assert isinstance(answer.raised, UnreadableFrameError)


async def test_plain_text_that_is_sse_is_read_as_sse():
    app = ScriptedApp([b"da", b"".join(chat(SPLIT))[2:]], content_type="text/plain")

    answer = await ask(guarded(app))

    assert chat_text(answer.body) == "My key is <SECRET> and more."


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("comments", [b": ping##", b": a#: b#", b":#"])
async def test_plain_text_may_begin_with_comments_of_sse(newline, comments):
    begin = comments.replace(b"#", newline)
    body = begin + b"".join(chat(SPLIT)).replace(b"\n", newline)
    pieces = [body[at : at + 1] for at in range(40)]
    app = ScriptedApp([*pieces, body[40:]], content_type="text/plain")

    answer = await ask(guarded(app))

    assert (
        chat_text(answer.body[len(begin) :].replace(newline, b"\n"))
        == "My key is <SECRET> and more."
    )


@pytest.mark.parametrize("text", [b": S3CRET-1", b":S3CRET-1\nb\n", b":" * 5000 + b" S3CRET-1"])
async def test_plain_text_that_begins_like_a_comment_is_text(text):
    app = ScriptedApp([text[:3], text[3:]], content_type="text/plain")

    answer = await ask(guarded(app))

    assert answer.body == text.replace(b"S3CRET-1", b"<SECRET>")


async def test_an_sse_type_with_another_body_is_guarded_all_the_same():
    """A JSON document under ``text/event-stream``: no event in it, so no client reads it."""
    app = ScriptedApp([b'{"error": "no S3CRET-12345 here"}'])

    answer = await ask(guarded(app))

    assert SECRET.encode() not in answer.body


async def test_invalid_utf8_in_plain_text_is_replaced_when_guarded():
    app = ScriptedApp([b"caf\xc3", b"\xa9 \xff S3CRET-", b"1 end"], content_type="text/plain")

    answer = await ask(guarded(app))

    assert answer.body.decode() == "café \N{REPLACEMENT CHARACTER} <SECRET> end"


# Configuration


@pytest.mark.parametrize(
    "settings",
    [
        {"guards": [WordGuard]},
        {"guards": WordGuard()},
        {"guards": ["pii"]},
        {"cache": "redis://localhost"},
        {"routes": {"v1": Policy()}},
    ],
    ids=["class", "no list", "name", "cache", "route"],
)
def test_a_wrong_setting_fails_at_construction(settings):
    with pytest.raises(ConfigurationError, match=r"write|must"):
        Streamward(ScriptedApp([]), **settings)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Timeouts, {"first_token": 0}),
        (Limits, {"frame": -1}),
        (Limits, {"frame": None}),
        (CachePolicy, {"ttl": None}),
        (Policy, {"heartbeat": 0}),
        (Policy, {"on_leave": "stay"}),
        (Policy, {"mode": "look"}),
        (Policy, {"prompt": "read"}),
        (Policy, {"channels": "display"}),
        (Policy, {"mode": "monitor", "prompt": "redact"}),
        (Policy, {"guards": (WordGuard,)}),
        (CachePolicy, {"ttl": 0}),
        (CachePolicy, {"shared": True, "principal": str}),
    ],
)
def test_a_wrong_value_fails_at_construction(kind, values):
    with pytest.raises(ConfigurationError):
        kind(**values)


# Two streams


async def test_streams_share_nothing():
    app = ScriptedApp([f for frame in chat(SPLIT) for f in (frame, 0.001)])
    door = guarded(app)

    answers = await asyncio.gather(*(ask(door) for _ in range(20)))

    assert {chat_text(a.body) for a in answers} == {"My key is <SECRET> and more."}


# Time to the first token


async def test_a_frame_that_says_nothing_is_not_a_first_token():
    """Servers send the role at once and then think: the first token is still to come."""
    policy = Policy(timeouts=Timeouts(first_token=0.1, between_tokens=None), heartbeat=None)
    app = ScriptedApp([chat([])[0], 60.0])

    answer = await ask(guarded(app, policy=policy))

    assert isinstance(answer.raised, UpstreamTimeoutError)
    assert answer.raised.phase == "first_token"


async def test_in_an_unknown_dialect_every_frame_with_data_counts():
    policy = Policy(timeouts=Timeouts(first_token=0.1, between_tokens=None), heartbeat=None)
    app = ScriptedApp([b'{"done":1}\n', 0.2, b'{"done":2}\n'], content_type="application/x-ndjson")

    answer = await ask(guarded(app, policy=policy))

    assert answer.body == b'{"done":1}\n{"done":2}\n'


async def test_time_to_first_token_is_told_when_text_has_left():
    reports: list[Report] = []
    app = ScriptedApp([chat([])[0], chat_frame({"content": "S3CRET-"}), 0.1, *chat(["1 a"])[1:]])

    await ask(guarded(app, on_report=reports.append))

    assert reports[0].ttft is not None
    assert reports[0].ttft >= 0.1
