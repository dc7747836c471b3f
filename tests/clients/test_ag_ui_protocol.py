"""The types of ``ag-ui-protocol``: every event that leaves is one of them."""

from __future__ import annotations

import json
from typing import Any

import ag_ui.core
import httpx
import pytest
from pydantic import TypeAdapter
from support.clients import CLEAN, SECRETS, TEXT, WORDS, served
from support.streams import ScriptedApp

from streamward import Policy
from streamward.guardrails import PII

EVENT = TypeAdapter(ag_ui.core.Event)
RUN = {"threadId": "t", "runId": "r"}


def event(kind: str, **value: Any) -> bytes:
    return f"data: {json.dumps({'type': kind, **value})}\n\n".encode()


def answer(text: str) -> list[bytes]:
    arguments = json.dumps({"to": SECRETS[0]})
    return [
        event("RUN_STARTED", **RUN),
        event("TEXT_MESSAGE_START", messageId="m", role="assistant"),
        *(
            event("TEXT_MESSAGE_CONTENT", messageId="m", delta=text[i : i + 3])
            for i in range(0, len(text), 3)
        ),
        event("TEXT_MESSAGE_END", messageId="m"),
        event("TOOL_CALL_START", toolCallId="c", toolCallName="f"),
        *(event("TOOL_CALL_ARGS", toolCallId="c", delta=char) for char in arguments),
        event("TOOL_CALL_END", toolCallId="c"),
        event("STATE_DELTA", delta=[{"op": "replace", "path": "/draft", "value": text}]),
        event("MESSAGES_SNAPSHOT", messages=[{"id": "m", "role": "assistant", "content": text}]),
        event("RUN_FINISHED", **RUN),
    ]


def asked(url: str) -> list[Any]:
    """Read as the client does: LF only, blank line between events, and every event is known."""
    blocks = httpx.post(url).text.split("\n\n")
    said = ("".join(line[6:] for line in one.split("\n") if line[:6] == "data: ") for one in blocks)
    return [EVENT.validate_json(data) for data in said if data]


def said(events: list[Any], kind: str = "TEXT_MESSAGE_CONTENT") -> str:
    return "".join(one.delta for one in events if one.type == kind)


@pytest.mark.parametrize(("text", "words"), [(TEXT, WORDS), (CLEAN, CLEAN)])
def test_an_answer_is_redacted_wherever_it_is_said(text, words):
    with served(ScriptedApp(answer(text))) as url:
        events = asked(url)

    assert said(events) == words
    assert json.loads(said(events, "TOOL_CALL_ARGS")) == {"to": "<EMAIL_ADDRESS>"}
    assert events[-2].messages[0].content == words
    assert events[-3].delta[0].value == words


@pytest.mark.parametrize(
    ("script", "guards", "code"),
    [
        ([*answer(CLEAN)[:6], RuntimeError("internal")], None, "upstream_error"),
        (answer(TEXT), [PII(actions={"CREDIT_CARD": "block"})], "content_blocked"),
    ],
    ids=["failed", "blocked"],
)
def test_a_problem_is_a_run_error_and_no_cut(script, guards, code):
    with served(ScriptedApp(script), guards=guards) as url:
        *_, error = asked(url)

    assert (error.type, error.code) == ("RUN_ERROR", code)


def test_heartbeats_change_nothing():
    script = [item for one in answer(CLEAN) for item in (one, 0.02)]
    with served(ScriptedApp(script), policy=Policy(heartbeat=0.01)) as url:
        assert said(asked(url)) == CLEAN
