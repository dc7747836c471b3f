"""Official SDKs through the gateway, in front of a server that speaks their dialect."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx
import ollama
import openai
import pytest
from support.servers import free_port, running
from support.streams import ScriptedApp, chat

from streamward import Streamward
from streamward.cache import MemoryCache
from streamward.gateway import Gateway, Retries
from streamward.guardrails import PII

SECRET = "jane.doe@example.com"
TEXT = f"Write to {SECRET} \u2028 \U0001f600, thank you!"
CLEAN = TEXT.replace(SECRET, "<EMAIL_ADDRESS>")
ONCE = Retries(attempts=1)


def pieces(text: str) -> list[str]:
    return [text[i : i + 3] for i in range(0, len(text), 3)]


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def message(content: list[Any], stop: str | None) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 9}
    about = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}
    return {**about, "content": content, "stop_reason": stop, "stop_sequence": None, "usage": usage}


def anthropic_stream(text: str) -> list[bytes]:
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        event("message_start", message=message([], None)),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *(
            event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
            for piece in pieces(text)
        ),
        event("content_block_stop", index=0),
        event("message_delta", delta=delta, usage={"output_tokens": 9}),
        event("message_stop"),
    ]


def ollama_stream(text: str) -> list[bytes]:
    about = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
    lines = [
        {**about, "message": {"role": "assistant", "content": piece}, "done": False}
        for piece in pieces(text)
    ]
    end = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    return [json.dumps(line).encode() + b"\n" for line in [*lines, {**about, **end}]]


def openai_whole(text: str) -> Any:
    choice = {"role": "assistant", "content": text, "refusal": None}
    about = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m"}
    return {**about, "choices": [{"index": 0, "message": choice, "finish_reason": "stop"}]}


def ollama_whole(text: str) -> Any:
    about = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": True}
    return {**about, "message": {"role": "assistant", "content": text}}


ASK: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def openai_says(url: str, *, stream: bool) -> str:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="me", max_retries=0) as sdk:
        answer = sdk.chat.completions.create(**ASK, stream=stream)
        if not stream:
            return answer.choices[0].message.content
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)


def anthropic_says(url: str, *, stream: bool) -> str:
    with anthropic.Anthropic(base_url=url, api_key="me", max_retries=0) as sdk:
        if not stream:
            return sdk.messages.create(**ASK, max_tokens=9).content[0].text
        with sdk.messages.stream(**ASK, max_tokens=9) as answer:
            return answer.get_final_message().content[0].text


def ollama_says(url: str, *, stream: bool) -> str:
    sdk = ollama.Client(host=url, headers={"Authorization": "Bearer me"})
    with contextlib.closing(sdk._client):
        answer = sdk.chat(**ASK, stream=stream)
        return "".join(one.message.content for one in answer) if stream else answer.message.content


@dataclass(frozen=True)
class Sdk:
    """An official client, and the server it expects."""

    says: Callable[..., str]
    stream: Callable[[str], list[bytes]]
    whole: Callable[[str], Any]
    refusal: Any
    error: type[Exception]
    kind: str = "text/event-stream"


SDKS = {
    "openai": Sdk(
        openai_says,
        lambda text: chat(pieces(text)),
        openai_whole,
        {"error": {"message": "theirs", "type": "invalid_request_error", "code": "bad", "param": None}},
        openai.APIError,
    ),
    "anthropic": Sdk(
        anthropic_says,
        anthropic_stream,
        lambda text: message([{"type": "text", "text": text}], "end_turn"),
        {"type": "error", "error": {"type": "invalid_request_error", "message": "theirs"}},
        anthropic.APIError,
    ),
    "ollama": Sdk(
        ollama_says,
        ollama_stream,
        ollama_whole,
        {"error": "theirs"},
        ollama.ResponseError,
        "application/x-ndjson",
    ),
}  # fmt: skip


@pytest.fixture(params=SDKS)
def sdk(request) -> Sdk:
    return SDKS[request.param]


@pytest.fixture(scope="module")
def pii() -> PII:
    return PII()


@pytest.fixture
def front() -> Iterator[Callable[..., str]]:
    """Return a function that serves an application behind a guarded gateway; it gives the URL."""
    with contextlib.ExitStack() as stack:

        def served(app: Any, **settings: Any) -> str:
            upstream = stack.enter_context(running(app, "httptools"))
            door = Streamward(Gateway(upstream), **settings)
            return stack.enter_context(running(door, lifespan="on"))

        yield served


def test_a_stream_is_what_the_server_said(sdk: Sdk, front):
    url = front(ScriptedApp(sdk.stream(TEXT), content_type=sdk.kind))

    assert sdk.says(url, stream=True) == TEXT


def test_a_finding_is_redacted(sdk: Sdk, front, pii):
    url = front(ScriptedApp(sdk.stream(TEXT), content_type=sdk.kind), guards=[pii])

    assert sdk.says(url, stream=True) == CLEAN


def test_an_answer_that_is_no_stream_is_what_the_server_said(sdk: Sdk, front, pii):
    body = json.dumps(sdk.whole(TEXT)).encode()
    url = front(ScriptedApp([body], content_type="application/json"), guards=[pii])

    assert sdk.says(url, stream=False) == TEXT


def test_the_second_call_is_answered_from_the_cache(sdk: Sdk, front, pii):
    app = ScriptedApp(sdk.stream(TEXT), content_type=sdk.kind)
    url = front(app, guards=[pii], cache=MemoryCache())

    assert [sdk.says(url, stream=True) for _ in range(2)] == [CLEAN, CLEAN]
    assert app.calls == 1


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_of_the_server_is_the_clients_own(sdk: Sdk, front, stream):
    body = json.dumps(sdk.refusal).encode()
    url = front(ScriptedApp([body], content_type="application/json", status=400))

    with pytest.raises(sdk.error) as caught:
        sdk.says(url, stream=stream)

    assert caught.value.status_code == 400
    assert "theirs" in str(caught.value)


def test_a_server_that_dies_in_mid_answer_raises(sdk: Sdk, front):
    script = [*sdk.stream(TEXT)[:5], RuntimeError("internal")]
    url = front(ScriptedApp(script, content_type=sdk.kind))

    with pytest.raises(sdk.error) as caught:
        sdk.says(url, stream=True)

    assert "internal" not in str(caught.value)


@pytest.mark.parametrize("stream", [True, False])
def test_a_server_that_is_not_there_raises(sdk: Sdk, stream):
    gateway = Gateway(f"http://127.0.0.1:{free_port()}", retries=ONCE)
    with running(Streamward(gateway), lifespan="on") as url, pytest.raises(sdk.error) as caught:
        sdk.says(url, stream=stream)

    assert caught.value.status_code == 502
    assert "cannot be reached" in str(caught.value)


def test_every_byte_of_a_stream_is_the_servers(sdk: Sdk, front):
    frames = sdk.stream(TEXT)
    url = front(ScriptedApp(frames, content_type=sdk.kind))

    answer = httpx.post(url + "/any", headers={"accept-encoding": "identity"})

    assert answer.content == b"".join(frames)
