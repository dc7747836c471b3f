"""``botocore`` over real HTTP: its parser checks both sums of every message."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import EventStreamError
from support.clients import CLEAN, SECRETS, TEXT, WORDS, served
from support.streams import ScriptedApp

from streamward.guardrails import PII
from streamward.wire import EVENT_STREAM

TYPE = "application/vnd.amazon.eventstream"


def message(kind: str, **value: Any) -> bytes:
    return EVENT_STREAM.build(json.dumps(value).encode(), kind)


def block(index: int, deltas: list[dict[str, Any]]) -> list[bytes]:
    return [
        *(message("contentBlockDelta", contentBlockIndex=index, delta=delta) for delta in deltas),
        message("contentBlockStop", contentBlockIndex=index),
    ]


def texts(text: str) -> list[dict[str, Any]]:
    return [{"text": text[i : i + 3]} for i in range(0, len(text), 3)]


def answer(*blocks: list[bytes]) -> list[bytes]:
    usage = {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}
    return [
        message("messageStart", role="assistant"),
        *(one for block in blocks for one in block),
        message("messageStop", stopReason="end_turn"),
        message("metadata", usage=usage, metrics={"latencyMs": 1}),
    ]


def app(script: list[Any]) -> ScriptedApp:
    return ScriptedApp(script, content_type=TYPE)


def asked(url: str) -> list[Any]:
    session = botocore.session.get_session()
    client = session.create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )
    messages = [{"role": "user", "content": [{"text": "hi"}]}]
    try:
        with contextlib.closing(
            client.converse_stream(modelId="m", messages=messages)["stream"]
        ) as s:
            return list(s)
    finally:
        client.close()


def deltas(events: list[Any], index: int) -> list[Any]:
    found = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    return [one["delta"] for one in found if one["contentBlockIndex"] == index]


def said(events: list[Any], index: int = 0) -> str:
    return "".join(delta["text"] for delta in deltas(events, index))


@pytest.mark.parametrize(("text", "words"), [(TEXT, WORDS), (CLEAN, CLEAN)])
def test_an_answer_is_redacted_where_something_is_found(text, words):
    with served(app(answer(block(0, texts(text))))) as url:
        events = asked(url)

    assert said(events) == words
    assert "messageStop" in events[-2]
    assert "metadata" in events[-1]


def test_tool_input_is_redacted_and_stays_json():
    arguments = json.dumps({"to": SECRETS[0], "n": 1})
    call = block(0, [{"toolUse": {"input": char}} for char in arguments])
    with served(app(answer(call))) as url:
        pieces = [delta["toolUse"]["input"] for delta in deltas(asked(url), 0)]

    assert json.loads("".join(pieces)) == {"to": "<EMAIL_ADDRESS>", "n": 1}


def test_signed_reasoning_is_cut_and_loses_its_signature():
    said_ = [{"reasoningContent": one} for one in texts(TEXT)]
    thoughts = block(0, [*said_, {"reasoningContent": {"signature": "c2ln"}}])
    with served(app(answer(thoughts, block(1, texts(CLEAN))))) as url:
        events = asked(url)

    reasoning = [delta["reasoningContent"] for delta in deltas(events, 0)]
    assert "".join(one.get("text", "") for one in reasoning) == "Write to "
    assert reasoning[-1] == {"signature": ""}
    assert said(events, 1) == CLEAN


def test_an_error_in_the_middle_raises_the_clients_own():
    script = [*answer(block(0, texts(CLEAN)))[:8], RuntimeError("internal")]
    with served(app(script)) as url, pytest.raises(EventStreamError, match="upstream"):
        asked(url)


def test_a_blocked_answer_ends_as_by_a_guardrail():
    guard = PII(actions={"CREDIT_CARD": "block"})
    with served(app(answer(block(0, texts(TEXT)))), guards=[guard]) as url:
        events = asked(url)

    assert events[-1]["messageStop"]["stopReason"] == "guardrail_intervened"
    assert SECRETS[1] not in str(events)


def test_what_packs_its_text_in_base64_is_refused():
    script = [message("chunk", bytes="eyJ0ZXh0IjoiaGkifQ==")]
    with served(app(script)) as url, pytest.raises(EventStreamError, match="checked"):
        asked(url)


@pytest.mark.parametrize("event", ["x", "throttlingException", "é" * 40])
@pytest.mark.parametrize("data", [b"{}", b"", b"x" * 5000])
def test_botocore_reads_what_is_written_here(event, data):
    buffer = EventStreamBuffer()
    buffer.add_data(EVENT_STREAM.build(data, event))

    (read,) = list(buffer)

    kind = "exception" if event.endswith("Exception") else "event"
    assert read.payload == data
    assert read.headers == {
        f":{kind}-type": event,
        ":message-type": kind,
        ":content-type": "application/json",
    }
