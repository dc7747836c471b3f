"""The official ``cohere`` client over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cohere
import httpx
import pytest
from support.asking import BROKEN
from support.clients import CLEAN, SECRETS, TEXT, WORDS, served
from support.streams import ScriptedApp

from streamward import Policy
from streamward.guardrails import PII


def event(kind: str, index: int | None = None, **delta: Any) -> bytes:
    value = {"type": kind, "index": index, "delta": delta}
    return f"event: {kind}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def content(index: int, text: str, name: str = "text") -> list[bytes]:
    return [
        event("content-start", index, message={"content": {"type": name, name: ""}}),
        *(
            event("content-delta", index, message={"content": {name: text[i : i + 3]}})
            for i in range(0, len(text), 3)
        ),
        event("content-end", index),
    ]


def answer(*blocks: list[bytes], reason: str = "COMPLETE") -> list[bytes]:
    usage = {"tokens": {"input_tokens": 1, "output_tokens": 2}}
    return [
        event("message-start", message={"role": "assistant"}),
        *(one for block in blocks for one in block),
        event("message-end", finish_reason=reason, usage=usage),
    ]


def asked(url: str) -> Iterator[Any]:
    messages: Any = [{"role": "user", "content": "hi"}]
    with httpx.Client() as http:
        client = cohere.ClientV2(api_key="key", base_url=url, httpx_client=http)
        yield from client.chat_stream(model="m", messages=messages)


def said(url: str, name: str = "text") -> str:
    contents = [one.delta.message.content for one in asked(url) if one.type == "content-delta"]
    return "".join(getattr(one, name, None) or "" for one in contents)


@pytest.mark.parametrize("name", ["text", "thinking"])
def test_an_answer_is_redacted(name):
    blocks = [content(0, TEXT, "thinking"), content(1, TEXT)]
    with served(ScriptedApp(answer(*blocks))) as url:
        assert said(url, name) == WORDS


def test_an_answer_without_findings_is_the_same():
    with served(ScriptedApp(answer(content(0, CLEAN)))) as url:
        assert said(url) == CLEAN


def test_tool_arguments_are_redacted_and_stay_json():
    arguments = json.dumps({"to": SECRETS[0], "n": 1})

    def call(kind: str, **more: Any) -> bytes:
        return event(kind, 0, message={"tool_calls": more} if more else None)

    frames = [
        call("tool-call-start", id="c", type="function", function={"name": "f", "arguments": ""}),
        *(call("tool-call-delta", function={"arguments": char}) for char in arguments),
        call("tool-call-end"),
    ]
    with served(ScriptedApp(answer(frames, reason="TOOL_CALL"))) as url:
        deltas = [one for one in asked(url) if one.type == "tool-call-delta"]

    told = "".join(one.delta.message.tool_calls.function.arguments for one in deltas)
    assert json.loads(told) == {"to": "<EMAIL_ADDRESS>", "n": 1}


def test_an_error_in_the_middle_is_told_and_the_cut_raises():
    """No frame makes this client raise."""
    heard: list[Any] = []
    script = [*answer(content(0, CLEAN))[:9], RuntimeError("internal")]
    with served(ScriptedApp(script)) as url, pytest.raises(BROKEN):
        heard.extend(asked(url))

    assert heard[-1].delta.finish_reason == "ERROR"
    assert heard[-1].delta.error == "The upstream failed before the answer was complete."


def test_a_blocked_answer_is_an_error():
    guard = PII(actions={"CREDIT_CARD": "block"})
    heard: list[Any] = []
    script = answer(content(0, TEXT))
    with (
        served(ScriptedApp(script), guards=[guard]) as url,
        pytest.raises(BROKEN),
    ):
        heard.extend(asked(url))

    assert heard[-1].delta.finish_reason == "ERROR"
    assert SECRETS[1] not in str(heard)


def test_heartbeats_change_nothing():
    script = [item for one in answer(content(0, CLEAN)) for item in (one, 0.03)]
    with served(ScriptedApp(script), policy=Policy(heartbeat=0.01)) as url:
        assert said(url) == CLEAN
