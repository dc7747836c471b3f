"""A private dialect is spoken through every door."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from support.asgi import ask
from support.guard import WordGuard
from support.sockets import talk
from support.streams import ScriptedApp
from support.wsgi import ScriptedWSGI, ask_wsgi, environ_of

from streamward import Policy, Report, Streamward, StreamwardWSGI, guard_stream
from streamward.errors import ConfigurationError
from streamward.wire import Closes, Description, Says

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


def test_an_iterator_takes_rows():
    with pytest.raises(ConfigurationError, match=r"dialects=\[Description"):
        guard_stream(iter(()), guards=[], dialects=[BIRDS])
