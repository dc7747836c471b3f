"""A delay that the user asks for, on top of what the guards need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ..wire.errors import ConfigurationError

__all__ = ["Hold", "HoldLike", "Waits", "WordCount", "hold_of"]

Unit = Literal["tokens", "words", "characters"]


@dataclass(frozen=True, slots=True)
class Hold:
    """How much more of a channel must have arrived before a piece of it leaves.

    A minimum: what a guard needs to decide may be more.

    Args:
        count: how many; 0 or more.
        unit: ``"tokens"`` (default) are pieces as the model sent them, ``"words"`` are complete
            runs of characters without white space, ``"characters"`` are code points. Words and
            characters do not depend on how the text was cut.

    Raises:
        ConfigurationError: the count is no whole number, or negative, or the unit is unknown.
    """

    count: int
    unit: Unit = "tokens"

    def __post_init__(self) -> None:
        if self.unit not in ("tokens", "words", "characters"):
            raise ConfigurationError(
                f"unknown unit {self.unit!r} in Hold(...): write 'tokens', 'words' or 'characters'"
            )
        if type(self.count) is not int or self.count < 0:
            raise ConfigurationError(
                f"a hold of {self.count!r} cannot work: write a whole number, 0 or more"
            )


HoldLike = int | Hold
"""A hold, or a number of tokens."""


def hold_of(value: HoldLike) -> Hold:
    """Return a hold from what a user wrote.

    Raises:
        ConfigurationError: it is neither a hold nor a whole number, 0 or more.
    """
    return value if isinstance(value, Hold) else Hold(value)


class Waits:
    """The holds of several guards as one: each of them must be met.

    Args:
        holds: one for each guard.
    """

    def __init__(self, *holds: Hold) -> None:
        def most(unit: Unit) -> int:
            return max((hold.count for hold in holds if hold.unit == unit), default=0)

        self.tokens, self.words, self.characters = most("tokens"), most("words"), most("characters")


_LAST_WORD = re.compile(r"\S\Z")
_END = re.compile(r"\S(?=\s)")
_BEGINS_WITH_SPACE = re.compile(r"\s")


class WordCount:
    """Counts the words of a text that comes in pieces."""

    def __init__(self) -> None:
        self.complete = 0
        self._inside = False

    @property
    def begun(self) -> int:
        """How many words have begun, complete or not."""
        return self.complete + self._inside

    def add(self, text: str) -> None:
        """Take the next piece."""
        if not text:
            return
        self.complete += self._inside and _BEGINS_WITH_SPACE.match(text) is not None
        self.complete += len(_END.findall(text))
        self._inside = _LAST_WORD.search(text) is not None
