"""The last few words before a segment: all that is kept of a text that has left."""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = ["CONTEXT_WORDS", "LeftContext"]

CONTEXT_WORDS = 6
"""How many key words left of a match count: Presidio's five, and one for the match's own place."""

_FIRST_LOOK = 96
"""Characters in which six key words usually are."""


class LeftContext:
    """Remembers the last key words of a text that comes in pieces.

    Args:
        key_words: yields the words of a text that may serve as context.
    """

    def __init__(self, key_words: Callable[[str], Iterable[str]]) -> None:
        self._key_words = key_words
        self._words: tuple[str, ...] = ()

    def words(self) -> tuple[str, ...]:
        """Return the last key words, in order."""
        return self._words

    def read(self, text: str, begin: int, end: int) -> None:
        """Take the next piece, ``text[begin:end]``: whole words, read from the end."""
        look = _FIRST_LOOK
        while begin < end:
            found = (*self._key_words(text[max(begin, end - look) : end]),)
            # The first word of a look may be cut in two; it does not count.
            if len(found) > CONTEXT_WORDS or end - look <= begin:
                self._words = (*self._words, *found)[-CONTEXT_WORDS:]
                return
            look *= 2
