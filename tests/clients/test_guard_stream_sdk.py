"""``guard_stream`` around what the official SDKs yield, over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import ollama
import openai
import pytest
from support.servers import running
from support.streams import ScriptedApp, chat

from streamward import guard_stream
from streamward.errors import UnreadableFrameError
from streamward.guardrails import PII

SECRET = "jane.doe@example.com"
TEXT = f"Write to {SECRET} today. Thank you!"
SAFE = "Write to <EMAIL_ADDRESS> today. Thank you!"
ASKED: Any = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
def guards() -> list[PII]:
    return [PII()]


def cut(text: str) -> list[str]:
    return [text[i : i + 3] for i in range(0, len(text), 3)]


def anthropic_events() -> list[bytes]:
    start = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}}
            for t in cut(TEXT)
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]


def test_openai_chunks(guards):
    with running(ScriptedApp(chat(cut(TEXT)))) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0)
        source = client.chat.completions.create(model="m", messages=ASKED, stream=True)
        stream = guard_stream(source, guards=guards)
        chunks = list(stream)
        client.close()

    assert "".join(c.choices[0].delta.content or "" for c in chunks) == SAFE
    assert all(type(c) is openai.types.chat.ChatCompletionChunk for c in chunks)
    assert source.response.is_closed
    assert stream.report.outcome == "complete"
    assert stream.report.dialect == "openai_chat"


async def test_openai_chunks_asynchronously(guards):
    with running(ScriptedApp(chat(cut(TEXT)))) as url:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="key") as client:
            source = await client.chat.completions.create(model="m", messages=ASKED, stream=True)
            async with guard_stream(source, guards=guards) as stream:
                said = [c.choices[0].delta.content or "" async for c in stream]

    assert "".join(said) == SAFE
    assert source.response.is_closed


async def test_leaving_an_asynchronous_stream_closes_the_connection(guards):
    app = ScriptedApp([*chat(cut(TEXT))[:20], 3.0])
    with running(app) as url:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="key") as client:
            source = await client.chat.completions.create(model="m", messages=ASKED, stream=True)
            async with guard_stream(source, guards=guards) as stream:
                await anext(stream)

            assert source.response.is_closed
    assert stream.report.outcome == "client_left"


def test_an_error_of_the_api_is_raised_as_it_is(guards):
    script = [
        *chat(cut("Hello to all, "))[:-2],
        b'data: {"error": {"message": "no", "code": "x"}}\n\n',
    ]
    with running(ScriptedApp(script)) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0)
        source = client.chat.completions.create(model="m", messages=ASKED, stream=True)
        stream = guard_stream(source, guards=guards)
        said: list[str] = []
        with pytest.raises(openai.APIError):
            said.extend(chunk.choices[0].delta.content or "" for chunk in stream)
        client.close()

    assert "".join(said) == "Hello to all, "


def test_anthropic_events(guards):
    with running(ScriptedApp(anthropic_events())) as url:
        client = anthropic.Anthropic(base_url=url, api_key="key", max_retries=0)
        source = client.messages.create(model="m", messages=ASKED, max_tokens=9, stream=True)
        stream = guard_stream(source, guards=guards)
        events = list(stream)
        client.close()

    deltas = [e for e in events if e.type == "content_block_delta"]
    assert "".join(e.delta.text for e in deltas) == SAFE
    assert {type(e) for e in deltas} == {anthropic.types.RawContentBlockDeltaEvent}
    assert stream.report.outcome == "complete"
    assert stream.report.usage.output_tokens == 9


def test_the_text_of_an_anthropic_helper_is_text_and_its_events_are_refused(guards):
    with running(ScriptedApp(anthropic_events())) as url:
        client = anthropic.Anthropic(base_url=url, api_key="key", max_retries=0)
        with client.messages.stream(model="m", messages=ASKED, max_tokens=9) as helper:
            said = "".join(guard_stream(helper.text_stream, guards=guards))
        again = client.messages.stream(model="m", messages=ASKED, max_tokens=9)
        with again as helper, pytest.raises(UnreadableFrameError):
            list(guard_stream(helper, guards=guards))
        client.close()

    assert said == SAFE


def test_ollama_responses(guards):
    said = [{"message": {"role": "assistant", "content": t}, "done": False} for t in cut(TEXT)]
    last = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    lines = [json.dumps({"model": "m", **one}).encode() + b"\n" for one in (*said, last)]
    app = ScriptedApp(lines, content_type="application/x-ndjson")
    with running(app) as url, ollama.Client(url) as client:
        stream = guard_stream(client.chat("m", messages=ASKED, stream=True), guards=guards)
        parts = list(stream)

    assert "".join(part.message.content or "" for part in parts) == SAFE
    assert {type(part) for part in parts} == {ollama.ChatResponse}
    assert (stream.report.dialect, stream.report.outcome) == ("ollama", "complete")
