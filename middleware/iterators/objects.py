"""Objects as SDKs hand them out: to JSON, and a copy of the same type with the edits in it.

Strategy: the JSON of an object goes the way of every stream. Where it comes back changed, the old
and the new JSON are compared, and a copy of the object gets the new values: levels in which nothing
changed are shared with the original, which is never touched.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from copy import copy
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol, TypeGuard, cast
from uuid import UUID

import msgspec

from ...wire.errors import UnreadableFrameError
from ...wire.json_codec import is_array, is_object

__all__ = ["as_json", "with_edits"]

_WRITTEN = (date, datetime, time, Decimal, UUID)


class Model(Protocol):
    """What a model of pydantic 2 has, as SDKs use it."""

    model_extra: dict[str, Any] | None

    def model_dump(
        self, *, mode: str, by_alias: bool, exclude_none: bool, warnings: bool
    ) -> Any: ...

    def model_copy(self, *, update: Mapping[str, Any]) -> Any: ...


def as_json(item: object) -> bytes:
    """Return an object as JSON, with the names that it has on the wire, and without nulls.

    Raises:
        UnreadableFrameError: it is no object that can be read.
    """
    try:
        return _encode(item)
    except (UnicodeError, ValueError, TypeError, RecursionError):
        pass  # often half a surrogate pair, which only the standard library writes
    try:
        return json.dumps(item, default=_plain, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise UnreadableFrameError("an object cannot be written as JSON") from error


def with_edits(item: Any, old: Any, new: Any) -> Any:
    """Return a copy of an object, of the same type, that says what its new JSON says.

    Args:
        item: the object.
        old: its JSON, parsed.
        new: the same, edited.

    Raises:
        UnreadableFrameError: an edit falls on something that cannot be set.
    """
    if old == new:
        return item
    if _is_model(item):
        return _model(item, old, new)
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        changed = {name: (old[name], new.get(name)) for name in old if old[name] != new.get(name)}
        return dataclasses.replace(item, **_fields(item, changed))
    if is_object(item) and is_object(new):
        return _dict(item, old, new)
    if isinstance(item, list | tuple) and is_array(new):
        values = cast("list[Any]", item)
        return _like(values, list(map(with_edits, values, old, new)))
    return _leaf(item, new)


def _is_model(item: object) -> TypeGuard[Model]:
    return hasattr(type(item), "model_dump") and hasattr(type(item), "model_fields")


def _hook(value: Any) -> Any:
    if _is_model(value):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False)
    raise TypeError


_encode = msgspec.json.Encoder(enc_hook=_hook).encode


def _plain(value: Any) -> Any:
    """Do for the standard library what msgspec does by itself."""
    if _is_model(value):
        return value.model_dump(mode="python", by_alias=True, exclude_none=True, warnings=False)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return list(cast("set[Any]", value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, _WRITTEN):
        return str(value)
    raise TypeError


def _model(item: Model, old: Any, new: Any) -> Any:
    kind: Any = type(item)
    if kind.__pydantic_root_model__:
        root = with_edits(cast("Any", item).root, old, new)
        return item.model_copy(update={"root": root})
    names: dict[str, str] = {
        field.serialization_alias or field.alias or name: name
        for name, field in kind.model_fields.items()
    }
    names |= {name: name for name in item.model_extra or ()}
    changed: dict[str, tuple[Any, Any]] = {}
    for name, before in old.items():
        after = new.get(name)
        if before == after:
            continue
        if name not in names:
            raise UnreadableFrameError("an edit falls on a value that a model computes")
        changed[names[name]] = (before, after)
    return item.model_copy(update=_fields(item, changed))


def _fields(item: object, changed: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    return {name: with_edits(getattr(item, name), *both) for name, both in changed.items()}


def _dict(item: dict[Any, Any], old: dict[str, Any], new: dict[str, Any]) -> dict[Any, Any]:
    """Copy a dictionary; names may have been edited too, and stand where they stood."""
    changed = copy(item)
    changed.clear()
    for (key, value), before, (name, after) in zip(
        item.items(), old.items(), new.items(), strict=True
    ):
        changed[key if name == before[0] else name] = with_edits(value, before[1], after)
    return changed


def _like(values: object, inner: list[Any]) -> Any:
    kind: Any = type(values)
    if issubclass(kind, list):
        return inner
    return kind._make(inner) if hasattr(kind, "_make") else tuple(inner)  # a named tuple


def _leaf(item: Any, new: Any) -> Any:
    """Return a new value for one that is no container; bytes are base64 in JSON."""
    if isinstance(item, bytes) and isinstance(new, str):
        try:
            return base64.b64decode(new.replace("-", "+").replace("_", "/"), validate=True)
        except ValueError:
            return new.encode()
    return new
