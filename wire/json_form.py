"""JSON text in pieces: find the string values, decode them, remember where each character stood.

Strategy: a small push parser. It knows only as much of JSON as tells a string value from a name
and from structure; names, numbers and structure are never readable text. Inside a string it
decodes escapes one by one and keeps an escape that is not complete (``\\u00``) until the rest has
come. From the first thing that no JSON has, the rest of the channel is one run of plain text: what
cannot be read as JSON must still be looked at.
"""

from __future__ import annotations

import json
import re
from enum import Enum, auto

from .form import Run

__all__ = ["MAX_DEPTH", "JsonProjection"]

# Deeper than any tool's arguments; a bound on the memory that `[[[[…` can take.
MAX_DEPTH = 512

_PLAIN = re.compile(r'[^"\\\ud800-\udfff]+')
_STRUCTURE = re.compile(r'[^"{}\[\],:]+')
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_HALF_ESCAPE = re.compile(
    r"\\(?:u[0-9a-fA-F]{0,3})?|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?",
)


class _At(Enum):
    STRUCTURE = auto()
    NAME = auto()
    VALUE = auto()  # inside a string value
    FREE = auto()  # not JSON any more


class JsonProjection:
    """Reads the string values of a JSON document that arrives in pieces."""

    def __init__(self) -> None:
        self._at = _At.STRUCTURE
        self._objects: list[bool] = []  # per open container: is it an object
        self._name_next = False
        self._position = 0
        self._rest = ""  # an escape that is not complete

    @property
    def position(self) -> int:
        """Up to where the text is understood; an incomplete escape lies behind it."""
        return self._position

    def feed(self, piece: str) -> list[Run]:
        """Take the next piece; one run for each string value that it touches."""
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
        """Return what is left of a string or an escape that the end cut off."""
        rest, self._rest = self._rest, ""
        begin, self._position = self._position, self._position + len(rest)
        if self._at is _At.STRUCTURE and not rest:
            return []
        return [Run(rest, range(begin, self._position), self._position, closes=True)]

    def encode(self, text: str) -> str:
        """Write text as the inside of a JSON string; outside of one, as it is."""
        return text if self._at is _At.FREE else json.dumps(text)[1:-1]

    def _step(self, text: str, at: int, base: int, runs: list[Run]) -> int:
        """Read one token; return the offset behind it, or ``at`` when more must come first."""
        if self._at is _At.STRUCTURE:
            return self._structure(text, at)
        if self._at is _At.FREE:
            runs.append(Run(text[at:], range(base + at, base + len(text)), base + len(text)))
            return len(text)
        return self._string(text, at, base, runs)

    def _structure(self, text: str, at: int) -> int:
        if skipped := _STRUCTURE.match(text, at):
            return skipped.end()
        char = text[at]
        if char == '"':
            self._at = _At.NAME if self._name_next else _At.VALUE
        elif char in "{[":
            self._objects.append(char == "{")
            self._name_next = char == "{"
            if len(self._objects) > MAX_DEPTH:
                self._at = _At.FREE
        elif char in "}]":
            if not self._objects or self._objects.pop() != (char == "}"):
                self._at = _At.FREE
            self._name_next = False
        else:
            self._name_next = char == "," and bool(self._objects) and self._objects[-1]
        return at + 1

    def _string(self, text: str, at: int, base: int, runs: list[Run]) -> int:
        if text[at] == '"':
            if self._at is _At.VALUE:
                runs.append(Run("", (), base + at, closes=True))
            self._at = _At.STRUCTURE
            self._name_next = False
            return at + 1
        if plain := _PLAIN.match(text, at):
            end = plain.end()
            if self._at is _At.VALUE:
                runs.append(Run(plain[0], range(base + at, base + end), base + end))
            return end
        return self._escape(text, at, base, runs)

    def _escape(self, text: str, at: int, base: int, runs: list[Run]) -> int:
        half = _HALF_ESCAPE.fullmatch(text, at)
        raw_half = at == len(text) - 1 and "\ud800" <= text[at] <= "\udbff"
        if half or raw_half:
            return at
        found = _PAIR.match(text, at) or _ESCAPE.match(text, at)
        if found:
            end = found.end()
            decoded: str = json.loads(f'"{found[0]}"')
        elif text[at] != "\\":
            decoded = (
                text[at : at + 2].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            )
            decoded = decoded if len(decoded) == 1 else text[at]
            end = at + (2 if ord(decoded) > 0xFFFF else 1)
        else:
            self._at = _At.FREE
            return self._step(text, at, base, runs)
        if self._at is _At.VALUE:
            runs.append(Run(decoded, (base + at,), base + end))
        return end
