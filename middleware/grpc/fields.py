"""The fields of a message that hold text: found by their paths, and set in a copy."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...wire import NAMED_TEXT, dumps, loads
from ...wire.errors import ConfigurationError, UnreadableFrameError

__all__ = ["Messages", "TextFields"]

_STEP = re.compile(r"([A-Za-z_]\w*)(?:\[([A-Za-z_]\w*)\])?", re.ASCII)
_STRING, _MESSAGE = 9, 11  # google.protobuf.descriptor.FieldDescriptor.TYPE_*

Place = tuple[str | int, ...]


class _Step(NamedTuple):
    """A field on the way, and the field by which its elements are told apart, if not by place."""

    name: str
    key: str


class _Found(NamedTuple):
    name: str
    place: Place
    text: str


class TextFields:
    """Some text fields, by their paths.

    Args:
        paths: such as ``"delta.text"``. Elements of a repeated field are told apart by their place,
            or, with ``"choices[index].text"``, by the value of a field of theirs.

    Raises:
        ConfigurationError: a path that cannot be read.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = [_parsed(path) for path in paths]
        self._known: set[str] = set()

    def find(self, message: Any) -> list[_Found]:
        """Return the texts of a message, with what tells their channels apart.

        Raises:
            ConfigurationError: the message has no such field, or it is no text.
            UnreadableFrameError: it is no message of protobuf.
        """
        kind = getattr(message, "DESCRIPTOR", None)
        if kind is None:
            raise UnreadableFrameError("a message is not one of protobuf")
        if kind.full_name not in self._known:
            for path in self._paths:
                _check(kind, path)
            self._known.add(kind.full_name)
        return [found for path in self._paths for found in _walk(message, path, "", ())]


class Messages:
    """Messages as items: their texts go through the guards, and come back in a copy.

    Args:
        fields: where the texts are.
    """

    framing = NAMED_TEXT

    def __init__(self, fields: TextFields) -> None:
        self._fields = fields
        self._waiting: deque[tuple[bytes, Any, list[_Found]]] = deque()

    def take(self, item: Any) -> bytes:
        """Return the texts of a message."""
        found = self._fields.find(item)
        raw = dumps([(one.name, one.text) for one in found]) + b"\n"
        self._waiting.append((raw, item, found))
        return raw

    def give(self, frames: Sequence[bytes]) -> list[Any]:
        """Return the messages whose texts these are; those without edits as they came."""
        return [self._give(frame) for frame in frames]

    def _give(self, frame: bytes) -> Any:
        raw, item, found = self._waiting.popleft()
        if frame == raw:
            return item
        texts = zip(found, loads(frame), strict=True)
        return _copy(item, {one.place: text for one, (_, text) in texts if text != one.text})


def _parsed(path: str) -> list[_Step]:
    steps = [_STEP.fullmatch(step) for step in path.split(".")]
    if not all(steps):
        raise ConfigurationError(
            f"the path {path!r} cannot be read: write it like 'delta.text' or 'choices[index].text'"
        )
    return [_Step(step[1], step[2] or "") for step in steps if step]


def _check(kind: Any, path: Sequence[_Step]) -> None:
    """Check that a path leads to text in messages of this kind."""
    for at, step in enumerate(path):
        field = kind.fields_by_name.get(step.name)
        last = at == len(path) - 1
        if field is None or field.type != (_STRING if last else _MESSAGE):
            what = "text" if last else "message"
            raise ConfigurationError(
                f"{kind.full_name} has no field {step.name!r} that is a {what}"
            )
        if not last:
            kind = field.message_type
            if kind.GetOptions().map_entry or (step.key and step.key not in kind.fields_by_name):
                raise ConfigurationError(f"no path leads through the field {step.name!r}")


def _walk(message: Any, path: Sequence[_Step], name: str, place: Place) -> Iterator[_Found]:
    step, *rest = path
    value = getattr(message, step.name)
    name, place = f"{name}.{step.name}", (*place, step.name)
    if isinstance(value, str):
        yield _Found(name, place, value)
    elif hasattr(value, "DESCRIPTOR"):
        if message.HasField(step.name):
            yield from _walk(value, rest, name, place)
    else:
        for at, one in enumerate(value):
            if isinstance(one, str):
                yield _Found(f"{name}[{at}]", (*place, at), one)
            else:
                key = getattr(one, step.key) if step.key else at
                yield from _walk(one, rest, f"{name}[{key}]", (*place, at))


def _copy(message: Any, texts: Mapping[Place, str]) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    for place, text in texts.items():
        *way, last = place
        owner = copy
        for step in way:
            owner = owner[step] if isinstance(step, int) else getattr(owner, step)
        if isinstance(last, int):
            owner[last] = text
        else:
            setattr(owner, last, text)
    return copy
