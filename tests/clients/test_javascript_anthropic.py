"""npm ``@anthropic-ai/sdk`` over real HTTP: messages as a stream, and by the helper."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from support.clients import SECRETS
from support.javascript import TOOL, WHOLE, arguments, made_of, scenes, sse

from streamward.wire import DIALECTS

WHO = ("messages", "messagesHelper")


def event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, kind)


def block(
    index: int, begin: dict[str, Any], kind: str, name: str, said: Sequence[str]
) -> list[bytes]:
    return [
        event("content_block_start", index=index, content_block=begin),
        *(
            event("content_block_delta", index=index, delta={"type": kind, name: one})
            for one in said
        ),
        event("content_block_stop", index=index),
    ]


def messages(pieces: Sequence[str]) -> list[bytes]:
    usage = {"input_tokens": 3, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "usage": usage}
    tool = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    thought = {"type": "thinking", "thinking": "", "signature": ""}
    return [
        event("message_start", message=message),
        *block(0, thought, "thinking_delta", "thinking", pieces),
        *block(1, {"type": "text", "text": ""}, "text_delta", "text", pieces),
        *block(2, tool, "input_json_delta", "partial_json", arguments(pieces)),
        event("message_delta", delta={"stop_reason": "tool_use"}, usage=usage),
        event("message_stop"),
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    (row,) = [row for row in DIALECTS if row.name == "anthropic"]
    asked = scenes(WHO, messages, row)
    return made_of("anthropic", asked, tmp_path_factory.mktemp("anthropic"))


@pytest.mark.parametrize("scene", WHOLE)
@pytest.mark.parametrize("who", WHO)
def test_an_answer_is_taken_with_its_call(told: dict[str, Any], who: str, scene: str) -> None:
    one = told[f"{who}/{scene}"]

    assert one["error"] is None
    assert (one["text"], json.loads(one["tool"])) == (WHOLE[scene], TOOL[scene])
    # What has a signature is dropped from its first finding on, unless the policy says otherwise.
    assert one["reasoning"] == WHOLE[scene].partition("<")[0]


@pytest.mark.parametrize("scene", ["heartbeats", "crlf", "comments"])
@pytest.mark.parametrize("who", WHO)
def test_what_stands_between_events_changes_nothing(
    told: dict[str, Any], who: str, scene: str
) -> None:
    assert told[f"{who}/{scene}"] == told[f"{who}/edited"]


@pytest.mark.parametrize("scene", ["failed", "cut"])
@pytest.mark.parametrize("who", WHO)
def test_a_failure_throws_the_clients_own(told: dict[str, Any], who: str, scene: str) -> None:
    error = told[f"{who}/{scene}"]["error"]

    assert (error["name"], error["type"]) == ("APIError", "api_error")
    assert "internal" not in str(error)


@pytest.mark.parametrize("who", WHO)
def test_a_blocked_answer_is_a_refusal(told: dict[str, Any], who: str) -> None:
    one = told[f"{who}/blocked"]

    assert (one["error"], one["finish"]) == (None, "refusal")


def test_nobody_hears_a_secret(told: dict[str, Any]) -> None:
    assert not [secret for secret in SECRETS if secret in str(told)]
