"""npm ``openai`` over real HTTP: chat completions and responses, as streams and by the helpers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from support.clients import SECRETS
from support.javascript import TOOL, WHOLE, arguments, joined, made_of, scenes, sse
from support.streams import DONE, chat_frame

from streamward.wire import DIALECTS

CHAT = ("chat", "chatHelper")
RESPONSES = ("responses", "responsesHelper")
WHO = (*CHAT, *RESPONSES)


def chat(pieces: Sequence[str]) -> list[bytes]:
    called = {"index": 0, "id": "call_1", "type": "function"}
    begun = {"tool_calls": [{**called, "function": {"name": "f", "arguments": ""}}]}
    return [
        chat_frame({"role": "assistant", "content": ""}),
        *(chat_frame({"reasoning_content": one}) for one in pieces),
        *(chat_frame({"content": one}) for one in pieces),
        chat_frame(begun),
        *(
            chat_frame({"tool_calls": [{"index": 0, "function": {"arguments": one}}]})
            for one in arguments(pieces)
        ),
        chat_frame({}, "tool_calls"),
        DONE,
    ]


def responses(pieces: Sequence[str]) -> list[bytes]:
    items = [
        _said(0, "reasoning", "reasoning_text", pieces),
        _said(1, "message", "output_text", pieces),
        _called(2, arguments(pieces)),
    ]
    begun = {"id": "resp_1", "object": "response", "status": "in_progress", "output": []}
    done = {**begun, "status": "completed", "output": [one[-1]["item"] for one in items]}
    events = [
        {"type": "response.created", "response": begun},
        *(event for one in items for event in one),
        {"type": "response.completed", "response": done},
    ]
    numbers = count()
    return [sse({**one, "sequence_number": next(numbers)}, one["type"]) for one in events]


def _said(at: int, kind: str, part: str, pieces: Sequence[str]) -> list[dict[str, Any]]:
    where = {"item_id": f"i_{at}", "output_index": at, "content_index": 0}
    item = {"id": f"i_{at}", "type": kind, "role": "assistant", "summary": []}
    whole = {"type": part, "text": joined(pieces), "annotations": []}
    begun = {**item, "status": "in_progress", "content": []}
    done = {**item, "status": "completed", "content": [whole]}
    return [
        {"type": "response.output_item.added", "output_index": at, "item": begun},
        {"type": "response.content_part.added", **where, "part": {**whole, "text": ""}},
        *({"type": f"response.{part}.delta", **where, "delta": one} for one in pieces),
        {"type": f"response.{part}.done", **where, "text": whole["text"]},
        {"type": "response.content_part.done", **where, "part": whole},
        {"type": "response.output_item.done", "output_index": at, "item": done},
    ]


def _called(at: int, pieces: Sequence[str]) -> list[dict[str, Any]]:
    where = {"item_id": f"i_{at}", "output_index": at}
    whole = {"arguments": "".join(pieces)}
    item = {"id": f"i_{at}", "type": "function_call", "call_id": "c", "name": "f"}
    done = {**item, "status": "completed", **whole}
    kind = "response.function_call_arguments"
    return [
        {"type": "response.output_item.added", **where, "item": {**item, "arguments": ""}},
        *({"type": f"{kind}.delta", **where, "delta": one} for one in pieces),
        {"type": f"{kind}.done", **where, **whole},
        {"type": "response.output_item.done", "output_index": at, "item": done},
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    rows = {row.name: row for row in DIALECTS}
    asked = {
        **scenes(CHAT, chat, rows["openai_chat"]),
        **scenes(RESPONSES, responses, rows["openai_responses"]),
    }
    return made_of("openai", asked, tmp_path_factory.mktemp("openai"))


@pytest.mark.parametrize("scene", WHOLE)
@pytest.mark.parametrize("who", WHO)
def test_an_answer_is_taken_with_its_call(told: dict[str, Any], who: str, scene: str) -> None:
    one = told[f"{who}/{scene}"]

    assert one["error"] is None
    assert (one["text"], json.loads(one["tool"])) == (WHOLE[scene], TOOL[scene])
    # The chat helper keeps no more than the last piece of what it does not know.
    assert one["reasoning"] == WHOLE[scene] or who == "chatHelper"


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

    assert (error["name"], error["code"]) == ("APIError", "upstream_error")
    assert "internal" not in str(error)


@pytest.mark.parametrize("who", CHAT)
def test_a_blocked_chat_ends_as_filtered(told: dict[str, Any], who: str) -> None:
    one = told[f"{who}/blocked"]

    assert (one["error"], one["finish"]) == (None, "content_filter")


@pytest.mark.parametrize("who", RESPONSES)
def test_a_blocked_response_throws(told: dict[str, Any], who: str) -> None:
    error = told[f"{who}/blocked"]["error"]

    assert (error["name"], error["code"]) == ("APIError", "content_blocked")


def test_nobody_hears_a_secret(told: dict[str, Any]) -> None:
    assert not [secret for secret in SECRETS if secret in str(told)]
