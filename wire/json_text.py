"""JSON as a text that somebody reads: one run, structure included, with the escapes undone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .form import Run
from .json_form import JsonReading
from .json_number import plain_number

__all__ = ["JsonTextProjection"]

_PLAIN = re.compile(r"[^\\\ud800-\udfff]+")


class JsonTextProjection(JsonReading):
    """Reads JSON that a model answers with (JSON mode, structured output).

    Guards see names, values and punctuation as one text, since a name may say what its value is.
    From the first thing that no JSON has it goes on as text, in which escapes are still undone.

    Args:
        begin: the position of its first character; what stands before is free text.
    """

    def __init__(self, begin: int) -> None:
        super().__init__(only_ascii=False)
        self._position = begin
        if begin:
            self._shape.open(0, free=True)
            self._shape.close(begin)

    def feed(self, piece: str) -> list[Run]:
        """Take the next piece; one run, of what is complete."""
        text, base = self._rest + piece, self._position
        changes = self._read(piece)
        end = self._position
        return [_overlaid(text[: end - base], base, changes)] if end > base else []

    def finish(self) -> list[Run]:
        """Return what the end cut off, and the end of the run."""
        begin, rest = self._position, self._take_rest()
        return [Run(rest, range(begin, self._position), self._position, closes=True)]

    def _say_number(self, literal: str, begin: int, runs: list[Run]) -> None:
        meant = plain_number(literal) or literal
        end = begin + len(literal)
        self._shape.number(begin, end, meant)
        if meant != literal:
            starts = [min(begin + i, end - 1) for i in range(len(meant))]
            runs.append(Run(meant, starts, end))

    def _say_free(self, text: str, at: int, base: int, runs: list[Run]) -> int:
        if plain := _PLAIN.match(text, at):
            return plain.end()
        decoded, end = self._decoded(text, at)
        if end < 0:  # a backslash that escapes nothing
            return at + 1
        if decoded:
            runs.append(self._character(decoded, base + at, base + end))
        return end


def _overlaid(text: str, base: int, changes: list[Run]) -> Run:
    """Return a text with its escapes and numbers as they are meant."""
    end = base + len(text)
    pieces: list[str] = []
    starts: list[int] = []
    at = 0
    for run in changes:
        if not run.text:
            continue
        first, behind = run.starts[0] - base, run.end - base
        if text[first:behind] != run.text:
            pieces += (text[at:first], run.text)
            starts += (*range(base + at, base + first), *run.starts)
            at = behind
    if not pieces:
        return Run(text, range(base, end), end)
    pieces.append(text[at:])
    every: Sequence[int] = (*starts, *range(base + at, end))
    return Run("".join(pieces), every, end)
