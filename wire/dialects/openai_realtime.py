"""OpenAI Realtime: the events of a session over a WebSocket, of both sides.

Shapes: https://platform.openai.com/docs/api-reference/realtime and the types of openai-python.
Names follow the rules of the responses API: ``X.delta`` is the next piece of a channel, ``X.done``
closes it and says its text again. What a session has besides:

* many responses, one after another or side by side; ``response.done`` closes the channels of its
  own and repeats its items;
* what the user says, as ``conversation.item.input_audio_transcription``: closed by ``completed`` or
  ``failed``, said again in segments, and independent of what the model says meanwhile;
* transcripts of a translation (``session.output_transcript.delta``), which only the end closes;
* sound, under ``audio`` and in the deltas of ``output_audio``: no guard can read it;
* errors, most of which a session outlives.
"""

from __future__ import annotations

from typing import Any

from ..deep import sound
from ..dialect import Dialect, Early, Hint, Problem, early_by
from ..errors import UnreadableFrameError
from ..frame import Frame
from ..json_codec import dumps, is_array, is_object, loads
from ..json_splice import Path
from ..message import MESSAGE
from ..reading import Channel, Close, Step, Usage
from .openai_responses import OpenAIResponsesReader

__all__ = ["OPENAI_REALTIME"]

_HEARD = "conversation.item.input_audio_transcription"
_SOUND = ("response.output_audio.delta", "response.audio.delta", "session.output_audio.delta")
_FAMILIES = ("session.", "conversation.", "input_audio_buffer.", "output_audio_buffer.")
_OTHERS = ("response.", "rate_limits.", "mcp_list_tools.")


class OpenAIRealtimeReader(OpenAIResponsesReader):
    """Reads one session, or what its client says; each part of each item is a channel."""

    def __init__(self) -> None:
        super().__init__()
        self._owner: dict[Channel, Any] = {}  # the response that an open channel belongs to
        self._status: Any = None  # of the last response
        self._reason: Any = None
        self._asked = 0

    @property
    def complete(self) -> bool:
        """Every response that began is done, and the last one was completed."""
        return self._status == "completed" and self._asked <= 0

    @property
    def early(self) -> frozenset[Early]:
        """The reason why the last response is incomplete, where every response is done."""
        if self._status != "incomplete" or self._asked > 0:
            return frozenset()
        return frozenset({early_by(self._reason)})

    def read(self, frame: Frame) -> list[Step]:
        """Read one event, of the server's or of the client's."""
        event = loads(frame.data or b"")
        if not is_object(event):
            raise UnreadableFrameError("an event of a session is not an object")
        named = event.get("type")
        kind = named if isinstance(named, str) else ""
        steps: list[Step] = []
        if kind in _SOUND and isinstance(data := event.get("delta"), str):
            steps += sound(("delta",), data)
            event = {**event, "delta": ""}
        elif b'"audio"' in (frame.data or b""):
            event = _without_sound(event, (), steps)
        if kind.endswith(".delta"):
            self._delta(kind, event, steps)
        else:
            self._event(kind, event, steps)
        return steps

    def _event(self, kind: str, event: dict[str, Any], steps: list[Step]) -> None:
        if kind in {f"{_HEARD}.completed", f"{_HEARD}.failed"}:
            self._close(_HEARD, event, steps)
        elif kind == "response.created":
            self._asked += 1
        elif kind == "response.done":
            self._response_done(event.get("response"), steps)
        elif kind == "session.closed":
            steps.append(Close())
        self._other(kind, event, steps)
        if kind == "response.done":  # its items are not said again: a session may last for hours
            self._spoken.clear()
            self._owner = {one: of for one, of in self._owner.items() if one in self._open}

    def _response_done(self, response: Any, steps: list[Step]) -> None:
        self._asked -= 1
        said = response if is_object(response) else {}
        ended = tuple(one for one in self._open if self._owner.get(one) == said.get("id"))
        for channel in ended:
            del self._open[channel]
        if ended:
            steps.append(Close(ended))
        self._status = said.get("status")
        details = said.get("status_details")
        self._reason = details.get("reason") if is_object(details) else None
        if is_object(usage := said.get("usage")):
            self.usage = Usage.of(usage, "input_tokens", "output_tokens")

    def _say(
        self,
        stem: str,
        event: dict[str, Any],
        inner: tuple[str, ...],
        path: Path,
        text: str,
        steps: list[Step],
    ) -> None:
        known = self._open.keys()
        before = set(known)
        super()._say(stem, event, inner, path, text, steps)
        for channel in known - before:
            # What belongs to no response is not closed by one.
            self._owner[channel] = event.get("response_id", stem)

    def error(self, problem: Problem) -> bytes:
        """Write an ``error`` event. No official client raises on it: all deliver it."""
        body = {
            "type": "server_error",
            "code": problem.code,
            "message": problem.message,
            "param": None,
            "event_id": None,
        }
        event = {"type": "error", "event_id": f"event_{problem.code}", "error": body}
        return MESSAGE.build(dumps(event), "")


def _without_sound(value: Any, path: Path, steps: list[Step]) -> Any:
    """Return an event without its sound, and say where it stands."""
    if is_object(value):
        kept: dict[str, Any] = {}
        for name, inner in value.items():
            if name == "audio" and isinstance(inner, str):
                steps += sound((*path, name), inner)
            else:
                kept[name] = _without_sound(inner, (*path, name), steps)
        return kept
    if is_array(value):
        return [_without_sound(inner, (*path, at), steps) for at, inner in enumerate(value)]
    return value


def _claims(hint: Hint) -> bool:
    value = hint.value
    kind = value.get("type") if is_object(value) else None
    if not isinstance(kind, str):
        return False
    # The responses API has no event ids; its own client events look like these.
    named = kind.startswith(_OTHERS) or kind == "error"
    return kind.startswith(_FAMILIES) or (named and "event_id" in value)


OPENAI_REALTIME = Dialect(
    name="openai_realtime",
    framing=MESSAGE,
    reader=OpenAIRealtimeReader,
    claims=_claims,
    paths=("/realtime",),
    heartbeat=b"",  # a WebSocket has pings of its own
)
