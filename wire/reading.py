"""What a dialect says a frame holds: a list of steps in the order in which they count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from .json_splice import Path

__all__ = [
    "PAYLOAD",
    "Channel",
    "Close",
    "Form",
    "Scrub",
    "SoFar",
    "Sound",
    "Step",
    "Text",
    "Usage",
    "Whole",
]

Form = Literal["text", "json", "number"]
"""How a text is written: as it is, as pieces of a JSON document, or as one number of one."""


PAYLOAD: Path = (-1,)
"""The path of a payload that is itself the text, not JSON."""


class Channel(NamedTuple):
    """One run of text inside a stream.

    Attributes:
        key: what tells it from the others of the stream.
        kind: ``"content"``, ``"reasoning"``, ``"refusal"``, ``"tool"`` (the arguments of a call),
            ``"code"`` (the same, as a program), ``"output"`` (what a tool said), ``"data"``.
        form: ``"json"`` where strings inside are guarded as decoded text (tool arguments).
        signed: True where a signature vouches for the text: one who changes it breaks it.
    """

    key: Path
    kind: str = "content"
    form: Form = "text"
    signed: bool = False


class Text(NamedTuple):
    """The next piece of a channel's text, and where in the frame it stands."""

    channel: Channel
    path: Path
    text: str


class SoFar(NamedTuple):
    """All that a channel has said so far, and where in the frame it stands.

    The frame waits until all of it is decided. Where it does not begin with what was said before,
    the channel begins anew.
    """

    channel: Channel
    path: Path
    text: str


class Whole(NamedTuple):
    """A text that is complete in itself: a repeated full text, or a leaf of an unknown shape.

    Attributes:
        path: where in the frame it stands.
        text: the text.
        form: how it is written.
        repeats: True when it says again what a channel has said; then it is not counted twice.
        kind: ``"tool"`` for arguments of a tool call; empty where it makes no difference.
    """

    path: Path
    text: str
    form: Form = "text"
    repeats: bool = False
    kind: str = ""


class Sound(NamedTuple):
    """Audio: no guard can tell what it says.

    Attributes:
        path: where in the frame it stands.
        silence: what is written in its place where it is dropped.
    """

    path: Path
    silence: str = ""


class Close(NamedTuple):
    """These channels have ended: what they hold is decided now. None closes all of them."""

    channels: tuple[Channel, ...] | None = None


class Scrub(NamedTuple):
    """A value that gives the text away in another form, and what replaces it after an edit.

    Attributes:
        path: where it stands in the frame.
        value: the JSON value to write instead.
        when: ``"frame"``: if a text of this frame was edited; ``"channel"``: if any text of
            ``channel`` was; ``"stream"``: if anything was edited so far; ``"always"``.
        channel: the channel that ``when="channel"`` asks.
    """

    path: Path
    value: Any
    when: Literal["frame", "channel", "stream", "always"] = "frame"
    channel: Channel | None = None


Step = Text | SoFar | Whole | Sound | Close | Scrub


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the upstream stated them; None where it did not."""

    input_tokens: int | None = None
    output_tokens: int | None = None

    @classmethod
    def of(cls, counts: Mapping[str, Any], read: str, written: str) -> Usage:
        """Take two counts out of a JSON object; what is not an integer counts as not stated."""
        values = (counts.get(read), counts.get(written))
        return cls(*(value if isinstance(value, int) else None for value in values))
