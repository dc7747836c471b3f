"""Text that is carried as it is; JSON in it is read as its reader reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .form import Edit, Run
from .json_text import JsonTextProjection

__all__ = ["TextProjection"]

# JSON, or a Markdown fence around it: what models write when nothing keeps them from it.
_OPENING = re.compile(r"(?:```(?:json[a-z5]?)?\s*)?[{\[]", re.IGNORECASE)
_HALF_OPENING = re.compile(r"(?:`{0,2}|```(?:j|js|jso|json[a-z5]?)?\s*)", re.IGNORECASE)
# Longer than any fence with its white space.
_LONGEST = 64


class TextProjection:
    """Text that is carried as it is.

    Servers that cut by UTF-16 units send a surrogate pair in two pieces: the halves are joined
    here, so that a guard sees the character that the reader will see.

    A text that begins as a JSON object or list does, in a Markdown fence or without, is read as
    :class:`JsonTextProjection` says.
    """

    def __init__(self) -> None:
        self._position = 0
        self._half = ""
        self._head: str | None = ""  # its beginning, until that shows whether it is JSON
        self._json: JsonTextProjection | None = None

    @property
    def position(self) -> int:
        """Up to where the text is understood; a waiting high surrogate lies behind it."""
        return self._json.position if self._json else self._position

    def feed(self, piece: str) -> list[Run]:
        """Take the next piece; one run, unless a pair was cut in two."""
        if self._json is not None:
            return self._json.feed(piece)
        if self._head is not None and (begin := self._opening(piece)) is not None:
            before = self._plain(piece[:begin])
            self._json = JsonTextProjection(self._position)
            return before + self._json.feed(piece[begin:])
        return self._plain(piece)

    def finish(self) -> list[Run]:
        """Return the half of a pair whose other half never came, and the end of the run."""
        if self._json is not None:
            return self._json.finish()
        text, self._half = self._half, ""
        return [self._run(text)._replace(closes=True)]

    def fit(self, start: int, end: int, text: str) -> list[Edit]:
        """Return the edit itself; in JSON, those that leave JSON behind."""
        return self._json.fit(start, end, text) if self._json else [Edit(start, end, text)]

    def forget(self, position: int) -> None:
        """Say that no edit will begin before a position."""
        if self._json is not None:
            self._json.forget(position)

    def _opening(self, piece: str) -> int | None:
        """Return where JSON begins in the first pieces, if it does."""
        head = ((self._head or "") + piece).lstrip()
        opening = _OPENING.match(head)
        half = len(head) < _LONGEST and _HALF_OPENING.fullmatch(head)
        self._head = head if half else None
        return len(piece) - len(head) + opening.end() - 1 if opening else None

    def _plain(self, piece: str) -> list[Run]:
        text = self._half + piece
        self._half = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._half, text = text[-1], text[:-1]
        return [self._run(text)] if text else []

    def _run(self, text: str) -> Run:
        begin = self._position
        joined, starts = _join(text, begin)
        self._position = begin + len(text)
        return Run(joined, starts, self._position)


def _join(text: str, begin: int) -> tuple[str, Sequence[int]]:
    """Join surrogate pairs; return the characters and the position of each."""
    if text.isascii() or not any("\ud800" <= char <= "\udbff" for char in text):
        return text, range(begin, begin + len(text))
    joined: list[str] = []
    starts: list[int] = []
    for offset, char in enumerate(text):
        if joined and "\udc00" <= char <= "\udfff" and "\ud800" <= joined[-1] <= "\udbff":
            joined[-1] = chr(
                0x10000 + ((ord(joined[-1]) - 0xD800) << 10) + (ord(char) - 0xDC00),
            )
        else:
            joined.append(char)
            starts.append(begin + offset)
    return "".join(joined), starts
