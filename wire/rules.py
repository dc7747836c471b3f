"""What a description says of a dialect: places, marks, and frames to be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from .frame import Framing
from .reading import Form
from .sse import SSE

__all__ = ["CALL", "CODE", "SENTENCE", "Closes", "Hides", "Rules", "Says", "Writes"]

CALL: Final = "$call"
"""Stands in a frame to be written for the id of the JSON-RPC call that the stream answers."""

CODE: Final = "$code"
"""Stands in a frame to be written for the stable code of a problem."""

SENTENCE: Final = "$sentence"
"""Stands in a frame to be written for the sentence about a problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """A text that comes in pieces.

    Attributes:
        at: its place: ``"choices[].text"``.
        kind: the kind of the channel, as :class:`Channel` names them.
        key: the places of what tells its channels apart: ``("index",)``. Where nothing stands there
            it is the position in the list.
        when: the mark of the frames in which it counts.
        form: ``"json"`` for pieces of a JSON document.
        so_far: True where each frame says all of the text so far, and not the next piece. Where an
            object or a list stands there, every string in it is such a text.
        name: what ``Closes.of`` calls it; default: its place. Two of one name share their channels.
        signature: the place of what vouches for it, if it is signed: the text is never rewritten,
            and its signature goes if not all of it leaves.
    """

    at: str
    kind: str = "content"
    key: tuple[str, ...] = ()
    when: str = ""
    form: Form = "text"
    so_far: bool = False
    signature: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closes:
    """A frame that ends channels; text in it still belongs to them.

    Attributes:
        when: the mark of such a frame.
        key: the places of what tells which channels; without one, all of them.
        of: the names of the texts that it ends; empty: all of them.
    """

    when: str
    key: tuple[str, ...] = ()
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hides:
    """Something that gives the text away in another form: token ids, log-probabilities.

    Attributes:
        at: its place.
        empty: what replaces it.
        when: as in :class:`Scrub`.
        spells: the place of its tokens, seen from the root. Where they do not spell what is said
            beside them they go at once: tokens that run ahead of the text give it away.
    """

    at: str
    empty: Any = None
    when: Literal["frame", "stream", "always"] = "frame"
    spells: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """A frame to be written.

    Attributes:
        value: its JSON, in which ``CODE``, ``SENTENCE`` and ``CALL`` stand for those of a problem;
            or its payload as it is, as bytes.
        event: its event type.
    """

    value: Any
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules by which the frames of a described dialect are read and written."""

    says: tuple[Says, ...]
    closes: tuple[Closes, ...] = ()
    in_turn: bool = False
    done: str = ""
    stops: str = ""
    resumes: bool = False
    fails: str = ""
    unreadable: str = ""
    finish: str = ""
    good: tuple[str, ...] = ("stop",)
    usage: tuple[str, str] | None = None
    error: tuple[Writes, ...] = ()
    refusal: tuple[Writes, ...] = ()
    hides: tuple[Hides, ...] = ()
    repeats: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    framing: Framing = SSE
