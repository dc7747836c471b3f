"""A private dialect is spoken through every door."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from support.asgi import ask
from support.doors import DOORS
from support.guard import WordGuard
from support.sockets import talk
from support.streams import ScriptedApp
from support.wsgi import ScriptedWSGI, ask_wsgi, environ_of

from streamward import Policy, Report, Streamward, StreamwardWSGI, guard_stream
from streamward.cache import MemoryCache
from streamward.errors import ConfigurationError
from streamward.guardrails import Block
from streamward.wire import CODE, Closes, Description, Says, Writes

# Without the key two birds would be one text; without the row nobody would join their words.
BIRDS = Description(
    name="birds",
    claims=("kind=say",),
    says=(Says(at="words", key=("bird",), when="kind=say"),),
    closes=(Closes(when="kind=hush", key=("bird",)),),
    done="kind=bye",
    finish="why",
    good=("tired",),
)
CALM = replace(BIRDS, cut=False, error=(Writes(value={"kind": "squawk", "code": CODE}),)).dialect()
SQUAWK = b'data: {"kind":"squawk","code":"%b"}\n\n'
OWN = Policy(dialects=(BIRDS.dialect(),))
SAID = [
    {"kind": "say", "bird": bird, "words": words}
    for words in ("My key is S3C", "RET-12", "345 and more. ")
    for bird in ("polly", "kiki")
]
EVENTS = [
    *SAID,
    {"kind": "hush", "bird": "polly"},
    {"kind": "hush", "bird": "kiki"},
    {"kind": "bye", "why": "tired"},
]
FRAMES = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in EVENTS]


def heard(events: Iterable[Any]) -> dict[str, str]:
    """Return what each bird says."""
    said: dict[str, str] = {}
    for event in events:
        if event["kind"] == "say":
            said[event["bird"]] = said.get(event["bird"], "") + event["words"]
    return said


def read(body: bytes) -> dict[str, str]:
    return heard(json.loads(block[6:]) for block in body.split(b"\n\n") if block)


EDITED = dict.fromkeys(("polly", "kiki"), "My key is <SECRET> and more. ")


async def test_under_asgi():
    reports: list[Report] = []
    door = Streamward(
        ScriptedApp(FRAMES), guards=[WordGuard()], policy=OWN, on_report=reports.append
    )

    assert read((await ask(door)).body) == EDITED
    assert (reports[0].dialect, reports[0].outcome) == ("birds", "complete")


def test_under_wsgi():
    reports: list[Report] = []
    door = StreamwardWSGI(
        ScriptedWSGI(FRAMES), guards=[WordGuard()], policy=OWN, on_report=reports.append
    )

    assert read(ask_wsgi(door, environ_of()).body) == EDITED
    assert (reports[0].dialect, reports[0].outcome) == ("birds", "complete")


async def test_over_a_websocket():
    reports: list[Report] = []

    async def app(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        for event in EVENTS:
            await send({"type": "websocket.send", "text": json.dumps(event)})
        await send({"type": "websocket.close"})

    door = Streamward(app, guards=[WordGuard()], policy=OWN, on_report=reports.append)
    client = await talk(door, path="/birds")

    assert heard(map(json.loads, client.heard)) == EDITED
    assert reports[0].dialect == "birds"


@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "objects"])
def test_out_of_an_iterator(as_bytes):
    source: Any = FRAMES if as_bytes else EVENTS
    stream = guard_stream(
        iter(source),
        guards=[WordGuard()],
        dialects=[BIRDS.dialect()],
        content_type="text/event-stream",
    )
    got = list(stream)

    assert (read(b"".join(got)) if as_bytes else heard(got)) == EDITED
    assert stream.report is not None
    assert (stream.report.dialect, stream.report.outcome) == ("birds", "complete")


@pytest.mark.parametrize("open_door", DOORS, ids=["asgi", "wsgi"])
def test_an_error_ends_the_answer_where_a_cut_would_break_the_client(open_door):
    door = open_door(
        [0.1, *FRAMES[:3], RuntimeError("mine")],
        cache=MemoryCache(),
        policy=Policy(dialects=(CALM,)),
    )

    answers = [*door.ask(2), *door.ask()]

    assert door.calls == 2  # one joined, and nothing was kept
    assert {answer.body for answer in answers} == {
        b"".join(FRAMES[:3]) + SQUAWK % b"upstream_error"
    }
    assert all(answer.ended for answer in answers)
    assert {(report.outcome, report.code) for report in door.reports} == {
        ("failed", "upstream_error")
    }


@pytest.mark.parametrize("open_door", DOORS, ids=["asgi", "wsgi"])
def test_a_blocked_answer_ends_where_a_cut_would_break_the_client(open_door):
    door = open_door(FRAMES, guards=[WordGuard(Block())], policy=Policy(dialects=(CALM,)))

    [answer] = door.ask()

    assert answer.body.endswith(SQUAWK % b"content_blocked")
    assert answer.ended
    assert [(report.outcome, report.code) for report in door.reports] == [
        ("blocked", "content_blocked")
    ]


def test_what_broke_is_in_the_servers_log_where_raising_it_would_cut():
    app = ScriptedWSGI([FRAMES[0], RuntimeError("mine")])
    log = io.StringIO()
    environ = {**environ_of(), "wsgi.errors": log}

    answer = ask_wsgi(StreamwardWSGI(app, policy=Policy(dialects=(CALM,))), environ)

    assert answer.raised is None
    assert "RuntimeError: mine" in log.getvalue()


def test_an_iterator_takes_rows():
    with pytest.raises(ConfigurationError, match=r"dialects=\[Description"):
        guard_stream(iter(()), guards=[], dialects=[BIRDS])
