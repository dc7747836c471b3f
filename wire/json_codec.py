"""JSON as it comes in frames: fast where possible, tolerant where a stream needs it."""

from __future__ import annotations

import json
from typing import Any, TypeGuard

import msgspec

from .errors import UnreadableFrameError

__all__ = ["dumps", "is_array", "is_object", "loads"]

_decode = msgspec.json.Decoder().decode


def loads(data: bytes) -> Any:
    """Parse one JSON value.

    Servers that cut text by UTF-16 units send half a surrogate pair as an escape, and some send
    ``NaN``: the fast parser refuses both, the standard library keeps them, so it is asked second.

    Raises:
        UnreadableFrameError: the bytes are not JSON, not UTF-8, or nested too deeply.
    """
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFrameError("a frame is not valid JSON") from error


def dumps(value: Any) -> bytes:
    """Write a JSON value on one line, ASCII only.

    Several official clients split lines at U+2028, U+2029 and U+0085 (see docs), and half a
    surrogate pair has no UTF-8: escapes keep both out of the way.
    """
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a parsed value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Whether a parsed value is a JSON array."""
    return isinstance(value, list)
