"""The official ``google-genai`` client over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from support.clients import CLEAN, SECRETS, TEXT, WORDS, served
from support.secrets import pieces
from support.streams import ScriptedApp

from streamward import Policy
from streamward.guardrails import PII

USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 2, "totalTokenCount": 11}


def frame(*parts: dict[str, Any], **more: Any) -> bytes:
    candidate = {"content": {"parts": list(parts), "role": "model"}, "index": 0, **more}
    chunk = {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "m"}
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\r\n\r\n"


def answer(text: str) -> list[bytes]:
    thoughts = [frame({"text": piece, "thought": True}) for piece in pieces(TEXT, [3, 9, 20])]
    words = [frame({"text": text[i : i + 3]}) for i in range(0, len(text), 3)]
    return [*thoughts, *words, frame({"text": ""}, finishReason="STOP")]


def asked(url: str) -> Iterator[types.GenerateContentResponse]:
    options = types.HttpOptions(base_url=url)
    client = genai.Client(api_key="key", http_options=options)
    yield from client.models.generate_content_stream(model="m", contents="hi")


def said(url: str) -> tuple[str, str]:
    """Return the text and the thoughts."""
    texts = {False: "", True: ""}
    for chunk in asked(url):
        for candidate in chunk.candidates or []:
            for part in (candidate.content and candidate.content.parts) or []:
                texts[bool(part.thought)] += part.text or ""
    return texts[False], texts[True]


def test_an_answer_is_redacted_and_its_thoughts_too():
    with served(ScriptedApp(answer(TEXT))) as url:
        text, thoughts = said(url)

    assert text == thoughts == WORDS


def test_an_answer_without_findings_is_the_same():
    with served(ScriptedApp(answer(CLEAN))) as url:
        assert said(url)[0] == CLEAN


def test_a_function_call_is_redacted():
    call = {"name": "f", "args": {"to": SECRETS[0], "n": 1}, "id": "c"}
    script = [frame({"functionCall": call}), frame(finishReason="STOP")]
    with served(ScriptedApp(script)) as url:
        (chunk, _) = asked(url)

    assert chunk.function_calls is not None
    assert chunk.function_calls[0].args == {"to": "<EMAIL_ADDRESS>", "n": 1}


def test_an_error_in_the_middle_raises_the_clients_own():
    script = [*answer(CLEAN)[:8], RuntimeError("internal")]
    with served(ScriptedApp(script)) as url, pytest.raises(errors.ServerError) as caught:
        said(url)

    assert caught.value.code == 500
    assert "internal" not in str(caught.value)


def test_a_blocked_answer_ends_for_safety():
    guard = PII(actions={"CREDIT_CARD": "block"})
    with served(ScriptedApp(answer(TEXT)[3:]), guards=[guard]) as url:
        chunks = list(asked(url))

    candidates = chunks[-1].candidates
    assert candidates is not None
    assert candidates[0].finish_reason == types.FinishReason.SAFETY
    assert SECRETS[1] not in str(chunks)


def test_heartbeats_change_nothing():
    script = [item for one in answer(CLEAN) for item in (one, 0.03)]
    with served(ScriptedApp(script), policy=Policy(heartbeat=0.01)) as url:
        assert said(url)[0] == CLEAN


# The Interactions API


def of_interaction(kind: str, **more: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'event_type': kind, **more})}\n\n".encode()


def interaction(text: str) -> list[bytes]:
    base = {"id": "i", "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"}
    return [
        of_interaction("interaction.created", interaction={**base, "status": "in_progress"}),
        of_interaction("step.start", index=0, step={"type": "model_output"}),
        *(
            of_interaction("step.delta", index=0, delta={"type": "text", "text": text[i : i + 3]})
            for i in range(0, len(text), 3)
        ),
        of_interaction("step.stop", index=0),
        of_interaction("interaction.completed", interaction={**base, "status": "completed"}),
        b"event: done\ndata: [DONE]\n\n",
    ]


def interacted(url: str) -> list[Any]:
    client = genai.Client(api_key="key", http_options=types.HttpOptions(base_url=url))
    return list(client.interactions.create(model="m", input="hi", stream=True))


@pytest.mark.filterwarnings("ignore:.*")  # the API is experimental, as the client says
@pytest.mark.parametrize(("text", "words"), [(TEXT, WORDS), (CLEAN, CLEAN)])
def test_an_interaction_is_redacted_where_something_is_found(text, words):
    with served(ScriptedApp(interaction(text))) as url:
        events = interacted(url)

    deltas = [event.delta.text for event in events if event.event_type == "step.delta"]
    assert "".join(deltas) == words


@pytest.mark.filterwarnings("ignore:.*")
def test_an_interaction_that_breaks_off_ends_with_an_error_event():
    """Its client delivers the event; what raises is the cut transfer."""
    app = ScriptedApp([*interaction(CLEAN)[:9], RuntimeError("internal")])
    with served(app) as url, pytest.raises(Exception, match=r"peer closed|reset by peer"):
        interacted(url)
