"""The ``openai`` SDK's Responses helper: every copy of the text must agree, and none may leak."""

from __future__ import annotations

import itertools
import json
from typing import Any

import openai
import pytest
from support.servers import running
from support.streams import ScriptedApp

from streamward import Streamward
from streamward.guardrails import PII

SECRET = "jane.doe@example.com"
TEXT = f"Write to {SECRET} about 4111 1111 1111 1111. Thank you!"
REDACTED = "Write to <EMAIL_ADDRESS> about <CREDIT_CARD>. Thank you!"
ARGUMENTS = json.dumps({"to": SECRET})


def response(status: str, output: list[Any]) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": status,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
    }


def events(size: int = 3) -> list[bytes]:
    part = {"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}
    item = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    call = {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "send",
        "arguments": ARGUMENTS,
        "status": "completed",
    }
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    call_at = {"item_id": "fc_1", "output_index": 1}
    number = itertools.count()

    def event(kind: str, **fields: Any) -> bytes:
        data = {"type": kind, "sequence_number": next(number), **fields}
        return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()

    frames = [
        event("response.created", response=response("in_progress", [])),
        event(
            "response.output_item.added",
            output_index=0,
            item={**item, "status": "in_progress", "content": []},
        ),
        event("response.content_part.added", **at, part={**part, "text": ""}),
    ]
    frames += [
        event(
            "response.output_text.delta",
            **at,
            delta=TEXT[i : i + size],
            logprobs=[],
            obfuscation="x",
        )
        for i in range(0, len(TEXT), size)
    ]
    frames += [
        event("response.output_text.done", **at, text=TEXT, logprobs=[]),
        event("response.content_part.done", **at, part=part),
        event("response.output_item.done", output_index=0, item=item),
        event(
            "response.output_item.added",
            output_index=1,
            item={**call, "arguments": "", "status": "in_progress"},
        ),
    ]
    frames += [
        event("response.function_call_arguments.delta", **call_at, delta=ARGUMENTS[i : i + size])
        for i in range(0, len(ARGUMENTS), size)
    ]
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "total_tokens": 3,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    frames += [
        event("response.function_call_arguments.done", **call_at, arguments=ARGUMENTS),
        event("response.output_item.done", output_index=1, item=call),
        event(
            "response.completed", response={**response("completed", [item, call]), "usage": usage}
        ),
    ]
    return frames


@pytest.fixture(scope="module")
def pii() -> PII:
    return PII()


def helper(client: openai.OpenAI) -> tuple[list[Any], Any]:
    with client.responses.stream(model="m", input="hi") as stream:
        seen = list(stream)
        return seen, stream.get_final_response()


def test_the_final_response_has_no_secret(pii):
    with (
        running(Streamward(ScriptedApp(events()), guards=[pii])) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0) as client,
    ):
        seen, final = helper(client)

    assert SECRET not in str(seen) + str(final)
    assert final.output_text == REDACTED
    assert json.loads(final.output[1].arguments) == {"to": "<EMAIL_ADDRESS>"}
    deltas = [e.delta for e in seen if e.type == "response.output_text.delta"]
    assert "".join(deltas) == REDACTED


def test_an_error_raises(pii):
    script = [*events()[:6], RuntimeError("internal")]
    with (
        running(Streamward(ScriptedApp(script), guards=[pii])) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0) as client,
        pytest.raises(openai.APIError) as caught,
    ):
        for _ in client.responses.create(model="m", input="hi", stream=True):
            pass

    assert "internal" not in str(caught.value)
