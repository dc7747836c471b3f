"""The ``langgraph-sdk`` client over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from support.asking import BROKEN
from support.clients import CLEAN, SECRETS, TEXT, WORDS, served
from support.streams import ScriptedApp

from streamward import Policy
from streamward.guardrails import PII

META = b'id: 1\r\nevent: metadata\r\ndata: {"run_id":"r","attempt":1}\r\n\r\n'
END = b"event: end\r\n\r\n"


def event(name: str, value: Any) -> bytes:
    return f"event: {name}\r\ndata: {json.dumps(value)}\r\n\r\n".encode()


def chunks(text: str) -> list[bytes]:
    said = [text[i : i + 3] for i in range(0, len(text), 3)]
    return [
        META,
        *(
            event("messages", [{"id": "m", "content": one}, {"langgraph_node": "a"}])
            for one in said
        ),
        event("values", {"messages": [{"id": "m", "content": text}]}),
        END,
    ]


def partial(text: str) -> list[bytes]:
    said = [text[: i + 3] for i in range(0, len(text), 3)]
    return [
        META,
        *(event("messages/partial", [{"id": "m", "content": one}]) for one in said),
        event("messages/complete", [{"id": "m", "content": text}]),
        END,
    ]


def asked(url: str) -> list[Any]:
    with get_sync_client(url=url) as client:
        return list(client.runs.stream(None, "agent", input={}))


def said(parts: list[Any], name: str) -> list[str]:
    return [part.data[0]["content"] for part in parts if part.event == name]


@pytest.mark.parametrize(("text", "words"), [(TEXT, WORDS), (CLEAN, CLEAN)])
def test_messages_and_the_values_behind_them_are_redacted(text, words):
    with served(ScriptedApp(chunks(text))) as url:
        parts = asked(url)

    assert "".join(said(parts, "messages")) == words
    (values,) = [part.data for part in parts if part.event == "values"]
    assert values["messages"][0]["content"] == words


@pytest.mark.parametrize(("text", "words"), [(TEXT, WORDS), (CLEAN, CLEAN)])
def test_each_partial_message_begins_the_whole_one(text, words):
    with served(ScriptedApp(partial(text))) as url:
        parts = asked(url)

    shown = said(parts, "messages/partial")
    assert shown[-1] == words
    assert all(words.startswith(one) for one in shown)
    assert said(parts, "messages/complete") == [words]


def test_an_error_in_the_middle_is_told_and_the_cut_raises():
    """The client delivers the event; it raises because the transfer was cut."""
    heard: list[Any] = []
    app = ScriptedApp([*chunks(CLEAN)[:5], RuntimeError("internal")])
    with (
        served(app) as url,
        get_sync_client(url=url) as client,
        pytest.raises(BROKEN),
    ):
        heard.extend(client.runs.stream(None, "agent", input={}))

    assert heard[-1].event == "error"
    assert heard[-1].data["error"] == "upstream_error"


def test_a_blocked_answer_is_an_error():
    guard = PII(actions={"CREDIT_CARD": "block"})
    heard: list[Any] = []
    with (
        served(ScriptedApp(partial(TEXT)), guards=[guard]) as url,
        get_sync_client(url=url) as client,
        pytest.raises(BROKEN),
    ):
        heard.extend(client.runs.stream(None, "agent", input={}))

    assert heard[-1].data["error"] == "content_blocked"
    assert SECRETS[1][:4] not in str(heard)


def test_heartbeats_change_nothing():
    script = [item for one in chunks(CLEAN) for item in (one, 0.03)]
    with served(ScriptedApp(script), policy=Policy(heartbeat=0.01)) as url:
        assert "".join(said(asked(url), "messages")) == CLEAN
