"""The ``a2a-sdk`` client over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from a2a.client.errors import A2AClientError
from a2a.client.transports.jsonrpc import JsonRpcTransport
from a2a.types import AgentCard, SendMessageRequest
from a2a.utils.errors import A2AError
from support.clients import CLEAN, SECRETS, TEXT, WORDS, served
from support.streams import ScriptedApp

from streamward import Policy
from streamward.guardrails import PII


def result(**value: Any) -> bytes:
    message = {"jsonrpc": "2.0", "id": "1", "result": value}
    return f"event: message\r\ndata: {json.dumps(message)}\r\n\r\n".encode()


def update(text: str, *, append: bool, last: bool = False) -> bytes:
    artifact = {"artifactId": "a", "parts": [{"text": text}]}
    where = {"taskId": "t", "contextId": "c"}
    return result(
        artifactUpdate={**where, "artifact": artifact, "append": append, "lastChunk": last}
    )


def answer(text: str) -> list[bytes]:
    task = {"id": "t", "contextId": "c", "status": {"state": "TASK_STATE_WORKING"}}
    status = {
        "state": "TASK_STATE_COMPLETED",
        "message": {"messageId": "m", "parts": [{"text": text}]},
    }
    return [
        result(task=task),
        *(update(text[i : i + 3], append=i > 0) for i in range(0, len(text), 3)),
        update(".", append=True, last=True),
        result(statusUpdate={"taskId": "t", "contextId": "c", "status": status}),
    ]


async def asked(url: str, heard: list[Any]) -> None:
    async with httpx.AsyncClient() as http:
        transport = JsonRpcTransport(http, AgentCard(), url)
        async for event in transport.send_message_streaming(SendMessageRequest()):
            heard.append(event)  # noqa: PERF401 (what came before it raised is wanted)


def said(events: list[Any]) -> str:
    updates = [one.artifact_update for one in events if one.HasField("artifact_update")]
    return "".join(part.text for one in updates for part in one.artifact.parts)


@pytest.mark.parametrize(("text", "words"), [(TEXT, WORDS), (CLEAN, CLEAN)])
async def test_an_answer_is_redacted_where_something_is_found(text, words):
    """The text has a raw U+2028 in it, escaped: this client splits lines there."""
    events: list[Any] = []
    with served(ScriptedApp(answer(text))) as url:
        await asked(url, events)

    assert said(events) == f"{words}."
    assert events[-1].status_update.status.message.parts[0].text == words


@pytest.mark.parametrize(
    ("script", "guards", "message"),
    [
        ([*answer(CLEAN)[:6], RuntimeError("internal")], None, "upstream"),
        (answer(TEXT), [PII(actions={"CREDIT_CARD": "block"})], "policy"),
    ],
    ids=["failed", "blocked"],
)
async def test_a_problem_raises_the_clients_own(script, guards, message):
    events: list[Any] = []
    with (
        served(ScriptedApp(script), guards=guards) as url,
        pytest.raises((A2AClientError, A2AError), match=message),
    ):
        await asked(url, events)

    assert SECRETS[1][:4] not in str(events)


async def test_heartbeats_change_nothing():
    events: list[Any] = []
    script = [item for one in answer(CLEAN) for item in (one, 0.03)]
    with served(ScriptedApp(script), policy=Policy(heartbeat=0.01)) as url:
        await asked(url, events)

    assert said(events) == f"{CLEAN}."
