"""What may be done to each sort of channel: arguments that are run, thinking that is signed,
and sound that nobody can read.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wire_run import bytewise, run
from wire_vectors import SAID, VECTORS, Vector, chat, chunk, numbered, sse
from word_guard import BLOCKING, EDITING, GONE, SECRET, WordGuard

from streamward.guardrails import Block, Channels, Ward
from streamward.wire import SSE, Channel, Frame, Text
from streamward.wire.errors import ConfigurationError

BY_NAME = {vector.name: vector for vector in VECTORS}
EXECUTION = Channels(tool_arguments="execution")
# Streams whose secrets stand in the arguments of calls, and what else tells one.
BESIDE = (b"I will call S3CRET-421", b"Never say S3CRET-421")
CALLS = [
    "chat tool *",
    "chat interleaved tools *",
    "chat custom tool *",
    "anthropic tool *",
    "ollama tool *",
    "responses function *",
]


def of_calls(name: str) -> Vector:
    vector = BY_NAME[name]
    body = vector.body
    for text in BESIDE:
        body = body.replace(text, b"Nothing here")
    return replace(vector, body=body)


def events(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: {")]


@pytest.mark.parametrize("name", CALLS)
def test_arguments_that_are_run_leave_as_they_came_and_are_reported(name: str) -> None:
    vector = of_calls(name)
    edited = run(vector, EDITING)

    whole = run(vector, EDITING, channels=EXECUTION)
    cut = run(vector, EDITING, bytewise(vector.body), channels=EXECUTION)

    assert SECRET.encode() not in edited.out
    assert whole.out == cut.out == vector.body
    assert {kind for *_, kind in whole.ward.findings} == {"flag"}
    assert whole.ward.findings.total() == edited.ward.findings.total()


@pytest.mark.parametrize("name", CALLS)
def test_a_block_in_arguments_that_are_run_still_blocks(name: str) -> None:
    going = run(of_calls(name), BLOCKING, channels=EXECUTION)

    assert going.ward.blocked is not None
    assert SECRET.encode() not in going.out


def test_what_a_tool_said_is_edited_beside_arguments_that_are_run() -> None:
    said = events(run(BY_NAME["ui tools *"], EDITING, channels=EXECUTION).out)
    given = [event for event in said if event["type"].startswith("tool-input-")]
    results = [event for event in said if event["type"].startswith("tool-output-")]

    came = events(BY_NAME["ui tools *"].body)
    assert given == [event for event in came if event["type"].startswith("tool-input-")]
    assert [event.get("output", event.get("errorText")) for event in results] == [
        {"id": GONE},
        GONE,
    ]


def test_code_and_commands_are_arguments_wherever_they_are_repeated() -> None:
    came = events(BY_NAME["responses others *"].body)
    said = events(run(BY_NAME["responses others *"], EDITING, channels=EXECUTION).out)

    for before, after in zip(came, said, strict=True):
        stem = before["type"].removeprefix("response.").rpartition(".")[0]
        if stem.endswith(("arguments", "_code", "input", "command")):
            assert after == before
        if "item" in before:
            given = ("arguments", "code", "input", "action", "queries")
            assert [after["item"].get(name) for name in given] == [
                before["item"].get(name) for name in given
            ]
            rest = {name: value for name, value in after["item"].items() if name not in given}
            assert SECRET not in json.dumps(rest)


def thinking(body: bytes) -> tuple[list[str], list[str]]:
    """Return the thinking and the signatures of an answer, by block."""
    texts: dict[int, str] = {}
    signatures: dict[int, str] = {}
    for event in events(body):
        delta = event.get("delta", {})
        if "thinking" in delta:
            texts[event["index"]] = texts.get(event["index"], "") + delta["thinking"]
        if "signature" in delta:
            signatures[event["index"]] = delta["signature"]
    return list(texts.values()), list(signatures.values())


def test_signed_thinking_ends_at_the_first_finding_and_loses_its_signature() -> None:
    vector = BY_NAME["anthropic thinking *"]

    whole = run(vector, EDITING)

    assert thinking(vector.body) == ([SAID], ["c2lnbmF0dXJl"])
    assert thinking(whole.out) == (["Call "], [""])
    assert run(vector, EDITING, bytewise(vector.body)).out == whole.out


def test_signed_thinking_that_is_left_is_left_as_it_came() -> None:
    vector = BY_NAME["anthropic thinking *"]

    left = run(vector, EDITING, channels=Channels(signed_thinking="leave"))

    assert thinking(left.out) == thinking(vector.body)
    assert left.ward.findings["words", "SECRET", "flag"] == 1


@pytest.mark.parametrize("pieces", [["a S3CRET-1 S3CRET-2 b"], ["a S3CR", "ET-1 ", "S3CRET-2 b"]])
def test_a_block_behind_what_was_dropped_still_blocks(pieces: list[str]) -> None:
    first = WordGuard(re.compile("S3CRET-1"))
    second = WordGuard(re.compile("S3CRET-2"), Block(), "blocking")
    ward = Ward([first, second], SSE)
    channel = Channel((0, "thinking"), "reasoning", signed=True)
    left: list[bytes] = []
    for piece in pieces:
        data = json.dumps({"thinking": piece}).encode()
        frame = Frame(b"data: " + data + b"\n\n", data)
        left += ward.feed(frame, [Text(channel, ("thinking",), piece)])
    left += ward.finish()

    assert ward.blocked is not None
    assert b"".join(left).count(b"S3CRET") == 0
    assert "".join(event["thinking"] for event in events(b"".join(left))) == "a "


def test_a_signature_in_a_ui_stream_goes_with_an_edit() -> None:
    def reasoning(text: str) -> bytes:
        signed = {"anthropic": {"signature": "c2ln"}, "other": {"itemId": "rs_1"}}
        parts = [
            {"type": "reasoning-start", "id": "0"},
            {"type": "reasoning-delta", "id": "0", "delta": text},
            {"type": "reasoning-delta", "id": "0", "delta": "", "providerMetadata": signed},
            {"type": "reasoning-end", "id": "0", "providerMetadata": signed},
        ]
        return sse(*parts)

    edited = run(Vector("ui", "ai_sdk_ui", reasoning("so S3CRET-421 it is")), EDITING)
    clean = run(Vector("ui", "ai_sdk_ui", reasoning("so it is")), EDITING)

    kept = [event["providerMetadata"] for event in events(edited.out)[2:]]
    assert kept == [{"anthropic": {}, "other": {"itemId": "rs_1"}}] * 2
    assert clean.out == reasoning("so it is")


SOUND = "QUJD" * 40
SOUNDS = {
    "openai_chat": chat(
        chunk({"audio": {"id": "a", "transcript": "Hi", "data": SOUND}}),
        chunk({"audio": {"id": "a", "data": "QUI="}}),
        chunk(finish="stop"),
    ),
    "openai_responses": numbered(
        {"type": "response.audio.delta", "delta": SOUND},
        {"type": "response.output_audio.delta", "item_id": "i", "delta": SOUND},
        {
            "type": "response.content_part.done",
            "item_id": "i",
            "part": {"type": "output_audio", "data": SOUND, "transcript": "Hi"},
        },
    ),
    "ai_sdk_ui": sse(
        {"type": "start"},
        {"type": "file", "mediaType": "audio/wav", "url": f"data:audio/wav;base64,{SOUND}"},
        {"type": "file", "mediaType": "image/png", "url": f"data:image/png;base64,{SOUND}"},
    ),
    "unknown_json": sse(
        {"content": [{"type": "audio", "data": SOUND, "mimeType": "audio/wav"}]},
        {"content": [{"type": "image", "data": SOUND, "mimeType": "image/png"}]},
    ),
}
COUNTS = {"openai_chat": 2, "openai_responses": 3, "ai_sdk_ui": 1, "unknown_json": 1}


@pytest.mark.parametrize("dialect", SOUNDS)
def test_sound_is_dropped_and_counted(dialect: str) -> None:
    vector = Vector("sound", dialect, SOUNDS[dialect])

    going = run(vector, EDITING)

    silent = SOUNDS[dialect].replace(SOUND.encode(), b"").replace(b'"QUI="', b'""')
    for kept in (b"data:image/png;base64,", b'{"type":"image","data":"'):
        silent = silent.replace(kept, kept + SOUND.encode())
    assert going.out == silent
    assert going.ward.findings == {("channels", "AUDIO", "edit"): COUNTS[dialect]}
    assert run(vector, EDITING, bytewise(vector.body)).out == silent


@pytest.mark.parametrize("dialect", SOUNDS)
def test_sound_that_passes_is_counted_too(dialect: str) -> None:
    vector = Vector("sound", dialect, SOUNDS[dialect])

    going = run(vector, EDITING, channels=Channels(audio="pass"))

    assert going.out == vector.body
    assert going.ward.findings == {("channels", "AUDIO", "flag"): COUNTS[dialect]}


def test_what_stands_in_the_place_of_sound_and_is_none_is_looked_at() -> None:
    body = chat(chunk({"audio": {"id": "a", "data": f"it is {SECRET}"}}))

    going = run(Vector("text", "openai_chat", body), EDITING, channels=Channels(audio="pass"))

    assert SECRET.encode() not in going.out


@pytest.mark.parametrize("value", ["run", None, True])
def test_a_wrong_value_is_refused_when_it_is_written(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="'display' or 'execution'"):
        Channels(tool_arguments=value)
    with pytest.raises(ConfigurationError, match="'drop' or 'leave'"):
        Channels(signed_thinking=value)
    with pytest.raises(ConfigurationError, match="'drop' or 'pass'"):
        Channels(audio=value)
