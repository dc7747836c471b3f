"""The official ``anthropic`` SDK over real HTTP, with PII guarded."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from support.servers import running
from support.streams import ScriptedApp

from streamward import Policy, Streamward
from streamward.guardrails import PII, Channels

SECRET = "jane.doe@example.com"
TEXT = f"Write to {SECRET} about 4111 1111 1111 1111. Thank you!"
CLEAN = "Streaming answers are pleasant to read when nothing holds them back."


def event(kind: str, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def message(*blocks: list[bytes], stop: str = "end_turn") -> list[bytes]:
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
    end = event(
        "message_delta",
        delta={"stop_reason": stop, "stop_sequence": None},
        usage={"output_tokens": 9},
    )
    return [
        event("message_start", message=start),
        *(f for block in blocks for f in block),
        end,
        event("message_stop"),
    ]


def text_block(text: str, index: int = 0, size: int = 3) -> list[bytes]:
    frames = [event("content_block_start", index=index, content_block={"type": "text", "text": ""})]
    frames += [
        event(
            "content_block_delta",
            index=index,
            delta={"type": "text_delta", "text": text[i : i + size]},
        )
        for i in range(0, len(text), size)
    ]
    return [*frames, event("content_block_stop", index=index)]


def tool_block(arguments: str, index: int = 1) -> list[bytes]:
    block = {"type": "tool_use", "id": "toolu_1", "name": "send_mail", "input": {}}
    frames = [event("content_block_start", index=index, content_block=block)]
    frames += [
        event(
            "content_block_delta",
            index=index,
            delta={"type": "input_json_delta", "partial_json": arguments[i : i + 2]},
        )
        for i in range(0, len(arguments), 2)
    ]
    return [*frames, event("content_block_stop", index=index)]


def thinking_block(text: str, index: int = 0, size: int = 5) -> list[bytes]:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    deltas = [
        *(
            {"type": "thinking_delta", "thinking": text[i : i + size]}
            for i in range(0, len(text), size)
        ),
        {"type": "signature_delta", "signature": "c2lnbmF0dXJl"},
    ]
    return [
        event("content_block_start", index=index, content_block=block),
        *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
        event("content_block_stop", index=index),
    ]


@pytest.fixture(scope="module")
def pii() -> PII:
    return PII()


@pytest.fixture
def ask(pii: PII) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:

        def client(script: Any, *, ends: bool = True, **settings: Any) -> anthropic.Anthropic:
            app = ScriptedApp(script, ends=ends)
            url = stack.enter_context(running(Streamward(app, guards=[pii], **settings)))
            sdk = anthropic.Anthropic(base_url=url, api_key="key", max_retries=0)
            return stack.enter_context(sdk)

        yield client


def final(client: anthropic.Anthropic) -> anthropic.types.Message:
    with client.messages.stream(
        model="m", max_tokens=99, messages=[{"role": "user", "content": "hi"}]
    ) as stream:
        return stream.get_final_message()


def test_an_answer_without_findings_is_the_same(ask):
    answer = final(ask(message(text_block(CLEAN))))

    assert answer.content[0].text == CLEAN
    assert answer.usage.output_tokens == 9


def test_an_answer_with_findings_is_redacted(ask):
    answer = final(ask(message(text_block(TEXT))))

    assert answer.content[0].text == "Write to <EMAIL_ADDRESS> about <CREDIT_CARD>. Thank you!"


def test_tool_input_is_redacted_and_stays_json(ask):
    arguments = json.dumps({"to": SECRET, "n": 7}).replace("@", "\\u0040")

    answer = final(ask(message(text_block(CLEAN), tool_block(arguments), stop="tool_use")))

    assert answer.content[1].input == {"to": "<EMAIL_ADDRESS>", "n": 7}


@pytest.mark.parametrize(
    ("channels", "thought", "signature"),
    [
        (Channels(), "They gave ", ""),
        (Channels(signed_thinking="leave"), f"They gave {SECRET}, so use it.", "c2lnbmF0dXJl"),
    ],
    ids=["drop", "leave"],
)
def test_signed_thinking_is_dropped_or_left(ask, channels, thought, signature):
    blocks = (thinking_block(f"They gave {SECRET}, so use it."), text_block(TEXT, 1))

    answer = final(ask(message(*blocks), policy=Policy(channels=channels)))

    assert (answer.content[0].thinking, answer.content[0].signature) == (thought, signature)
    assert answer.content[1].text == "Write to <EMAIL_ADDRESS> about <CREDIT_CARD>. Thank you!"


def test_signed_thinking_without_a_finding_keeps_its_signature(ask):
    answer = final(ask(message(thinking_block(CLEAN), text_block(CLEAN, 1))))

    assert answer.content[0].thinking == CLEAN
    assert answer.content[0].signature == "c2lnbmF0dXJl"


def test_an_error_in_the_middle_raises_the_sdks_own_exception(ask):
    client = ask([*message(text_block(CLEAN))[:6], RuntimeError("internal")])

    with pytest.raises(anthropic.APIStatusError) as caught:
        final(client)

    assert "internal" not in str(caught.value)


def test_a_cut_raises(ask):
    client = ask(message(text_block(CLEAN))[:6], ends=False)

    with pytest.raises(anthropic.APIError):
        final(client)


def test_heartbeats_change_nothing(ask):
    script = [f for frame in message(text_block(CLEAN, size=20)) for f in (frame, 0.06)]

    answer = final(ask(script, policy=Policy(heartbeat=0.02)))

    assert answer.content[0].text == CLEAN


def test_a_blocked_answer_is_a_refusal(pii):
    guard = PII(actions={"CREDIT_CARD": "block"})
    door = Streamward(ScriptedApp(message(text_block(TEXT))), guards=[guard])
    with running(door) as url, anthropic.Anthropic(base_url=url, api_key="k", max_retries=0) as sdk:
        answer = final(sdk)

    assert answer.stop_reason == "refusal"
    assert answer.content[0].text == "Write to <EMAIL_ADDRESS> about "
