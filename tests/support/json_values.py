"""What must be left of a JSON text when strings, names and numbers in it were edited."""

from __future__ import annotations

import json
import re
from typing import Any, TypeGuard

from streamward.wire.json_codec import is_array

__all__ = ["decoded", "parsed", "same_shape"]


def parsed(text: str) -> Any:
    """Return a value in which an object is a tuple of pairs."""
    return json.loads(text, object_pairs_hook=tuple)


def decoded(value: Any) -> str:
    """Return all that a parsed value says."""
    if _is_object(value):
        return "".join(f"\n{name}\n{decoded(inner)}" for name, inner in value)
    if is_array(value):
        return "\n".join(map(decoded, value))
    return format(value, ".1f") if isinstance(value, float) else str(value)


def same_shape(old: Any, new: Any, found: re.Pattern[str]) -> bool:
    """Whether parsed values have the same types, in their order, and names that stay apart.

    Names are the same unless something is found in them; one of quotes alone may lie inside of a
    finding.
    """
    if type(old) is not type(new):
        return False
    if is_array(old):
        return len(old) == len(new) and all(
            same_shape(before, after, found) for before, after in zip(old, new, strict=True)
        )
    if not _is_object(old):
        return True
    names = [name for name, _ in new]
    return len(old) == len(new) == len({*names}) and all(
        (name == other or found.search(name) or not name.strip('"'))
        and same_shape(before, after, found)
        for (name, before), (other, after) in zip(old, new, strict=True)
    )


def _is_object(value: Any) -> TypeGuard[tuple[tuple[str, Any], ...]]:
    return isinstance(value, tuple)
