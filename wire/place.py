"""Places in a frame and marks of a frame, as a description writes them.

A *place* is ``choices[].delta.content``: names from the root, and ``[]`` for each element of a
list; an empty one is the payload itself. Where two places are looked up together, the first ``[]``
of the one and the first ``[]`` of the other mean the same element.

A *mark* is what a frame has to look like: ``type=end|stop & error``. Its tests are joined by
``&``, and several marks of which one is enough by ``;``. A test is ``place`` (there is something),
``place=word|word`` (it is one of these; ``*``: whatever it is) and ``place!=word``. In a longer
word ``*``, ``?`` and ``[…]`` are those of file names. ``@event`` stands for the event type,
``@data`` for the payload as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import translate
from typing import Any, Final

from .errors import ConfigurationError
from .frame import Frame
from .json_codec import is_array, is_object
from .json_splice import Path

__all__ = ["NOWHERE", "Mark", "Place", "positions_of"]

NOWHERE: Final = object()
"""What stands at a place that a frame does not have."""

_PLACE = re.compile(r"(?:\[\]|[^.\[\]=!&|;\s]+)(?:\[\]|\.[^.\[\]=!&|;\s]+)*")
_STEP = re.compile(r"\[\]|[^.\[\]]+")
_TEST = re.compile(r"(?P<place>[^=!]+?)\s*(?:(?P<unlike>!?)=\s*(?P<words>.*))?", re.DOTALL)


def positions_of(path: Path) -> tuple[int, ...]:
    """Return which elements of lists a path goes through."""
    return tuple(step for step in path if isinstance(step, int))


class Place:
    """A place in a frame.

    Args:
        text: as a description writes it.

    Raises:
        ConfigurationError: it is not written as a place.
    """

    def __init__(self, text: str) -> None:
        if text and not _PLACE.fullmatch(text):
            raise ConfigurationError(
                f"{text!r} is no place in a frame: write names and lists, such as 'choices[].text'"
            )
        steps = _STEP.findall(text)
        self.text = text
        self.steps: tuple[str | None, ...] = tuple(None if s == "[]" else s for s in steps)
        self.lists = self.steps.count(None)
        self._path: Path = tuple(step for step in self.steps if step is not None)

    def find(self, value: Any) -> Iterator[tuple[Path, Any]]:
        """Yield every value that stands here, with its path."""
        if self.lists:
            return _find(self.steps, 0, value, ())
        found = self.at(value, ())
        return iter(() if found is NOWHERE else ((self._path, found),))

    def at(self, value: Any, positions: tuple[int, ...]) -> Any:
        """Return what stands here in the given elements of lists, or ``NOWHERE``."""
        used = 0
        for step in self.steps:
            if step is None:
                if used == len(positions) or not is_array(value) or positions[used] >= len(value):
                    return NOWHERE
                value = value[positions[used]]
                used += 1
            elif is_object(value) and step in value:
                value = value[step]
            else:
                return NOWHERE
        return value

    def elements(self, value: Any) -> Iterator[tuple[int, ...]]:
        """Yield the positions of every innermost list element on the way; ``()`` without lists."""
        last = len(self.steps) - 1 - self.steps[::-1].index(None) if self.lists else -1
        for path, _ in _find(self.steps[: last + 1], 0, value, ()):
            yield positions_of(path)


def _find(
    steps: tuple[str | None, ...], done: int, value: Any, path: Path
) -> Iterator[tuple[Path, Any]]:
    for number in range(done, len(steps)):
        step = steps[number]
        if step is None:
            for position, inner in enumerate(value if is_array(value) else ()):
                yield from _find(steps, number + 1, inner, (*path, position))
            return
        if not is_object(value) or step not in value:
            return
        value = value[step]
        path = (*path, step)
    yield path, value


class Mark:
    """What a frame has to look like.

    Args:
        text: as a description writes it; an empty one holds of every frame.

    Raises:
        ConfigurationError: it is not written as a mark.
    """

    def __init__(self, text: str) -> None:
        ways = text.split(";") if text else []
        self._ways = [[_Test(one.strip()) for one in way.split("&")] for way in ways]
        self._tests = [test for way in self._ways for test in way]

    @property
    def lists(self) -> Place | None:
        """The place of its tests that goes through the most lists, if one does."""
        return max((t.place for t in self._tests if t.place), key=lambda p: p.lists, default=None)

    @property
    def flat(self) -> bool:
        """Whether it is the same for every element of a list."""
        return all(test.place is None or not test.place.lists for test in self._tests)

    @property
    def places(self) -> set[str]:
        """All places that are looked at."""
        return {test.place.text for test in self._tests if test.place}

    def holds(self, frame: Frame, value: Any, positions: tuple[int, ...] = ()) -> bool:
        """Whether a frame, and what it says in these elements of lists, looks so."""
        for way in self._ways:
            for test in way:
                if not test.holds(frame, value, positions):
                    break
            else:
                return True
        return not self._ways


class _Test:
    def __init__(self, text: str) -> None:
        found = _TEST.fullmatch(text)
        if found is None:
            raise ConfigurationError(f"{text!r} is no mark of a frame: write 'place=word|word'")
        name, words = found["place"], found["words"]
        self.place = None if name in ("@event", "@data") else Place(name)
        self._data = name == "@data"
        self._unlike = found["unlike"] == "!"
        given = None if words is None else {word.strip() for word in words.split("|")}
        self._words = given
        patterns = [word for word in given or () if word != "*" and {"*", "?", "["} & {*word}]
        self._pattern = re.compile("|".join(map(translate, patterns))) if patterns else None

    def holds(self, frame: Frame, value: Any, positions: tuple[int, ...]) -> bool:
        if self.place is None:
            said: Any = (
                (frame.data or b"").decode("utf-8", "replace") if self._data else frame.event
            )
            return self._fits(said) is not self._unlike
        if value is NOWHERE:  # without a payload nothing is told of it, nor of what it is not
            return False
        if self.place.lists > len(positions):
            return any(self._fits(said) for _, said in self.place.find(value)) is not self._unlike
        return self._fits(self.place.at(value, positions)) is not self._unlike

    def _fits(self, said: Any) -> bool:
        if said is NOWHERE:
            return False
        if self._words is None:
            return bool(said)
        word = _word(said)
        if self._pattern is not None and word is not None and self._pattern.match(word):
            return True
        return "*" in self._words or word in self._words


def _word(value: Any) -> str | None:
    """Return how a description writes a value; None for lists and objects."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if isinstance(value, int | float) else None
