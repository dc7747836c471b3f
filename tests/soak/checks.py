"""What must hold whatever comes; the fuzzers draw it.

Each check raises ``AssertionError`` when a promise is broken, and lets any error through that is
not documented.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from support.guard import WordGuard
from support.json_values import decoded, parsed, same_shape
from support.scanning import scanned
from support.streams import chat_frame, chat_text

from streamward import Limits
from streamward.errors import UnreadableFrameError
from streamward.guardrails import PII, Guard, Pattern, SecretScan, Sentences, Terms
from streamward.guardrails.ward import Ward
from streamward.middleware.pipeline import Pipeline
from streamward.wire import (
    DIALECTS,
    PLAIN,
    SSE,
    Dialect,
    JsonProjection,
    Path,
    dumps,
    loads,
    repeats_a_name,
    splice,
)
from streamward.wire.json_codec import is_array, is_object
from streamward.wire.json_shape import Names

__all__ = [
    "GUARDS",
    "check_arguments",
    "check_content",
    "check_frames",
    "check_hold",
    "check_splice",
    "guards",
]

_SECRET = re.compile(r"S3CRET-\d+")
GUARDS = ("pii", "pii short", "secrets", "pattern", "terms", "sentences", "words")


@cache
def guards() -> Mapping[str, Guard]:
    """Return one guard of each sort, by name."""
    made: tuple[Guard, ...] = (
        PII(),
        PII(max_hold=128),
        SecretScan(),
        Pattern("ticket", r"(?:AB|CD)-\d{2,6}", entity="TICKET"),
        Terms("names", ["Bluebird", "blue birds", "straße", "é"], entity="NAME"),
        Sentences("loud", lambda sentence: "!!" in sentence, version="1"),
        WordGuard(),
    )
    return dict(zip(GUARDS, made, strict=True))


def check_hold(pieces: Sequence[str], chosen: Sequence[str]) -> None:
    """A text in pieces is decided as the whole is, and what left begins what leaves in the end."""
    whole = "".join(pieces)
    for name in chosen:
        assert scanned(guards()[name], *pieces) == scanned(guards()[name], whole), name
    steps = _left(pieces, chosen)
    final = _left([whole], chosen)[-1]
    assert steps[-1] == final
    assert all(final.startswith(step) for step in steps)


def _left(pieces: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """Return what a client has read of a chat answer after each piece, and in the end."""
    panel = [guards()[name] for name in chosen]
    pipeline = Pipeline(SSE, headers={}, path="/", guards=panel, limits=Limits())
    left = [b""]
    for piece in pieces:
        left.append(left[-1] + b"".join(pipeline.feed(chat_frame({"content": piece}))))
    left.append(left[-1] + b"".join(pipeline.finish()))
    assert pipeline.failure is None
    return [chat_text(body) for body in left]


def strings_in(value: Any, path: Path = ()) -> dict[Path, str]:
    """Return the string values of a JSON value by their places."""
    if isinstance(value, str):
        return {path: value}
    found: dict[Path, str] = {}
    inner: Sequence[tuple[str | int, Any]] = ()
    if is_object(value):
        inner = [*value.items()]
    elif is_array(value):
        inner = [*enumerate(value)]
    for step, one in inner:
        found |= strings_in(one, (*path, step))
    return found


def check_splice(data: bytes, new: str) -> None:
    """Edits of strings leave JSON that is the same but for these strings; anything else is refused.

    What is no JSON may be refused late, where no edit goes; but it never raises something else.
    """
    try:
        value = loads(data)
    except UnreadableFrameError:
        try:
            splice(data, {("a",): new, (0,): new, ("a", 0, "b"): new})
        except UnreadableFrameError:
            return
        return
    if repeats_a_name(data):  # such a frame is not read
        return
    edits = {path: new + text for path, text in strings_in(value).items()}
    written = splice(data, edits)
    assert _same(_changed(value, new), loads(written))
    assert splice(written, {}) == written


def check_arguments(pieces: Sequence[str]) -> None:
    """Arguments of a tool that parsed before parse after: the same names, types and numbers."""
    frames = [
        chat_frame({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        for piece in pieces
    ]
    pipeline = Pipeline(SSE, headers={}, path="/", guards=[WordGuard()], limits=Limits())
    out = b"".join(b"".join(pipeline.feed(frame)) for frame in frames)
    out += b"".join(pipeline.finish())
    assert pipeline.failure is None
    heard = "".join(
        call["function"]["arguments"]
        for block in out.split(b"\n\n")[:-1]
        for choice in json.loads(block[6:])["choices"]
        for call in choice["delta"]["tool_calls"]
    )
    whole = "".join(pieces)
    assert _read(pieces) == _read([whole])
    try:
        value = json.loads(whole)
    except (ValueError, RecursionError):
        return
    twice = repeats_a_name(whole.encode("utf-8", "replace"))
    if not twice and (is_object(value) or is_array(value)):
        assert same_shape(parsed(whole), parsed(heard), _SECRET)
        if whole.isascii() and not {"%", "\\"} & {*whole}:  # else a guard reads a plain copy of it
            assert _same(_redacted(value), json.loads(heard))


def check_content(pieces: Sequence[str]) -> None:
    """An answer in JSON that parsed before parses after, and is the same for every cut."""
    whole = "".join(pieces)
    heard = _left(pieces, ["words"])[-1]
    assert heard == _left([whole], ["words"])[-1]
    try:
        value = json.loads(whole)
    except (ValueError, RecursionError):
        return
    if repeats_a_name(whole.encode("utf-8", "replace")):
        return
    if is_object(value) or is_array(value):
        assert same_shape(parsed(whole), parsed(heard), _SECRET)
        assert not _SECRET.search(decoded(parsed(heard)))


def check_frames(dialect: Dialect, payloads: Sequence[tuple[str, bytes]]) -> None:
    """Whole frames: what parsed parses, with the same names and types; the rest is refused."""
    reader, ward = dialect.reader(), Ward([WordGuard()], dialect.framing)
    before: list[bytes] = []
    out: list[bytes] = []
    for event, data in payloads:
        for frame in dialect.framing.framer(1 << 20).feed(dialect.framing.build(data, event)):
            if frame.data is None or repeats_a_name(frame.data):
                continue
            try:
                steps = reader.read(frame)
            except UnreadableFrameError:
                continue
            before.append(frame.data)
            out += ward.feed(frame, steps)
    out += ward.finish()
    if dialect.framing is PLAIN:
        return
    framer = dialect.framing.framer(1 << 24)
    frames = [frame for piece in out for frame in framer.feed(piece)]  # a message is a piece
    after = [frame.data for frame in frames if frame.data is not None]
    old, new = [_parsed(data) for data in before], [_parsed(data) for data in after]
    if all(is_object(value) for value in old):  # text that was edited away takes its frame along
        assert len(old) == len(new)
        assert all(_like(one, two) for one, two in zip(old, new, strict=True))


# What gives a text away in another form: its tokens, their probabilities, its length, its signature.
_GONE_WITH_AN_EDIT = frozenset(
    {"context", "logprobs", "logprobsResult", "obfuscation", "p", "prompt_token_ids"}
    | {"signature", "token_ids", "tokens"}
)


def _like(old: Any, new: Any) -> bool:
    """Whether two values are the same but for their strings, and what tells these in other forms."""
    if is_object(old) and is_object(new):
        return len(old) == len(new) and all(
            (name == other or _SECRET.search(name) is not None)
            and (_is_gone(name, new[other]) or _like(inner, new[other]))
            for (name, inner), other in zip(old.items(), new, strict=True)
        )
    if is_array(old) and is_array(new):
        return len(old) == len(new) and all(map(_like, old, new))
    return type(old) is type(new) and (isinstance(old, str) or _same(old, new))


def _parsed(data: bytes) -> Any:
    try:
        return loads(data)
    except UnreadableFrameError:
        return None


def _read(pieces: Sequence[str]) -> list[tuple[str, bool]]:
    """Return the strings that are read in pieces of JSON."""
    projection = JsonProjection()
    runs = [run for piece in pieces for run in projection.feed(piece)] + projection.finish()
    texts = [""]
    for run in runs:
        texts[-1] += run.text
        if run.closes:
            texts.append("")
    return [(text, True) for text in texts]


def _changed(value: Any, new: str) -> Any:
    if isinstance(value, str):
        return new + value
    if is_object(value):
        return {name: _changed(one, new) for name, one in value.items()}
    return [_changed(one, new) for one in value] if is_array(value) else value


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return _edited(value)
    if is_object(value):
        names = Names()
        edited = (_edited(name) for name in value)
        apart = [re.sub("<SECRET>", lambda found: names.distinct(found[0]), one) for one in edited]
        return {name: _redacted(one) for name, one in zip(apart, value.values(), strict=True)}
    return [_redacted(one) for one in value] if is_array(value) else value


def _edited(text: str) -> str:
    """Return what the guard makes of a string: it goes by words, and so does a whole text."""
    scanner = WordGuard().scanner()
    for found in reversed([*scanner.feed(text), *scanner.finish()]):
        text = f"{text[: found.start]}<SECRET>{text[found.end :]}"
    return text


def _same(one: Any, two: Any) -> bool:
    """Whether two values are equal, with their types; what is no number equals itself."""
    return dumps(one) == dumps(two)


TABLE: Mapping[str, Dialect] = {dialect.name: dialect for dialect in DIALECTS}
"""The dialects by name."""


def _is_gone(name: str, value: Any) -> bool:
    return name in _GONE_WITH_AN_EDIT and value in (None, "", [])
