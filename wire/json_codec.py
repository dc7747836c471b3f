"""JSON as it comes in frames: fast where possible, tolerant where a stream needs it."""

from __future__ import annotations

import json
from typing import Any, TypeGuard

import msgspec

from .errors import UnreadableFrameError

__all__ = ["dumps", "is_array", "is_object", "loads", "repeats_a_name"]

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


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


def repeats_a_name(data: bytes) -> bool:
    """Whether an object in a JSON value has the same name twice.

    Parsers differ in which of the two they believe (RFC 8259 §4), so that what is looked at here
    need not be what the client reads. Writing the parsed value anew shows it: nearly always the
    result equals the bytes, compact or with Python's spaces. What does not is parsed the slow way.
    What is not JSON has no names.
    """
    try:
        compact = _encode(_decode(data))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        compact = b""
    if compact in (data, data.replace(b", ", b",").replace(b": ", b":")):
        return False
    try:
        json.loads(data.decode("utf-8"), object_pairs_hook=_distinct)
    except _RepeatedNameError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


class _RepeatedNameError(Exception):
    """Internal: found one."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedNameError
    return found


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a parsed value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Whether a parsed value is a JSON array."""
    return isinstance(value, list)
