"""What only the WSGI door has to keep: close, write, exc_info, threads, and no loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from typing import Any

import pytest
from support.asgi import Answer
from support.guard import SECRET, WordGuard
from support.streams import chat, chat_text
from support.wsgi import ScriptedWSGI, ask_wsgi, environ_of, linted
from werkzeug.middleware.lint import LintMiddleware

from streamward import CachePolicy, Policy, StreamwardWSGI, Timeouts, opt_out
from streamward.cache import MemoryCache
from streamward.errors import ConfigurationError, UpstreamTimeoutError
from streamward.guardrails import Block

WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]
SPLIT = ["My key is S3C", "RET-1", "2345 and ", "more."]
WHOLE = b"".join(chat(WORDS))
ALICE = {"authorization": "Bearer alice"}
EVENTS = [("Content-Type", "text/event-stream")]


def door(app: Any, **settings: Any) -> Any:
    reports: list[Any] = []
    made = linted(lambda inner: StreamwardWSGI(inner, on_report=reports.append, **settings), app)
    made.reports = reports
    return made


BESIDE = pytest.mark.parametrize("heartbeats", [False, True], ids=["inline", "beside"])


# close() is always called, once


@BESIDE
@pytest.mark.parametrize(
    "script",
    [
        chat(WORDS),
        chat(SPLIT),
        [],
        [*chat(WORDS)[:3], RuntimeError()],
        [RuntimeError()],
        [b"data: \xff\n\n"],
    ],
    ids=["whole", "blocked", "empty", "fails", "fails first", "unreadable"],
)
@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
def test_what_the_application_returned_is_closed_once(heartbeats, script, content_type):
    app = ScriptedWSGI(script, content_type=content_type)

    ask_wsgi(door(app, guards=[WordGuard(Block())], heartbeats=heartbeats))

    assert app.closed == 1


@BESIDE
@pytest.mark.parametrize("after", range(5))
def test_it_is_closed_once_wherever_the_client_leaves(heartbeats, after):
    app = ScriptedWSGI(chat(WORDS))

    ask_wsgi(
        door(app, heartbeats=heartbeats), leave_when=lambda answer: len(answer.messages) > after
    )

    assert app.closed == 1
    assert app.sent <= after + 1


def test_it_is_closed_where_the_server_never_iterates():
    app = ScriptedWSGI(chat(WORDS))
    body = StreamwardWSGI(app)(environ_of(), lambda *told: print)

    body.close()
    body.close()

    assert app.closed == 1


def test_what_close_raises_reaches_the_server():
    class Body(list[bytes]):
        def close(self) -> None:
            raise RuntimeError("in close")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", EVENTS)
        return Body(chat(WORDS))

    answer = ask_wsgi(StreamwardWSGI(app))

    assert isinstance(answer.raised, RuntimeError)


# What is none of ours


def test_the_very_iterable_reaches_the_server():
    given = [b"{}"]

    def app(environ: Any, start_response: Any) -> Any:
        start_response("203 Very Own", [("Content-Type", "application/json")], None)
        return given

    told: list[Any] = []
    body = StreamwardWSGI(app, cache=MemoryCache())(environ_of(), lambda *args: told.append(args))

    assert body is given
    assert told == [("203 Very Own", [("Content-Type", "application/json")])]


@BESIDE
def test_an_application_that_is_a_generator_says_late_what_it_is(heartbeats):
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", environ["PATH_INFO"][1:])])
        yield from chat([SECRET])

    guarded = door(app, guards=[WordGuard()], heartbeats=heartbeats)

    stream = ask_wsgi(guarded, environ_of("/text/event-stream"))
    other = ask_wsgi(guarded, environ_of("/application/json"))

    assert chat_text(stream.body) == "<SECRET>"
    assert chat_text(other.body) == SECRET


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_a_request_without_a_stream_in_its_answer_passes(method):
    app = ScriptedWSGI(chat([SECRET]))

    answer = ask_wsgi(StreamwardWSGI(app, guards=[WordGuard()]), environ_of(method=method))

    assert SECRET.encode() in answer.body


@pytest.mark.parametrize("only", [None, "guards", "cache"])
def test_an_application_can_opt_out(only):
    inner = ScriptedWSGI(chat(SPLIT))

    def app(environ: Any, start_response: Any) -> Any:
        opt_out(environ, only=only)
        return inner(environ, start_response)

    answer = ask_wsgi(door(app, guards=[WordGuard()]))

    assert (SECRET in chat_text(answer.body)) == (only != "cache")
    assert ("x-accel-buffering" in answer.headers) == (only is not None)


def test_flask_can_opt_out_with_its_request():
    from flask import Flask, Response, request

    app = Flask(__name__)

    @app.get("/")
    def answer() -> Response:
        opt_out(request)
        return Response(iter(chat([SECRET])), mimetype="text/event-stream")

    got = ask_wsgi(door(app, guards=[WordGuard()]), environ_of("/", method="GET"))

    assert chat_text(got.body) == SECRET


# PEP 3333: write, and a second start_response


@BESIDE
def test_what_is_written_is_guarded_too(heartbeats):
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", EVENTS)
        for piece in chat(SPLIT)[:3]:
            write(piece)
        return chat(SPLIT)[3:]

    answer = ask_wsgi(door(app, guards=[WordGuard()], heartbeats=heartbeats))

    assert chat_text(answer.body) == "My key is <SECRET> and more."
    assert answer.ended


def test_what_is_written_to_no_stream_passes():
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [("Content-Type", "text/html")])
        write(b"one ")
        return [b"two"]

    answer = ask_wsgi(door(app, guards=[WordGuard()]))

    assert answer.body == b"one two"


@BESIDE
def test_an_application_may_change_its_mind_before_it_starts(heartbeats):
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", EVENTS)
        try:
            int("no")
        except ValueError as error:
            told = type(error), error, error.__traceback__
            start_response("500 Broken", [("Content-Type", "text/html")], told)
        return [b"sorry"]

    answer = ask_wsgi(door(app, heartbeats=heartbeats))

    assert (answer.status, answer.body) == (500, b"sorry")


def test_and_not_after():
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", EVENTS)
        yield from chat(WORDS)[:2]
        try:
            int("no")
        except ValueError as error:
            told = type(error), error, error.__traceback__
            start_response("500 Broken", [("Content-Type", "text/html")], told)

    answer = ask_wsgi(door(app))

    assert isinstance(answer.raised, ValueError)
    assert b'"code":"upstream_error"' in answer.body


def test_an_application_that_fails_first_is_answered_for_by_its_server():
    answer = ask_wsgi(door(ScriptedWSGI([RuntimeError("first")])))

    assert answer.status == 0
    assert answer.body == b""
    assert isinstance(answer.raised, RuntimeError)


# The request


@pytest.mark.parametrize("how", ["read", "readline", "lines", "pieces"])
def test_the_application_reads_the_body_that_was_read_for_the_key(how):
    sent = b"one\ntwo\n" + b"x" * 100_000
    got: list[bytes] = []

    def app(environ: Any, start_response: Any) -> Any:
        body = environ["wsgi.input"]
        if how == "lines":
            got.extend(body)
        elif how == "readline":
            got.extend([body.readline(), body.readline(10), body.read(len(sent))])
        else:
            size = len(sent) if how == "read" else 1000
            got.extend(iter(lambda: body.read(size), b""))
        start_response("200 OK", EVENTS)
        return chat(WORDS)

    ask_wsgi(StreamwardWSGI(app, cache=MemoryCache()), environ_of(headers=ALICE, body=sent))

    assert b"".join(got) == sent


def test_a_prompt_is_edited():
    app = ScriptedWSGI(chat(WORDS))
    asked = b'{"prompt": "it is S3CRET-12345"}'

    ask_wsgi(
        door(app, guards=[WordGuard()], policy=Policy(prompt="redact")), environ_of(body=asked)
    )

    assert app.bodies == [b'{"prompt": "it is <SECRET>"}']


def test_a_body_of_unknown_end_has_no_key():
    """A chunked one, under a server that does not end it: it must not pass for an empty one."""
    app = ScriptedWSGI(chat(WORDS))
    guarded = door(app, cache=MemoryCache())
    for _ in range(2):
        environ = environ_of(headers=ALICE, body=b"{}")
        del environ["CONTENT_LENGTH"]
        environ.pop("wsgi.input_terminated", None)
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        ask_wsgi(guarded, environ)

    assert app.calls == 2


def test_the_policy_sees_the_environ():
    app = ScriptedWSGI(chat(WORDS))
    cache = CachePolicy(principal=lambda scope: scope["environ"].get("REMOTE_USER"))
    guarded = door(app, cache=MemoryCache(), policy=Policy(cache=cache))

    for user in ("ann", "bob", "ann", None, None):
        environ = environ_of()
        if user:
            environ["REMOTE_USER"] = user
        ask_wsgi(guarded, environ)

    assert app.calls == 4


def test_paths_that_the_server_decodes_alike_stay_apart():
    app = ScriptedWSGI(chat(WORDS))
    guarded = door(app, cache=MemoryCache())

    for raw in ("/a/b", "/a%2Fb", "/a/b"):
        environ = environ_of("/a/b", headers=ALICE)
        environ["RAW_URI"] = environ["REQUEST_URI"] = raw
        ask_wsgi(guarded, environ)

    assert app.calls == 2


# Time


def test_a_limit_is_kept_to_at_the_next_piece():
    app = ScriptedWSGI([*chat(WORDS)[:3], 0.1, *chat(WORDS)[3:]])
    policy = Policy(timeouts=Timeouts(between_tokens=0.05))

    answer = ask_wsgi(door(app, policy=policy))

    assert isinstance(answer.raised, UpstreamTimeoutError)
    assert b'"code":"upstream_timeout"' in answer.body
    assert app.closed == 1


def test_a_slow_client_is_no_slow_application():
    app = ScriptedWSGI(chat(WORDS))
    policy = Policy(timeouts=Timeouts(between_tokens=0.2))

    answer = ask_wsgi(door(app, policy=policy), slow=0.1)

    assert answer.body == WHOLE
    assert answer.ended


def test_signs_of_life_come_while_the_application_is_silent():
    app = ScriptedWSGI([0.2, *chat(WORDS)[:3], 0.2, *chat(WORDS)[3:]])
    guarded = door(app, heartbeats=True, policy=Policy(heartbeat=0.03))

    answer = ask_wsgi(guarded)

    beats = [m["body"] for m in answer.messages if m["body"].startswith(b":")]
    assert len(beats) >= 2
    assert answer.body.replace(beats[0], b"") == WHOLE
    assert guarded.reports[0].heartbeats == len(beats)


def test_without_a_thread_there_are_none():
    app = ScriptedWSGI([*chat(WORDS)[:3], 0.1, *chat(WORDS)[3:]])

    answer = ask_wsgi(door(app, policy=Policy(heartbeat=0.02)))

    assert answer.body == WHOLE


def test_a_silent_application_is_given_up_in_time():
    go_on = threading.Event()
    app = ScriptedWSGI([*chat(WORDS)[:3], lambda: go_on.wait(20), *chat(WORDS)[3:]])
    policy = Policy(timeouts=Timeouts(between_tokens=0.05))
    threading.Timer(0.5, go_on.set).start()

    answer = ask_wsgi(door(app, policy=policy, heartbeats=True))

    assert isinstance(answer.raised, UpstreamTimeoutError)
    assert app.closed == 1
    assert app.sent == 3


def test_the_application_stays_in_one_thread_and_one_context():
    where: list[int] = []
    place: contextvars.ContextVar[int] = contextvars.ContextVar("place")

    class Body:
        def __init__(self) -> None:
            self.token = place.set(1)
            self.pieces = iter(chat(WORDS))

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> bytes:
            where.append(threading.get_ident())
            return next(self.pieces)

        def close(self) -> None:
            where.append(threading.get_ident())
            place.reset(self.token)

    def app(environ: Any, start_response: Any) -> Any:
        where.append(threading.get_ident())
        start_response("200 OK", EVENTS)
        return Body()

    answer = ask_wsgi(door(app, heartbeats=True))

    assert answer.body == WHOLE
    assert len(set(where)) == 1
    assert where[0] != threading.get_ident()


def test_those_who_follow_get_signs_of_life_without_a_thread():
    app = ScriptedWSGI([*chat(WORDS)[:2], 0.3, *chat(WORDS)[2:]])
    guarded = door(app, cache=MemoryCache(), policy=Policy(heartbeat=0.05))
    leader = threading.Thread(target=ask_wsgi, args=(guarded, environ_of(headers=ALICE)))
    leader.start()
    while app.sent < 1:
        time.sleep(0.001)

    answer = ask_wsgi(guarded, environ_of(headers=ALICE))
    leader.join()

    assert app.calls == 1
    assert answer.ended
    assert answer.body != WHOLE
    assert chat_text(answer.body) == "".join(WORDS)
    assert [r.heartbeats > 0 for r in guarded.reports if r.cache == "joined"] == [True]


# Leaving


@pytest.mark.parametrize("verdict", [True, False])
def test_a_condition_decides_whether_to_finish(verdict):
    app = ScriptedWSGI(chat(WORDS))
    guarded = door(app, cache=MemoryCache(), policy=Policy(on_leave=lambda progress: verdict))

    ask_wsgi(
        guarded,
        environ_of(headers=ALICE),
        leave_when=lambda answer: WORDS[0].encode() in answer.body,
    )
    ask_wsgi(guarded, environ_of(headers=ALICE))

    assert app.calls == (1 if verdict else 2)


def test_the_answer_goes_on_while_anybody_reads():
    joined = threading.Event()
    app = ScriptedWSGI(
        [*chat(WORDS)[:3], lambda: joined.wait(20), *chat(WORDS)[3:5], 0.05, *chat(WORDS)[5:]]
    )
    guarded = door(app, cache=MemoryCache())
    left: list[Answer] = []

    def lead() -> None:
        left.append(
            ask_wsgi(
                guarded,
                environ_of(headers=ALICE),
                leave_when=lambda answer: WORDS[2].encode() in answer.body,
            )
        )

    leader = threading.Thread(target=lead)
    leader.start()
    while app.sent < 2:
        time.sleep(0.001)

    def note(answer: Answer) -> bool:
        if WORDS[0].encode() in answer.body:
            joined.set()
        return False

    follower = ask_wsgi(guarded, environ_of(headers=ALICE), leave_when=note)
    leader.join()

    assert follower.body == WHOLE
    assert app.calls == 1
    assert {report.outcome for report in guarded.reports} == {"client_left", "complete"}


# No loop


def test_no_event_loop_is_started(monkeypatch):
    def none(*args: Any, **named: Any) -> Any:
        raise AssertionError("a loop was started")

    monkeypatch.setattr(asyncio, "new_event_loop", none)
    monkeypatch.setattr(asyncio.events, "new_event_loop", none)
    app = ScriptedWSGI(chat(SPLIT))
    guarded = door(app, guards=[WordGuard(blocking=True)], cache=MemoryCache(), heartbeats=True)

    bodies = [ask_wsgi(guarded, environ_of(headers=ALICE)).body for _ in range(2)]

    assert [chat_text(body) for body in bodies] == ["My key is <SECRET> and more."] * 2
    assert app.calls == 1


def test_a_function_that_waits_for_a_loop_means_no():
    async def authorize(scope: Any) -> bool:
        await asyncio.sleep(0)
        return True

    app = ScriptedWSGI(chat(WORDS))
    guarded = door(app, cache=MemoryCache(), policy=Policy(cache=CachePolicy(authorize=authorize)))

    for _ in range(2):
        ask_wsgi(guarded, environ_of(headers=ALICE))

    assert app.calls == 2


def test_a_store_that_needs_a_loop_is_refused():
    class Own(MemoryCache):
        in_threads = None

    with pytest.raises(ConfigurationError, match="in_threads"):
        StreamwardWSGI(ScriptedWSGI([]), cache=Own())


def test_many_threads_share_one_door():
    app = ScriptedWSGI(chat(SPLIT))
    guarded = door(app, guards=[WordGuard()], cache=MemoryCache(max_entries=3))
    wrong: list[str] = []

    def work(number: int) -> None:
        for turn in range(20):
            environ = environ_of(headers=ALICE, body=b"%d" % (number * turn % 7))
            if chat_text(ask_wsgi(guarded, environ).body) != "My key is <SECRET> and more.":
                wrong.append(f"{number} {turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(guarded.reports) == 160


def test_it_is_a_middleware_between_two_linters():
    made = door(ScriptedWSGI(chat(WORDS)))

    assert type(made) is LintMiddleware
    assert type(made.app) is StreamwardWSGI
