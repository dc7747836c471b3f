"""The channel policies as a route sets them."""

from __future__ import annotations

import json

from support.asgi import ask, scope_of
from support.guard import SECRET, WordGuard
from support.streams import DONE, ScriptedApp, chat_frame

from streamward import Policy, Report, Streamward
from streamward.cache import MemoryCache
from streamward.guardrails import Channels

ALICE = {"authorization": "Bearer alice", "content-type": "application/json"}
BODY = json.dumps({"model": "m", "messages": [{"content": "hi"}]}).encode()


def call(*pieces: str) -> list[bytes]:
    """Return the frames of a chat answer that calls a tool."""
    frames = [
        chat_frame({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        for piece in pieces
    ]
    return [*frames, chat_frame({}, "tool_calls"), DONE]


async def test_a_route_says_whether_arguments_are_read_or_run():
    frames = call('{"to": "S3CRET', '-12345"}')
    reports: list[Report] = []
    door = Streamward(
        ScriptedApp(frames),
        guards=[WordGuard()],
        routes={"/agent": Policy(channels=Channels(tool_arguments="execution"))},
        on_report=reports.append,
    )

    run = await ask(door, scope_of(path="/agent"))
    read = await ask(door, scope_of(path="/page"))

    assert run.body == b"".join(frames)
    assert SECRET.encode() not in read.body
    assert [report.findings for report in reports] == [
        {"words.SECRET.flag": 1},
        {"words.SECRET.edit": 1},
    ]


async def test_what_one_policy_let_pass_is_not_served_under_another():
    app = ScriptedApp(call('{"to": "S3CRET-12345"}'))
    store = MemoryCache()
    lenient = Policy(channels=Channels(tool_arguments="execution"))
    for policy in (lenient, Policy()):
        door = Streamward(app, cache=store, guards=[WordGuard()], policy=policy)
        answer = await ask(door, scope_of(headers=ALICE), body=BODY)

    assert app.calls == 2
    assert SECRET.encode() not in answer.body
