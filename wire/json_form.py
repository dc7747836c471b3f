r"""JSON text in pieces: find its strings, decode them, remember where each character stood.

Strategy: a small push parser. It knows the grammar of JSON just far enough to tell strings, names
and numbers from structure, which is never edited. Inside a
string it decodes escapes one by one and keeps an escape that is not complete (``\u00``) until the
rest has come; so it keeps a number or a literal until what follows shows that it is one. From the
first thing that no JSON has, the rest of the channel is one run of plain text: what cannot be read
as JSON must still be looked at. Where it departs from the grammar, on purpose:

* several documents may follow one another (two tool calls that share an index);
* outside of every container only strings, objects and arrays are JSON: a bare number is text.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from enum import Enum, auto

from .form import Edit, Run
from .json_number import plain_number
from .json_shape import Names, Shape

__all__ = ["MAX_DEPTH", "MAX_SCALAR", "JsonProjection", "JsonReading"]

# Deeper than any tool's arguments; a bound on the memory that `[[[[…` can take.
MAX_DEPTH = 512
# Longer than any number; a bound on what waits, and is read again, while it is not complete.
MAX_SCALAR = 128

_SPACE = re.compile(r"[ \t\r\n]+")
_PLAIN = re.compile(r'[^"\\\ud800-\udfff]+')
_SCALAR = re.compile(
    r"(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity)"
    r"[ \t\r\n]*(?=[,\]}])",
    re.ASCII,
)
_NUMBER = re.compile(r"-?[0-9][-+.0-9eE]*")
_HALF_SCALAR = re.compile(r"[-+.0-9A-Za-z]+[ \t\r\n]*")
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_HALF_ESCAPE = re.compile(
    r"\\(?:u[0-9a-fA-F]{0,3})?"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?",
)
_RAW_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class _At(Enum):
    VALUE = auto()  # a value comes next
    FIRST = auto()  # behind `[`: a value, or its end
    NAME = auto()  # behind a comma of an object: a name
    FIRST_NAME = auto()  # behind `{`: a name, or its end
    COLON = auto()
    BEHIND = auto()  # behind a value: a comma, or the end of the container
    IN_NAME = auto()
    IN_VALUE = auto()
    FREE = auto()  # not JSON any more


_VALUE_COMES = (_At.VALUE, _At.FIRST)
_NAME_COMES = (_At.NAME, _At.FIRST_NAME)
_IN_STRING = (_At.IN_NAME, _At.IN_VALUE)


class JsonReading(ABC):
    """Reads a JSON text that arrives in pieces: what its strings and numbers say, and where.

    Args:
        only_ascii: whether what is written into strings is escaped wherever it is not ASCII.
    """

    def __init__(self, *, only_ascii: bool) -> None:
        self._at = _At.VALUE
        self._open: list[Names | None] = []  # of each open container, if it is an object
        self._position = 0
        self._rest = ""  # an escape or a scalar that is not complete
        self._shape = Shape(only_ascii)

    @property
    def position(self) -> int:
        """Up to where the text is understood; what is incomplete lies behind it."""
        return self._position

    def fit(self, start: int, end: int, text: str) -> list[Edit]:
        """Return the edits that hide these positions and leave JSON behind."""
        return self._shape.fit(start, end, text)

    def forget(self, position: int) -> None:
        """Say that no edit will begin before a position."""
        self._shape.forget(position)

    def _read(self, piece: str) -> list[Run]:
        """Take the next piece; return what its strings and numbers say."""
        text, self._rest = self._rest + piece, ""
        runs: list[Run] = []
        base, at = self._position, 0
        while at < len(text):
            behind = self._step(text, at, base, runs)
            if behind == at:
                break
            at = behind
            self._position = base + at
        self._rest = text[at:]
        return runs

    def _take_rest(self) -> str:
        """Return what the end cut off; whatever it is, it may be edited."""
        rest, self._rest = self._rest, ""
        if rest and self._at not in _IN_STRING:
            self._set_free(self._position)
        self._position += len(rest)
        return rest

    def _set_free(self, position: int) -> None:
        if self._at in _IN_STRING:
            self._shape.close(position)
        if self._at is not _At.FREE:
            self._shape.open(position, free=True)
        self._at = _At.FREE

    def _step(self, text: str, at: int, base: int, runs: list[Run]) -> int:
        """Read one token; return the offset behind it, or ``at`` when more must come first."""
        if self._at in _IN_STRING:
            return self._string(text, at, base, runs)
        if self._at is not _At.FREE:
            if space := _SPACE.match(text, at):
                return space.end()
            behind = self._structure(text, at, base)
            if behind is not None:
                if number := _NUMBER.match(text, at, behind):
                    self._say_number(number[0], base + at, runs)
                return behind
            self._set_free(base + at)
        return self._say_free(text, at, base, runs)

    def _structure(self, text: str, at: int, base: int) -> int | None:
        """Read a token outside of strings; None when no JSON has it here."""
        char = text[at]
        if char == '"' and self._at in _NAME_COMES:
            self._at = _At.IN_NAME
            self._shape.open(base + at + 1, self._open[-1])
        elif char == '"' and self._at in _VALUE_COMES:
            self._at = _At.IN_VALUE
            self._shape.open(base + at + 1)
        elif char in "{[" and self._at in _VALUE_COMES and len(self._open) < MAX_DEPTH:
            self._open.append(Names() if char == "{" else None)
            self._at = _At.FIRST_NAME if char == "{" else _At.FIRST
        elif char in "}]" and self._may_close(char):
            self._open.pop()
            self._behind_value()
        elif char == ":" and self._at is _At.COLON:
            self._at = _At.VALUE
        elif char == "," and self._at is _At.BEHIND:
            self._at = _At.NAME if self._open[-1] else _At.VALUE
        else:
            return self._scalar(text, at)
        return at + 1

    def _may_close(self, char: str) -> bool:
        begun = self._at is _At.FIRST or self._at is _At.FIRST_NAME
        if not self._open or not (begun or self._at is _At.BEHIND):
            return False
        return char == ("}" if self._open[-1] else "]")

    def _behind_value(self) -> None:
        self._at = _At.BEHIND if self._open else _At.VALUE

    def _scalar(self, text: str, at: int) -> int | None:
        if not self._open or self._at not in _VALUE_COMES:
            return None
        if scalar := _SCALAR.match(text, at):
            self._behind_value()
            return scalar.end() if scalar.end() - at <= MAX_SCALAR else None
        return at if len(text) - at <= MAX_SCALAR and _HALF_SCALAR.fullmatch(text, at) else None

    def _string(self, text: str, at: int, base: int, runs: list[Run]) -> int:
        if text[at] == '"':
            runs.append(Run("", (), base + at, closes=True))
            self._shape.close(base + at)
            if self._at is _At.IN_VALUE:
                self._behind_value()
            else:
                self._at = _At.COLON
            return at + 1
        if plain := _PLAIN.match(text, at):
            starts = range(base + at, base + plain.end())
            runs.append(Run(plain[0], starts, base + plain.end()))
            return plain.end()
        decoded, end = self._decoded(text, at)
        if end < 0:
            self._set_free(base + at)
            return self._say_free(text, at, base, runs)
        if decoded:
            runs.append(self._character(decoded, base + at, base + end))
        return end

    def _character(self, decoded: str, begin: int, end: int) -> Run:
        """Return one character that is written as several."""
        self._shape.escape(begin, end)
        return Run(decoded, (begin,), end)

    @staticmethod
    def _decoded(text: str, at: int) -> tuple[str, int]:
        """Return the character that begins here, and the offset behind it; see below."""
        return _surrogates(text, at) if text[at] != "\\" else _escape(text, at)

    @abstractmethod
    def _say_number(self, literal: str, begin: int, runs: list[Run]) -> None:
        """Say a number that begins at a position."""

    @abstractmethod
    def _say_free(self, text: str, at: int, base: int, runs: list[Run]) -> int:
        """Say what is no JSON; return the offset up to which it was said."""


class JsonProjection(JsonReading):
    """Reads the arguments of a tool: each name, each string and each long number is a run."""

    def __init__(self) -> None:
        super().__init__(only_ascii=True)

    def feed(self, piece: str) -> list[Run]:
        """Take the next piece; one run for each string that it touches, and each number."""
        return self._read(piece)

    def finish(self) -> list[Run]:
        """Return what is left of a string, an escape or a scalar that the end cut off."""
        within = self._at in _IN_STRING or self._at is _At.FREE
        begin, rest = self._position, self._take_rest()
        if not rest and not within:
            return []
        return [Run(rest, range(begin, self._position), self._position, closes=True)]

    def _say_number(self, literal: str, begin: int, runs: list[Run]) -> None:
        if number := plain_number(literal):
            end = begin + len(literal)
            starts = [min(begin + i, end - 1) for i in range(len(number))]
            self._shape.number(begin, end, number)
            runs.append(Run(number, starts, end, closes=True))

    def _say_free(self, text: str, at: int, base: int, runs: list[Run]) -> int:
        runs.append(Run(text[at:], range(base + at, base + len(text)), base + len(text)))
        return len(text)


def _escape(text: str, at: int) -> tuple[str, int]:
    """Decode an escape; the offset behind it is ``at`` when it is half, -1 when it is none."""
    if _HALF_ESCAPE.fullmatch(text, at):
        return "", at
    if found := _PAIR.match(text, at) or _ESCAPE.match(text, at):
        return json.loads(f'"{found[0]}"'), found.end()
    return "", -1


def _surrogates(text: str, at: int) -> tuple[str, int]:
    """Join a surrogate pair that stands unescaped; a half without its other half stays."""
    if _RAW_PAIR.match(text, at):
        pair = text[at : at + 2].encode("utf-16-le", "surrogatepass")
        return pair.decode("utf-16-le"), at + 2
    waits = at == len(text) - 1 and text[at] <= "\udbff"
    return ("", at) if waits else (text[at], at + 1)
