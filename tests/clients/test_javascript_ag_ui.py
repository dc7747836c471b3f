"""npm ``@ag-ui/client`` over real HTTP: every event is checked against its schema and its order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from support.clients import SECRETS
from support.javascript import TOOL, WHOLE, arguments, joined, made_of, scenes, sse

from streamward.wire import DIALECTS

RUN = {"threadId": "t", "runId": "r"}


def event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields})


def message(sort: str, name: str, pieces: Sequence[str], role: str) -> list[bytes]:
    return [
        event(f"{sort}_START", messageId=name, role=role),
        *(event(f"{sort}_CONTENT", messageId=name, delta=one) for one in pieces),
        event(f"{sort}_END", messageId=name),
    ]


def answer(pieces: Sequence[str]) -> list[bytes]:
    whole = {"id": "m2", "role": "assistant", "content": joined(pieces)}
    return [
        event("RUN_STARTED", **RUN),
        *message("REASONING_MESSAGE", "m1", pieces, "reasoning"),
        *message("TEXT_MESSAGE", "m2", pieces, "assistant"),
        event("TOOL_CALL_START", toolCallId="c", toolCallName="f"),
        *(event("TOOL_CALL_ARGS", toolCallId="c", delta=one) for one in arguments(pieces)),
        event("TOOL_CALL_END", toolCallId="c"),
        event("STATE_SNAPSHOT", snapshot={"draft": joined(pieces)}),
        event("MESSAGES_SNAPSHOT", messages=[whole]),
        event("RUN_FINISHED", **RUN),
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    (row,) = [row for row in DIALECTS if row.name == "ag_ui"]
    asked = scenes(["agent"], answer, row)
    return made_of("ag_ui", asked, tmp_path_factory.mktemp("ag_ui"))


@pytest.mark.parametrize("scene", [scene for scene in WHOLE if scene != "crlf"])
def test_an_answer_is_taken_wherever_it_is_said(told: dict[str, Any], scene: str) -> None:
    one = told[f"agent/{scene}"]

    assert one["error"] is None
    assert one["text"] == one["reasoning"] == one["state"]["draft"] == WHOLE[scene]
    assert set(one["messages"]) == {WHOLE[scene]}
    assert json.loads(one["tool"]) == TOOL[scene]


@pytest.mark.parametrize("scene", ["heartbeats", "comments"])
def test_what_stands_between_events_changes_nothing(told: dict[str, Any], scene: str) -> None:
    assert told[f"agent/{scene}"] == told["agent/edited"]


def test_crlf_is_left_as_it_came_and_the_client_fails_on_it(told: dict[str, Any]) -> None:
    assert told["agent/crlf"]["error"]["name"] == "SyntaxError"
    assert told["agent/crlf"]["events"] == 0


@pytest.mark.parametrize(
    ("scene", "code"),
    [("failed", "upstream_error"), ("cut", "upstream_error"), ("blocked", "content_blocked")],
)
def test_a_problem_is_a_run_error_and_no_more(told: dict[str, Any], scene: str, code: str) -> None:
    """A cut transfer would end the process: the client rejects a promise that nobody holds."""
    one = told[f"agent/{scene}"]

    assert one["run"]["code"] == code
    assert one["error"] is None
    assert "failed" not in one


def test_nobody_hears_a_secret(told: dict[str, Any]) -> None:
    assert not [secret for secret in SECRETS if secret in str(told)]
