"""Write new values into JSON text and leave every other byte as it was.

Re-serialising a frame would change big integers, number forms, key order and white space that a
client may rely on. So an edited frame is its old bytes with only the edited values replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .errors import UnreadableFrameError
from .json_codec import dumps, loads
from .json_shape import Names

__all__ = ["Name", "Path", "splice"]


class Name(NamedTuple):
    """The last step of a path to the name itself, not to its value."""

    text: str


Path = tuple[str | int | Name, ...]
"""Where a value stands: object keys and array positions from the root; ``()`` is the root."""

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\]}]+")


def splice(data: bytes, edits: Mapping[Path, Any]) -> bytes:
    """Return ``data`` with the values at some paths replaced.

    Args:
        data: one valid JSON value in UTF-8.
        edits: new values by path. A path that ``data`` does not have is ignored. Where an object
            has the same name twice, both values are replaced. Names that become equal are numbered.

    Raises:
        UnreadableFrameError: ``data`` is not JSON, or a path leads down hundreds of levels.
    """
    tree: dict[Any, Any] = {}
    for path, value in edits.items():
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        node[_HERE] = value if path and isinstance(path[-1], Name) else dumps(value)
    walker = _Walker(data)
    try:
        walker.value(0, tree)
    except IndexError as error:
        raise UnreadableFrameError(_NOT_JSON) from error
    except RecursionError as error:
        raise UnreadableFrameError("an edit lies too deep in a frame") from error
    return walker.result()


_NOT_JSON = "a frame is not valid JSON"
_HERE = object()  # no JSON key can be this


class _Walker:
    """Walks over the bytes once, going down only where an edit waits."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._out: list[bytes] = []
        self._copied = 0

    def result(self) -> bytes:
        return b"".join((*self._out, self._data[self._copied :]))

    def value(self, at: int, tree: dict[Any, Any]) -> int:
        """Handle the value at an offset; return the offset behind it."""
        begin = self._skip(at)
        opener = self._data[begin : begin + 1]
        if _HERE in tree:
            end = self._end(begin)
            self._put(begin, end, tree[_HERE])
            return end
        if opener == b"{":
            return self._object(begin, tree)
        if opener == b"[":
            return self._array(begin, tree)
        return self._end(begin)

    def _object(self, at: int, tree: dict[Any, Any]) -> int:
        at = self._skip(at + 1)
        names = Names()
        while self._data[at] != 0x7D:
            if self._data[at] != 0x22:
                raise UnreadableFrameError(_NOT_JSON)
            key_end = self._end(at)
            key = loads(self._data[at:key_end])
            if renamed := tree.get(Name(key)):
                self._put(at, key_end, dumps(names.distinct(renamed[_HERE])))
            at = self._skip(self._skip(key_end) + 1)  # over the colon
            at = self._next(at, tree.get(key))
        return at + 1

    def _put(self, begin: int, end: int, new: bytes) -> None:
        self._out += (self._data[self._copied : begin], new)
        self._copied = end

    def _array(self, at: int, tree: dict[Any, Any]) -> int:
        at = self._skip(at + 1)
        index = 0
        while self._data[at] != 0x5D:
            at = self._next(at, tree.get(index))
            index += 1
        return at + 1

    def _next(self, at: int, tree: dict[Any, Any] | None) -> int:
        end = self._skip(self.value(at, tree) if tree else self._end(at))
        return self._skip(end + 1) if self._data[end] == 0x2C else end

    def _skip(self, at: int) -> int:
        return self._over(_SPACE, at)

    def _over(self, token: re.Pattern[bytes], at: int) -> int:
        found = token.match(self._data, at)
        if found is None:
            raise UnreadableFrameError(_NOT_JSON)
        return found.end()

    def _end(self, at: int) -> int:
        """Return the offset behind the value at ``at`` without looking into it."""
        depth = 0
        while True:
            at = self._skip(at)
            byte = self._data[at]
            if byte == 0x22:
                at = self._over(_STRING, at)
            elif byte in b"{[":
                depth += 1
                at += 1
            elif byte in b"}]":
                depth -= 1
                at += 1
            elif byte in b",:":
                at += 1
            else:
                at = self._over(_SCALAR, at)
            if depth == 0:
                return at
