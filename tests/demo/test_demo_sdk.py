"""The official SDK as the client."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import openai
import pytest

from streamward.demo.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai.types.chat import ChatCompletionMessageParam

    from streamward.demo.servers import Demo

PROMPTS = {scene.key: scene.prompt for scene in SCENES}


def asking(key: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": PROMPTS[key]}]


@pytest.fixture
def client(demo: Demo) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{demo.url}/v1", api_key="sdk", max_retries=0) as client:
        yield client


def test_reads_a_guarded_answer_and_its_usage(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="scripted-1",
        messages=asking("pii"),
        stream=True,
        stream_options={"include_usage": True},
    )

    chunks = list(stream)

    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert "- Card: <CREDIT_CARD>\n" in said
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 100


def test_gathers_a_guarded_tool_call(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="scripted-1", messages=asking("tool")) as stream:
        message = stream.get_final_completion().choices[0].message

    assert message.tool_calls is not None
    function = message.tool_calls[0].function
    assert function.name == "send_email"
    assert json.loads(function.arguments)["to"] == "<EMAIL_ADDRESS>"


def test_raises_when_the_upstream_dies(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="scripted-1", messages=asking("dies"), stream=True
    )

    with pytest.raises(openai.APIError) as raised:
        list(stream)

    assert raised.value.code == "upstream_error"


def test_its_key_is_whose_the_recordings_are(demo: Demo, client: openai.OpenAI) -> None:
    raw = client.with_options(api_key="sdk-repeat").chat.completions.with_streaming_response

    states: list[str] = []
    for visit in ("sdk-1", "sdk-2"):
        asking_again = raw.create(
            model="scripted-1",
            messages=asking("repeat"),
            stream=True,
            extra_headers={"x-request-id": visit},
        )
        with asking_again as response:
            response.read()
            states.append(response.headers["cache-status"].split(";")[1].strip())
        _wait_for_report(demo, visit)  # an answer is kept when its reader has been served

    assert states == ["fwd=uri-miss", "hit"]


def _wait_for_report(demo: Demo, visit: str) -> None:
    deadline = time.monotonic() + 10
    while demo.journal.entry(visit)["report"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_stops_the_model_when_it_closes(demo: Demo) -> None:
    async with openai.AsyncOpenAI(base_url=f"{demo.url}/v1", api_key="leaver") as client:
        stream = await client.chat.completions.create(
            model="scripted-1",
            messages=asking("leave"),
            stream=True,
            extra_headers={"x-request-id": "sdk-leave"},
        )
        async with stream:
            heard = 0
            async for _ in stream:
                heard += 1
                if heard == 10:
                    break

        call = next(call for call in demo.model.calls if call.visit == "sdk-leave")
        for _ in range(500):
            if call.state != "speaking":
                break
            await asyncio.sleep(0.01)
    assert call.state == "left"
    assert len(call.said) < call.total


def test_reads_an_answer_that_is_no_stream(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(model="scripted-1", messages=asking("repeat"))
    called = client.chat.completions.create(model="scripted-1", messages=asking("tool"))

    assert (said.choices[0].message.content or "").startswith("Because it was paid for once.")
    assert called.choices[0].finish_reason == "tool_calls"
