"""Sessions of OpenAI Realtime, event by event, on the way that every stream goes."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.realtime.realtime_server_event import RealtimeServerEvent
from pydantic import TypeAdapter
from support.guard import SECRET, WordGuard
from support.realtime import SOUND, event, heard, response, session, told, written
from support.secrets import clean_texts, cuts, pieces, texts

from streamward import Limits
from streamward.errors import ContentBlockedError
from streamward.guardrails import PII, Block, Channels, Guard
from streamward.middleware.pipeline import Pipeline
from streamward.wire import MESSAGE, expect

SERVER = TypeAdapter(RealtimeServerEvent)
TOKENS = ["It ", "is S3C", "RET-1", "2345. ", "Bye", "."]
SAFE = "It is <SECRET>. Bye."


@cache
def pii() -> PII:
    return PII()


def piped(
    events: list[dict[str, Any]], guard: Guard | None = None, **settings: Any
) -> tuple[list[dict[str, Any]], Pipeline]:
    pipeline = Pipeline(
        MESSAGE,
        headers={},
        path="/v1/realtime",
        guards=[guard or WordGuard()],
        limits=Limits(),
        **settings,
    )
    left: list[bytes] = []
    for one in events:
        left += pipeline.feed(json.dumps(one).encode() + b"\n")
    left += pipeline.finish()
    if pipeline.failure is not None:
        left += pipeline.fail(pipeline.failure)
    assert pipeline.dialect == "openai_realtime"
    return [json.loads(one) for one in left], pipeline


def valid(events: list[dict[str, Any]]) -> None:
    """Check them against the types of the official SDK."""
    for one in events:
        SERVER.validate_python(one)


def drawn(data: st.DataObject, source: st.SearchStrategy[str]) -> tuple[str, list[str]]:
    text = data.draw(source)
    return text, pieces(text, data.draw(cuts(len(text), 10)))


def test_the_scripted_session_is_one():
    valid([session(), *response(TOKENS, ['{"a":', " 1}"]), *heard(TOKENS)])


@settings(max_examples=30)
@given(st.data())
def test_a_session_without_findings_is_identical(data):
    _, said = drawn(data, clean_texts)
    arguments = [json.dumps({"a": "".join(said)})]
    events = [session(), *response(said, arguments), *heard(said)]
    pipeline = Pipeline(MESSAGE, headers={}, path="/", guards=[pii()], limits=Limits())

    left = [one for text in written(events) for one in pipeline.feed(text.encode() + b"\n")]

    assert [*left, *pipeline.finish()] == [text.encode() + b"\n" for text in written(events)]
    assert pipeline.complete


@settings(max_examples=40)
@given(st.data())
def test_every_voice_is_decided_as_a_whole_and_said_again_alike(data):
    model, said = drawn(data, texts)
    user, listened = drawn(data, texts)
    arguments = json.dumps({"to": data.draw(texts)})
    called = pieces(arguments, data.draw(cuts(len(arguments), 10)))
    tracks = [response(said, called), heard(listened)]
    order = [0] * len(tracks[0]) + [1] * len(tracks[1])
    Random(data.draw(st.integers())).shuffle(order)
    waiting = [iter(track) for track in tracks]

    events, _ = piped([session(), *(next(waiting[i]) for i in order)], pii())

    def redacted(text: str) -> str:
        for found in reversed(pii().find(text)):
            text = f"{text[: found.start]}<{found.entity}>{text[found.end :]}"
        return text

    kind = "conversation.item.input_audio_transcription"
    assert told(events) == redacted(model)
    assert told(events, kind) == redacted(user)
    by_type = {one["type"]: one for one in events}
    assert by_type["response.output_text.done"]["text"] == redacted(model)
    assert by_type[f"{kind}.completed"]["transcript"] == redacted(user)
    assert by_type[f"{kind}.segment"]["text"] == redacted(user)
    done = by_type["response.done"]["response"]["output"]
    assert done[0]["content"][0]["text"] == redacted(model)
    assert json.loads(told(events, "response.function_call_arguments")) == json.loads(
        by_type["response.function_call_arguments.done"]["arguments"]
    )
    assert done[1]["arguments"] == by_type["response.function_call_arguments.done"]["arguments"]
    valid(events)


def test_a_transcript_is_redacted_and_its_sound_dropped():
    events, pipeline = piped([session(), *response(TOKENS, sound=True)])

    assert told(events, "response.output_audio_transcript") == SAFE
    assert SECRET not in json.dumps(events)
    assert SOUND not in json.dumps(events)
    assert pipeline.findings["channels.AUDIO.edit"] == len(TOKENS)


def test_sound_passes_if_the_policy_says_so():
    events, _ = piped([*response(TOKENS, sound=True)], channels=Channels(audio="pass"))

    assert json.dumps(events).count(SOUND) == len(TOKENS)


@pytest.mark.parametrize(
    "item",
    [
        {"type": "input_audio_buffer.append", "audio": SOUND},
        event(
            "conversation.item.retrieved",
            item={"content": [{"type": "input_audio", "audio": SOUND}]},
        ),
        event("session.output_audio.delta", delta=SOUND),
        event("response.content_part.done", part={"type": "audio", "audio": SOUND}),
    ],
    ids=lambda item: item["type"],
)
def test_sound_is_found_wherever_it_stands(item):
    events, pipeline = piped([session(), item])

    assert SOUND not in json.dumps(events)
    assert pipeline.findings == {"channels.AUDIO.edit": 1}


def test_what_is_no_sound_is_text():
    events, _ = piped([session(), {"type": "input_audio_buffer.append", "audio": SECRET}])

    assert SECRET not in json.dumps(events)


def test_one_response_ending_does_not_end_another():
    one, two = response(TOKENS, number=1), response(["Fine. ", "Good."], number=2)
    cut = next(i for i, e in enumerate(one) if e.get("delta") == "RET-1")

    events, _ = piped([session(), *one[:cut], *two, *one[cut:]])

    mine = [e for e in events if e.get("response_id") == "resp_1"]
    assert told(mine) == SAFE


def test_a_response_that_broke_off_lets_go_what_it_held():
    events = response(["Half a wor"])
    cut = next(i for i, e in enumerate(events) if e["type"].endswith("text.done"))
    broken = events[-1]["response"] | {"status": "cancelled", "output": []}

    left, pipeline = piped([*events[:cut], event("response.done", response=broken)])
    waited, _ = piped(events[:cut])

    assert told(left) == told(waited) == "Half a wor"
    assert len(left) == cut + 1
    assert not pipeline.complete


def test_a_translation_has_no_done():
    kind = "session.output_transcript.delta"
    events = [session(), *(event(kind, delta=token) for token in TOKENS)]

    left, _ = piped([*events, event("session.closed")])

    assert "".join(e["delta"] for e in left if e["type"] == kind) == SAFE


@pytest.mark.parametrize(
    ("status", "reason", "early"),
    [
        ("completed", None, frozenset[str]()),
        ("incomplete", "max_output_tokens", {"length"}),
        ("incomplete", "content_filter", {"content_filter"}),
        ("cancelled", "turn_detected", frozenset[str]()),
        ("failed", None, frozenset[str]()),
    ],
)
def test_how_the_last_response_ended(status, reason, early):
    events = response(["Hello."])
    last = events[-1]["response"]
    last |= {"status": status, "status_details": {"reason": reason}}

    _, pipeline = piped(events)

    assert pipeline.complete == (status == "completed")
    assert pipeline.early == early
    assert pipeline.usage is not None
    assert pipeline.usage.output_tokens == 5


def test_an_error_of_the_session_is_guarded_and_survived():
    error = {"type": "invalid_request_error", "message": f"not {SECRET}", "code": "x"}

    events, pipeline = piped([session(), event("error", error=error), *response(TOKENS)])

    assert events[1]["error"]["message"] == "not <SECRET>"
    assert told(events) == SAFE
    assert pipeline.complete


def test_a_block_ends_with_an_error_event_of_the_dialect():
    events, pipeline = piped([session(), *response(TOKENS)], WordGuard(Block()))

    assert isinstance(pipeline.failure, ContentBlockedError)
    assert told(events) == "It is "
    assert events[-1]["error"]["code"] == "content_blocked"
    valid(events)


@pytest.mark.parametrize(
    "first",
    [
        {"type": "session.update", "session": {}},
        {"type": "conversation.item.create", "item": {}},
        {"type": "input_audio_buffer.commit"},
        event("error", error={"message": "no", "type": "x"}),
        event("response.created", response={}),
    ],
    ids=lambda first: first["type"],
)
def test_both_sides_are_recognised(first):
    piped([first])


def test_the_responses_api_over_a_socket_is_another_dialect():
    pipeline = Pipeline(MESSAGE, headers={}, path="/", guards=[], limits=Limits())
    pipeline.feed(b'{"type":"response.created","sequence_number":0,"response":{}}\n')

    assert pipeline.dialect == "openai_responses"
    assert expect(MESSAGE, "/v1/realtime").name == "openai_realtime"
