"""The official ``openai`` SDK: legacy completions and Assistants, over real HTTP."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from support.clients import CLEAN, SECRETS, TEXT, WORDS, served
from support.streams import DONE, ScriptedApp

from streamward import Policy
from streamward.guardrails import PII


def completion(text: str, finish: str | None = None) -> bytes:
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}
    value = {"id": "cmpl-1", "object": "text_completion", "choices": [choice]}
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def completions(text: str) -> list[bytes]:
    said = [completion(text[i : i + 3]) for i in range(0, len(text), 3)]
    return [*said, completion("", "stop"), DONE]


def event(name: str, value: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n".encode()


def assistants(text: str) -> list[bytes]:
    message = {"id": "m", "object": "thread.message", "role": "assistant", "status": "completed"}

    def part(said: str, **more: Any) -> dict[str, Any]:
        return {"type": "text", "text": {"value": said, "annotations": []}, **more}

    return [
        event("thread.run.created", {"id": "r", "object": "thread.run", "status": "queued"}),
        event("thread.message.created", {**message, "content": []}),
        *(
            event(
                "thread.message.delta",
                {
                    "id": "m",
                    "object": "thread.message.delta",
                    "delta": {"content": [part(text[i : i + 3], index=0)]},
                },
            )
            for i in range(0, len(text), 3)
        ),
        event("thread.message.completed", {**message, "content": [part(text)]}),
        event("thread.run.completed", {"id": "r", "object": "thread.run", "status": "completed"}),
        b"event: done\n" + DONE,
    ]


def sdk(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0)


def completed(url: str) -> list[str]:
    with sdk(url) as client:
        stream = client.completions.create(model="m", prompt="hi", stream=True)
        return [choice.text for chunk in stream for choice in chunk.choices]


def threaded(url: str) -> list[str]:
    """Return the deltas of a message, and then its text as it is repeated."""
    with warnings.catch_warnings(), sdk(url) as client:
        warnings.simplefilter("ignore", DeprecationWarning)
        stream = client.beta.threads.runs.create(thread_id="t", assistant_id="a", stream=True)
        return list(_texts(stream))


def _texts(stream: Any) -> Iterator[str]:
    for one in stream:
        if one.event == "thread.message.delta":
            yield one.data.delta.content[0].text.value
        if one.event == "thread.message.completed":
            assert one.data.content[0].text.value in (WORDS, CLEAN)


both = pytest.mark.parametrize(
    ("script", "heard"),
    [(completions, completed), (assistants, threaded)],
    ids=["completions", "assistants"],
)
Script = Callable[[str], list[bytes]]
Heard = Callable[[str], list[str]]


@both
@pytest.mark.parametrize(("text", "words"), [(TEXT, WORDS), (CLEAN, CLEAN)])
def test_an_answer_is_redacted_where_something_is_found(
    script: Script, heard: Heard, text: str, words: str
) -> None:
    with served(ScriptedApp(script(text))) as url:
        assert "".join(heard(url)) == words


@both
def test_an_error_in_the_middle_raises_the_sdks_own(script: Script, heard: Heard) -> None:
    app = ScriptedApp([*script(CLEAN)[:9], RuntimeError("internal")])
    with served(app) as url, pytest.raises(openai.APIError, match="upstream") as caught:
        heard(url)

    assert caught.value.code == "upstream_error"


@both
def test_heartbeats_change_nothing(script: Script, heard: Heard) -> None:
    app = ScriptedApp([item for one in script(CLEAN) for item in (one, 0.03)])
    with served(app, policy=Policy(heartbeat=0.01)) as url:
        assert "".join(heard(url)) == CLEAN


def test_a_blocked_completion_ends_as_filtered() -> None:
    guard = PII(actions={"CREDIT_CARD": "block"})
    with served(ScriptedApp(completions(TEXT)), guards=[guard]) as url, sdk(url) as client:
        chunks = list(client.completions.create(model="m", prompt="hi", stream=True))

    assert chunks[-1].choices[0].finish_reason == "content_filter"
    assert SECRETS[1] not in str(chunks)


def test_a_blocked_assistant_raises() -> None:
    guard = PII(actions={"CREDIT_CARD": "block"})
    app = ScriptedApp(assistants(TEXT))
    with served(app, guards=[guard]) as url, pytest.raises(openai.APIError) as caught:
        threaded(url)

    assert caught.value.code == "content_blocked"
