r"""JSON text in pieces: find the string values, decode them, remember where each character stood.

Strategy: a small push parser. It knows the grammar of JSON just far enough to tell a string value
and a number from a name and from structure; names and structure are never readable text. Inside a
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
from collections.abc import Sequence
from enum import Enum, auto

from .form import Run
from .json_number import plain_number

__all__ = ["MAX_DEPTH", "MAX_SCALAR", "JsonProjection"]

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


class JsonProjection:
    """Reads the string values of a JSON document that arrives in pieces."""

    def __init__(self) -> None:
        self._at = _At.VALUE
        self._open: list[str] = []  # the bracket that each open container needs
        self._position = 0
        self._rest = ""  # an escape or a scalar that is not complete

    @property
    def position(self) -> int:
        """Up to where the text is understood; what is incomplete lies behind it."""
        return self._position

    def feed(self, piece: str) -> list[Run]:
        """Take the next piece; one run for each string value that it touches, and each number."""
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

    def finish(self) -> list[Run]:
        """Return what is left of a string, an escape or a scalar that the end cut off."""
        rest, self._rest = self._rest, ""
        begin, self._position = self._position, self._position + len(rest)
        if not rest and self._at is not _At.IN_VALUE and self._at is not _At.FREE:
            return []
        return [Run(rest, range(begin, self._position), self._position, closes=True)]

    def encode(self, text: str) -> str:
        """Write text as the inside of a JSON string; outside of one, as it is."""
        return text if self._at is _At.FREE else json.dumps(text)[1:-1]

    def _step(self, text: str, at: int, base: int, runs: list[Run]) -> int:
        """Read one token; return the offset behind it, or ``at`` when more must come first."""
        if self._at in _IN_STRING:
            return self._string(text, at, base, runs)
        if self._at is not _At.FREE:
            if space := _SPACE.match(text, at):
                return space.end()
            behind = self._structure(text, at)
            if behind is not None:
                if number := _NUMBER.match(text, at, behind):
                    _say_number(number[0], base + at, runs)
                return behind
            self._at = _At.FREE
        runs.append(Run(text[at:], range(base + at, base + len(text)), base + len(text)))
        return len(text)

    def _structure(self, text: str, at: int) -> int | None:
        """Read a token outside of strings; None when no JSON has it here."""
        char = text[at]
        if char == '"' and self._at in _NAME_COMES:
            self._at = _At.IN_NAME
        elif char == '"' and self._at in _VALUE_COMES:
            self._at = _At.IN_VALUE
        elif char in "{[" and self._at in _VALUE_COMES and len(self._open) < MAX_DEPTH:
            self._open.append("}" if char == "{" else "]")
            self._at = _At.FIRST_NAME if char == "{" else _At.FIRST
        elif char in "}]" and self._may_close(char):
            self._open.pop()
            self._behind_value()
        elif char == ":" and self._at is _At.COLON:
            self._at = _At.VALUE
        elif char == "," and self._at is _At.BEHIND:
            self._at = _At.NAME if self._open[-1] == "}" else _At.VALUE
        else:
            return self._scalar(text, at)
        return at + 1

    def _may_close(self, char: str) -> bool:
        begun = self._at is _At.FIRST or self._at is _At.FIRST_NAME
        return bool(self._open) and self._open[-1] == char and (begun or self._at is _At.BEHIND)

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
            if self._at is _At.IN_VALUE:
                runs.append(Run("", (), base + at, closes=True))
                self._behind_value()
            else:
                self._at = _At.COLON
            return at + 1
        if plain := _PLAIN.match(text, at):
            starts = range(base + at, base + plain.end())
            return self._say(plain[0], starts, base, plain.end(), runs)
        decoded, end = _surrogates(text, at) if text[at] != "\\" else _escape(text, at)
        if end < 0:
            self._at = _At.FREE
            return self._step(text, at, base, runs)
        return self._say(decoded, (base + at,), base, end, runs)

    def _say(self, text: str, starts: Sequence[int], base: int, end: int, runs: list[Run]) -> int:
        if text and self._at is _At.IN_VALUE:
            runs.append(Run(text, starts, base + end))
        return end


def _say_number(literal: str, begin: int, runs: list[Run]) -> None:
    if number := plain_number(literal):
        end = begin + len(literal)
        starts = range(begin, end) if number == literal else [begin] * len(number)
        runs.append(Run(number, starts, end, closes=True, number=True))


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
