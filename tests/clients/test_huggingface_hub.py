"""The ``huggingface_hub`` inference client over real HTTP, against Text Generation Inference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import GenerationError
from support.clients import CLEAN, SECRETS, TEXT, WORDS, served
from support.streams import ScriptedApp, chat

from streamward import Policy
from streamward.guardrails import PII


def frame(text: str, whole: str | None = None) -> bytes:
    """Write a frame with no space behind the colon, as the server does."""
    value = {
        "index": 1,
        "token": {"id": 5, "text": text, "logprob": -0.1, "special": whole is not None},
        "generated_text": whole,
        "details": None
        if whole is None
        else {"finish_reason": "eos_token", "generated_tokens": 3, "seed": None},
    }
    return b"data:" + json.dumps(value).encode() + b"\n\n"


def answer(text: str) -> list[bytes]:
    return [*(frame(text[i : i + 3]) for i in range(0, len(text), 3)), frame("</s>", text)]


def asked(url: str) -> list[Any]:
    with InferenceClient(model=url) as client:
        return list(client.text_generation("hi", stream=True, details=True))


def test_an_answer_is_redacted_and_so_is_its_repetition():
    with served(ScriptedApp(answer(TEXT))) as url:
        *tokens, last = asked(url)

    assert "".join(one.token.text for one in tokens) == last.generated_text == WORDS


def test_an_answer_without_findings_is_the_same():
    with served(ScriptedApp(answer(CLEAN))) as url:
        assert asked(url)[-1].generated_text == CLEAN


def test_an_error_in_the_middle_raises_the_clients_own():
    script = [*answer(CLEAN)[:6], RuntimeError("internal")]
    with served(ScriptedApp(script)) as url, pytest.raises(GenerationError, match="upstream"):
        asked(url)


def test_a_blocked_answer_raises():
    guard = PII(actions={"CREDIT_CARD": "block"})
    with (
        served(ScriptedApp(answer(TEXT)), guards=[guard]) as url,
        pytest.raises(GenerationError, match="policy") as caught,
    ):
        asked(url)

    assert SECRETS[1] not in str(caught.value)


def test_heartbeats_change_nothing():
    script = [item for one in answer(CLEAN) for item in (one, 0.03)]
    with served(ScriptedApp(script), policy=Policy(heartbeat=0.01)) as url:
        assert asked(url)[-1].generated_text == CLEAN


def test_its_chat_completions_are_those_of_openai():
    app = ScriptedApp(chat(TEXT))
    with served(app) as url, InferenceClient(base_url=f"{url}/v1") as client:
        stream = client.chat.completions.create(
            messages=[{"role": "user", "content": "hi"}], model="m", stream=True
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    assert text == WORDS
