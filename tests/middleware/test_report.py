"""The report: what it says, and what no log ever holds."""

from __future__ import annotations

import json

import pytest
import structlog
from support.asgi import ask, scope_of
from support.guard import SECRET, BrokenGuard, WordGuard
from support.streams import DONE, ScriptedApp, chat, chat_frame

from streamward import CachePolicy, Policy, Report, Streamward, Timeouts
from streamward.cache import MemoryCache
from streamward.guardrails import Block, Flag

PROMPT = "my prompt is private"
KEY = "sk-private-key"
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
BODY = json.dumps({"messages": [{"content": PROMPT}]}).encode()
WORDS = ["The ", "answer ", f"{SECRET} ", "is ", "private."]


def broken_principal(scope: object) -> str | None:
    raise LookupError(PROMPT)


@pytest.mark.parametrize(
    ("script", "settings"),
    [
        (chat(WORDS), {}),
        (chat(WORDS), {"guards": [WordGuard(Block())]}),
        (chat(WORDS), {"guards": [WordGuard(Flag())]}),
        (chat(WORDS), {"guards": [BrokenGuard()]}),
        ([*chat(WORDS)[:3], RuntimeError(SECRET)], {}),
        ([*chat(WORDS)[:3], b"data: {" + SECRET.encode() + b"\n\n"], {}),
        (chat(WORDS), {"policy": Policy(cache=CachePolicy(principal=broken_principal))}),
        ([*chat(WORDS)[:3], 60.0], {"policy": Policy(timeouts=Timeouts(between_tokens=0.05))}),
    ],
    ids=["kept", "blocked", "flagged", "broken", "raised", "unreadable", "principal", "timeout"],
)
async def test_no_log_holds_text_prompt_or_key(script, settings):
    app = ScriptedApp(script)
    settings = {"guards": [WordGuard()], "cache": MemoryCache(), **settings}
    door = Streamward(app, **settings)

    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            await ask(door, scope_of("/chat/private-path", headers=HEADERS), body=BODY)
    written = str(logs)

    assert any(entry["event"] == "stream" for entry in logs)
    for private in (SECRET, "S3CRET", "answer", PROMPT, KEY, "private-path"):
        assert private not in written


async def test_what_a_report_says():
    reports: list[Report] = []
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}
    frames = [*chat(WORDS)[:-1], b"data: " + json.dumps(usage).encode() + b"\n\n", DONE]
    app = ScriptedApp(frames)

    answer = await ask(
        Streamward(app, guards=[WordGuard()], on_report=reports.append),
        scope_of("/v1/x/completions"),
    )
    report = reports[0]

    assert report.outcome == "complete"
    assert report.code is None
    assert (report.method, report.status, report.route) == ("POST", 200, "*")
    assert report.dialect == "openai_chat"
    assert report.cache == "off"
    assert report.tokens == len(WORDS)
    assert report.usage is not None
    assert (report.usage.input_tokens, report.usage.output_tokens) == (3, 5)
    assert report.frames == len(frames)
    assert report.bytes_out == len(answer.body)
    assert report.findings == {"words.SECRET.edit": 1}
    assert report.ttft is not None
    assert 0 <= report.ttft <= report.duration


async def test_a_route_is_named_by_its_pattern():
    reports: list[Report] = []
    door = Streamward(
        ScriptedApp(chat(WORDS)), routes={"/users/*": Policy()}, on_report=reports.append
    )

    await ask(door, scope_of("/users/jane@example.com"))

    assert reports[0].route == "/users/*"


async def test_a_response_that_is_no_stream_has_no_report():
    reports: list[Report] = []
    app = ScriptedApp([b"{}"], content_type="application/json")

    await ask(Streamward(app, on_report=reports.append))

    assert reports == []


async def test_no_heartbeat_follows_an_id_in_a_dialect_whose_client_breaks_on_it():
    """openai-python fires an empty event at the blank line, and cannot parse it."""
    frame = chat_frame({"content": "one "})
    app = ScriptedApp([b"id: 1\n" + frame, 0.1, *chat(["two"])[1:]])

    answer = await ask(Streamward(app, policy=Policy(heartbeat=0.02)))

    assert b": ping" not in answer.body
