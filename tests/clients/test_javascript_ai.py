"""npm ``ai`` over real HTTP: the transport of ``useChat``, and a chat that is opened again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from support.clients import SECRETS, TEXT, WORDS
from support.javascript import TOOL, WHOLE, arguments, joined, made_of, pieces_of, scenes, sse
from support.streams import DONE, ScriptedApp

from streamward import Policy, Resume, Streamward
from streamward.cache import MemoryCache
from streamward.guardrails import PII
from streamward.wire import DIALECTS

WHO = ("message", "chat")


def part(sort: str, name: str, pieces: Sequence[str]) -> list[bytes]:
    return [
        sse({"type": f"{sort}-start", "id": name}),
        *(sse({"type": f"{sort}-delta", "id": name, "delta": one}) for one in pieces),
        sse({"type": f"{sort}-end", "id": name}),
    ]


def answer(pieces: Sequence[str]) -> list[bytes]:
    tool = {"toolCallId": "call_1", "toolName": "f"}
    delta = {"type": "tool-input-delta", "toolCallId": "call_1"}
    given = {"to": joined(pieces), "n": 7}
    return [
        sse({"type": "start", "messageId": "m"}),
        sse({"type": "start-step"}),
        *part("reasoning", "0", pieces),
        *part("text", "1", pieces),
        sse({"type": "tool-input-start", **tool}),
        *(sse({**delta, "inputTextDelta": one}) for one in arguments(pieces)),
        sse({"type": "tool-input-available", **tool, "input": given}),
        sse({"type": "finish-step"}),
        sse({"type": "finish", "finishReason": "stop"}),
        DONE,
    ]


class Reopened:
    """Says the first half of an answer, and the rest when somebody asks for it with ``GET``."""

    def __init__(self) -> None:
        frames = answer(pieces_of(TEXT))
        self._asked = asyncio.Event()
        self._door = resumable([*frames[:100], self._asked.wait, *frames[100:]])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "GET":
            self._asked.set()
        await self._door(scope, receive, send)


def resumable(script: Sequence[Any]) -> Streamward:
    policy = Policy(resume=Resume())
    return Streamward(ScriptedApp(script), guards=[PII()], cache=MemoryCache(), policy=policy)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    (row,) = [row for row in DIALECTS if row.name == "ai_sdk_ui"]
    asked = {
        **scenes(WHO, answer, row),
        "resume/chat": Reopened(),
        "reload/chat": resumable(answer(pieces_of(TEXT))),
    }
    return made_of("ai", asked, tmp_path_factory.mktemp("ai"))


@pytest.mark.parametrize("scene", WHOLE)
@pytest.mark.parametrize("who", WHO)
def test_an_answer_is_taken_with_its_call(told: dict[str, Any], who: str, scene: str) -> None:
    one = told[f"{who}/{scene}"]

    assert (one["error"], one["finish"]) == (None, "stop")
    assert one["text"] == one["reasoning"] == WHOLE[scene]
    assert json.loads(one["tool"]) == TOOL[scene]


@pytest.mark.parametrize("scene", ["heartbeats", "crlf", "comments"])
@pytest.mark.parametrize("who", WHO)
def test_what_stands_between_events_changes_nothing(
    told: dict[str, Any], who: str, scene: str
) -> None:
    assert told[f"{who}/{scene}"] == told[f"{who}/edited"]


@pytest.mark.parametrize("scene", ["failed", "cut"])
@pytest.mark.parametrize("who", WHO)
def test_a_failure_is_the_clients_own_error(told: dict[str, Any], who: str, scene: str) -> None:
    error = told[f"{who}/{scene}"]["error"]

    assert error["name"] == "Error"
    assert error["message"] == "The upstream failed before the answer was complete."


def test_a_failure_is_the_status_of_a_chat(told: dict[str, Any]) -> None:
    statuses = {told[f"chat/{scene}"]["status"] for scene in ("failed", "cut")}

    assert statuses == {"error"}
    assert told["chat/clean"]["status"] == "ready"


@pytest.mark.parametrize("who", WHO)
def test_a_blocked_answer_ends_as_filtered(told: dict[str, Any], who: str) -> None:
    one = told[f"{who}/blocked"]

    assert (one["error"], one["finish"]) == (None, "content-filter")


def test_a_chat_whose_reader_left_is_opened_again_with_the_whole_answer(
    told: dict[str, Any],
) -> None:
    one = told["resume/chat"]

    assert (one["error"], one["status"], one["statuses"]) == (None, "ready", [200, 200])
    assert one["text"] == one["reasoning"] == WORDS
    assert one["messages"] == 1


def test_a_chat_whose_answer_was_read_has_nothing_to_resume(told: dict[str, Any]) -> None:
    one = told["reload/chat"]

    assert (one["error"], one["status"], one["statuses"]) == (None, "ready", [200, 204])
    assert one["messages"] == 0


def test_nobody_hears_a_secret(told: dict[str, Any]) -> None:
    assert not [secret for secret in SECRETS if secret in str(told)]
