"""npm ``@google/genai``, ``cohere-ai``, ``ollama`` and ``@langchain/langgraph-sdk`` over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from support.clients import SECRETS
from support.javascript import TOOL, WHOLE, Answering, arguments, joined, made_of, scenes, sse

from streamward.wire import DIALECTS, NDJSON


def gemini(pieces: Sequence[str]) -> list[bytes]:
    def frame(*parts: dict[str, Any], **more: Any) -> bytes:
        candidate = {"content": {"parts": list(parts), "role": "model"}, "index": 0, **more}
        return sse({"candidates": [candidate], "modelVersion": "m"})

    return [
        *(frame({"text": one, "thought": True}) for one in pieces),
        *(frame({"text": one}) for one in pieces),
        frame({"functionCall": {"name": "f", "args": {"to": joined(pieces), "n": 7}}}),
        frame({"text": ""}, finishReason="STOP"),
    ]


def cohere(pieces: Sequence[str]) -> list[bytes]:
    def event(kind: str, index: int = 0, **message: Any) -> bytes:
        return sse({"type": kind, "index": index, "delta": {"message": message}}, kind)

    def content(index: int, name: str) -> list[bytes]:
        return [
            event("content-start", index, content={"type": name, name: ""}),
            *(event("content-delta", index, content={name: one}) for one in pieces),
            event("content-end", index),
        ]

    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    said = [{"function": {"arguments": one}} for one in arguments(pieces)]
    return [
        event("message-start", role="assistant"),
        *content(0, "thinking"),
        *content(1, "text"),
        event("tool-call-start", tool_calls=call),
        *(event("tool-call-delta", tool_calls=one) for one in said),
        event("tool-call-end"),
        sse({"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}, "message-end"),
    ]


def ollama(pieces: Sequence[str]) -> list[bytes]:
    def line(*, done: bool = False, **message: Any) -> bytes:
        told = {"model": "m", "message": {"role": "assistant", "content": "", **message}}
        end = {"done_reason": "stop"} if done else {}
        return sse({**told, "done": done, **end}, framing=NDJSON)

    call = {"function": {"name": "f", "arguments": {"to": joined(pieces), "n": 7}}}
    return [
        *(line(thinking=one) for one in pieces),
        *(line(content=one) for one in pieces),
        line(tool_calls=[call]),
        line(done=True),
    ]


def langgraph(pieces: Sequence[str]) -> list[bytes]:
    def chunk(name: str, **more: Any) -> bytes:
        message = {"type": "AIMessageChunk", "id": name, "content": "", **more}
        return sse([message, {"langgraph_node": "a"}], "messages")

    called = [{"index": 0, "args": one} for one in arguments(pieces)]
    return [
        sse({"run_id": "r", "attempt": 1}, "metadata"),
        *(chunk("m1", content=one) for one in pieces),
        *(chunk("m2", tool_call_chunks=[one]) for one in called),
        sse({"messages": [{"id": "m1", "content": joined(pieces)}]}, "values"),
        b"event: end\n\n",
    ]


class Client(NamedTuple):
    """Who of a program asks, in which dialect, the client's own error, and a blocked answer's end."""

    who: str
    dialect: str
    answer: Answering
    error: str
    blocked: str


CLIENTS = {
    "google_genai": Client("contents", "gemini", gemini, "ApiError", "SAFETY"),
    "cohere": Client("chat", "cohere_v2", cohere, "TypeError", "ERROR"),
    "ollama": Client("chat", "ollama", ollama, "Error", "content_filter"),
    "langgraph": Client("run", "langgraph", langgraph, "TypeError", "content_blocked"),
}
DELIVER = ("cohere", "langgraph")
"""They deliver an error frame as any other, and throw because the transfer was cut."""


class Heard(NamedTuple):
    """What a client made of each scene."""

    client: str
    scenes: dict[str, Any]


@pytest.fixture(scope="module", params=CLIENTS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    who, dialect, answer, *_ = CLIENTS[request.param]
    (row,) = [row for row in DIALECTS if row.name == dialect]
    kind = "application/x-ndjson" if row.framing is NDJSON else "text/event-stream"
    asked = scenes([who], answer, row, kind)
    if row.framing is NDJSON:  # has no comments
        asked[f"{who}/comments"] = asked[f"{who}/edited"]
    heard = made_of(request.param, asked, tmp_path_factory.mktemp(request.param))
    return Heard(request.param, {name.partition("/")[2]: one for name, one in heard.items()})


@pytest.mark.parametrize("scene", WHOLE)
def test_an_answer_is_taken_with_its_call(told: Heard, scene: str) -> None:
    one = told.scenes[scene]

    assert one["error"] is None
    assert (one["text"], json.loads(one["tool"])) == (WHOLE[scene], TOOL[scene])
    if told.client == "langgraph":
        assert one["whole"] == WHOLE[scene]
    else:
        assert one["reasoning"] == WHOLE[scene]


@pytest.mark.parametrize("scene", ["heartbeats", "crlf", "comments"])
def test_what_stands_between_events_changes_nothing(told: Heard, scene: str) -> None:
    assert told.scenes[scene] == told.scenes["edited"]


@pytest.mark.parametrize("scene", ["failed", "cut"])
def test_a_failure_throws_the_clients_own(told: Heard, scene: str) -> None:
    one = told.scenes[scene]
    told_of = one["finish"] if told.client == "cohere" else one.get("run", {}).get("error")

    assert one["error"]["name"] == CLIENTS[told.client].error
    if told.client in DELIVER:
        assert told_of in {"ERROR", "upstream_error"}
    else:
        assert "The upstream failed before the answer was complete." in one["error"]["message"]


def test_a_blocked_answer_ends_as_its_dialect_says(told: Heard) -> None:
    one = told.scenes["blocked"]
    end = one["run"]["error"] if told.client == "langgraph" else one["finish"]

    assert end == CLIENTS[told.client].blocked
    assert (one["error"] is None) is (told.client not in DELIVER)


def test_nobody_hears_a_secret(told: Heard) -> None:
    assert not [secret for secret in SECRETS if secret in str(told)]
