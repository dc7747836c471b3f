"""The last few words before a segment: all that is kept of a text that has left."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

__all__ = ["CONTEXT_WORDS", "LeftContext"]

CONTEXT_WORDS = 6
"""How many key words left of a match count: Presidio's five, and one for the match's own place."""

# Words are looked for only when a segment asks for them, or when this many pieces wait.
_MOST_PIECES = 64


class LeftContext:
    """Remembers the last key words of a text that comes in pieces.

    Args:
        key_words: yields the words of a text that may serve as context.
    """

    def __init__(self, key_words: Callable[[str], Iterable[str]]) -> None:
        self._key_words = key_words
        self._pieces: list[str] = []
        self._words: deque[str] = deque(maxlen=CONTEXT_WORDS)

    def add(self, piece: str) -> None:
        """Remember a piece; pieces are whole words."""
        self._pieces.append(piece)
        if len(self._pieces) > _MOST_PIECES:
            self._condense()

    def words(self) -> Sequence[str]:
        """Return the last key words, in order."""
        if self._pieces:
            self._condense()
        return tuple(self._words)

    def _condense(self) -> None:
        """Read the pieces from the last to the first, as far as is needed."""
        found: list[str] = []
        while self._pieces and len(found) < CONTEXT_WORDS:
            found = [*self._key_words(self._pieces.pop()), *found]
        self._pieces.clear()
        self._words.extend(found)
