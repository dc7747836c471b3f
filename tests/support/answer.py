"""What an answer in a dialect is, and what writes one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from streamward.wire import SSE, Framing
from streamward.wire.json_codec import is_array, is_object

__all__ = [
    "Answer",
    "Frames",
    "Pieces",
    "event_of",
    "interleaved",
    "json_of",
    "tokens",
    "values_in",
]

Pieces = Mapping[str, list[str]]
"""What each voice says, by the kind of its channel."""

Frames = list[bytes]


@dataclass(frozen=True)
class Answer:
    """How an answer is written in a dialect.

    Attributes:
        name: the dialect, and which of its shapes.
        framing: how its bytes are cut.
        voices: the kinds of channels that speak.
        write: makes the bytes of the pieces; chance interleaves.
        leaves_alone: True where every piece is also looked at as a text of its own.
        json: False where frames carry text and no JSON.
        greeting: what is said before the pieces.
        signed: the voices that a signature vouches for; they end at the first finding.
        whole: True where texts come whole, so that nothing is ever held over frames.
        begins: how a frame begins that has no end.
        ends: what ends the stream, behind its last frame.
    """

    name: str
    framing: Framing
    voices: tuple[str, ...]
    write: Callable[[Pieces, Random], bytes]
    leaves_alone: bool = False
    json: bool = True
    greeting: str = ""
    signed: tuple[str, ...] = ()
    whole: bool = False
    begins: bytes = b"data: "
    ends: bytes = b""

    def __str__(self) -> str:
        """Name the case of a test."""
        return self.name


def interleaved(tracks: Iterable[Frames], chance: Random) -> bytes:
    """Join frames of several tracks, each track in its order."""
    waiting = [iter(track) for track in tracks]
    order = [number for number, track in enumerate(tracks) for _ in track]
    chance.shuffle(order)
    return b"".join(next(waiting[number]) for number in order)


def event_of(value: Mapping[str, Any], named: str = "") -> bytes:
    """Write an event with its characters as they are: a model's text is seldom escaped."""
    return SSE.build(json_of(value), named)


def json_of(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return json.dumps(value).encode()


def tokens(text: str) -> list[dict[str, Any]]:
    """Return log-probabilities: a token for each character, and others that were likely."""
    return [
        {
            "token": char,
            "bytes": list(char.encode()),
            "logprob": -0.5,
            "top_logprobs": [{"token": char, "bytes": list(char.encode()), "logprob": -0.5}],
        }
        for char in text
    ]


def values_in(value: Any) -> Iterator[Any]:
    """Yield every value in a JSON value, itself first; JSON text is read as well."""
    yield value
    inner: list[Any] = []
    if is_object(value):
        inner = [*value.values()]
    elif is_array(value):
        inner = value
    elif isinstance(value, str) and value.startswith(("{", "[")):
        with suppress(ValueError):
            inner = [json.loads(value)]
    for one in inner:
        yield from values_in(one)
