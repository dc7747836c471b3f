"""Strings in a delta that nobody described: joined over the frames, since a delta is a piece."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from .deep import OPAQUE
from .json_splice import Path
from .reading import Channel, Close, Step, Text

__all__ = ["UnnamedTexts"]


class UnnamedTexts:
    """Follows the strings of one object that comes again in every frame.

    Strings of one name are one channel for as long as every frame has one. The same word twice in a
    row is a label, not a text, and would never end: it is not joined.
    """

    def __init__(self) -> None:
        self._before: dict[int, dict[str, str]] = {}

    def read(
        self, index: int, value: dict[str, Any], known: AbstractSet[str], path: Path
    ) -> Iterator[Step]:
        """Yield the steps for what is not known.

        Args:
            index: which of several such objects this is (the choice).
            value: the object.
            known: names that were read otherwise.
            path: where it stands in the frame.
        """
        before = self._before.get(index)
        if not before and known >= value.keys():
            return
        said = {
            name: text
            for name, text in value.items()
            if isinstance(text, str) and name not in known and name not in OPAQUE
        }
        before = before or {}
        for name in before.keys() - said.keys():
            yield Close((_channel(index, name),))
        for name, text in said.items():
            if before.get(name) == text and len(text) > 2 and not text.isdigit():
                yield Close((_channel(index, name),))
            elif text:
                yield Text(_channel(index, name), (*path, name), text)
        self._before[index] = said


def _channel(index: int, name: str) -> Channel:
    return Channel((index, "unnamed", name), "data")
