"""A session of OpenAI Realtime, as its server tells it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

Event = dict[str, Any]
SOUND = base64.b64encode(bytes(range(96))).decode()


def session() -> Event:
    return event("session.created", session={"type": "realtime", "model": "m", "id": "sess_1"})


def event(kind: str, **fields: Any) -> Event:
    return {"type": kind, "event_id": "event_1", **fields}


def response(
    pieces: Iterable[str], arguments: Iterable[str] = (), *, number: int = 1, sound: bool = False
) -> list[Event]:
    """Return the events of a response: a message with text, or with sound and its transcript."""
    text, stem = "".join(pieces), "output_audio_transcript" if sound else "output_text"
    name, kind = ("transcript", "output_audio") if sound else ("text", "output_text")
    part = {"type": "audio" if sound else "text", name: text}
    message: Event = {"id": f"msg_{number}", "type": "message", "role": "assistant"}
    place = {"response_id": f"resp_{number}", "item_id": f"msg_{number}", "output_index": 0}
    at = {**place, "content_index": 0}
    said = {**message, "status": "completed", "content": [{"type": kind, name: text}]}
    events = [
        event("response.created", response=_response(number, "in_progress", [])),
        event("response.output_item.added", **place, item={**message, "content": []}),
        event("response.content_part.added", **at, part={**part, name: ""}),
    ]
    for piece in pieces:
        events.append(event(f"response.{stem}.delta", **at, delta=piece))
        if sound:
            events.append(event("response.output_audio.delta", **at, delta=SOUND))
    events += [
        event(f"response.{stem}.done", **at, **{name: text}),
        event("response.content_part.done", **at, part=part),
        event("response.output_item.done", **place, item=said),
        event("conversation.item.done", previous_item_id=None, item=said),
    ]
    output = [said]
    if arguments:
        events += call(arguments, number)
        output.append(events[-1]["item"])
    return [*events, event("response.done", response=_response(number, "completed", output))]


def call(arguments: Iterable[str], number: int) -> list[Event]:
    whole = "".join(arguments)
    item = {"id": f"fc_{number}", "type": "function_call", "name": "f", "call_id": "c"}
    place = {"response_id": f"resp_{number}", "item_id": f"fc_{number}", "output_index": 1}
    at = {**place, "call_id": "c"}
    kind = "response.function_call_arguments"
    return [
        event("response.output_item.added", **place, item={**item, "arguments": ""}),
        *(event(f"{kind}.delta", **at, delta=piece) for piece in arguments),
        event(f"{kind}.done", **at, name="f", arguments=whole),
        event("response.output_item.done", **place, item={**item, "arguments": whole}),
    ]


def heard(pieces: Iterable[str]) -> list[Event]:
    """Return the events in which the server tells what the user has said."""
    text, kind = "".join(pieces), "conversation.item.input_audio_transcription"
    at = {"item_id": "item_u", "content_index": 0}
    usage = {"type": "duration", "seconds": 1}
    return [
        *(event(f"{kind}.delta", **at, delta=piece) for piece in pieces),
        event(f"{kind}.segment", **at, id="s", text=text, speaker="a", start=0.0, end=1.0),
        event(f"{kind}.completed", **at, transcript=text, usage=usage),
    ]


def _response(number: int, status: str, output: list[Event]) -> Event:
    usage = {"total_tokens": 9, "input_tokens": 4, "output_tokens": 5}
    return {
        "object": "realtime.response",
        "id": f"resp_{number}",
        "status": status,
        "status_details": None,
        "output": output,
        "usage": usage if status == "completed" else None,
    }


def told(events: Iterable[Event], stem: str = "response.output_text") -> str:
    """Return what the deltas of a kind say together."""
    return "".join(one["delta"] for one in events if one["type"] == f"{stem}.delta")


def written(events: Iterable[Event]) -> list[str]:
    return [json.dumps(one) for one in events]
