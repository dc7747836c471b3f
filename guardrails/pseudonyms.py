"""Stand-ins for values in a prompt, and the way back in the streamed answer.

The model reads ``<EMAIL_ADDRESS_1>`` and writes about it; the reader gets the address again, also
when the model's stand-in is cut over ten tokens. One book serves one exchange and is thrown away
with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .action import Action, Kind
from .blocking import BlockingLike
from .guard import Finding, Guard, OnError, Scanner

__all__ = ["Pseudonyms"]

_STAND_IN = re.compile(r"<([A-Z][A-Z0-9_]{0,47}_[1-9][0-9]{0,5})>")
# The end of a text that could still become a stand-in.
_BEGUN = re.compile(r"<(?:[A-Z][A-Z0-9_]{0,54})?\Z")


class Pseudonyms:
    """The book of one exchange: which value has which stand-in.

    The same value always gets the same stand-in, so the model can tell people apart.
    """

    def __init__(self) -> None:
        self._stand_ins: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def stand_in(self, value: str, entity: str) -> str:
        """Return the stand-in for a value, a new one if it has none."""
        key = (entity, value)
        if key not in self._stand_ins:
            self._counts[entity] = self._counts.get(entity, 0) + 1
            name = f"{entity}_{self._counts[entity]}"
            self._stand_ins[key] = f"<{name}>"
            self._values[name] = value
        return self._stand_ins[key]

    def value(self, name: str) -> str | None:
        """Return the value behind a stand-in's name, if the book has it."""
        return self._values.get(name)

    def hiding(self, guards: Sequence[Guard]) -> tuple[Guard, ...]:
        """Return guards that find the same and put stand-ins in place of it."""
        return tuple(_Hiding(guard, self) for guard in guards)

    def restoring(self) -> Guard:
        """Return the guard that puts the values back."""
        return _Restoring(self)


@dataclass(frozen=True)
class _StandIn:
    book: Pseudonyms
    kind: Kind = "edit"

    def apply(self, text: str, entity: str) -> str:
        return self.book.stand_in(text, entity)

    def fingerprint(self) -> str:
        return "stand-in"


@dataclass(frozen=True)
class _Hiding:
    """A guard whose edits become stand-ins; what it blocks it still blocks."""

    guard: Guard
    book: Pseudonyms

    @property
    def name(self) -> str:
        return self.guard.name

    @property
    def hold(self) -> int:
        return 0

    @property
    def blocking(self) -> BlockingLike:
        return self.guard.blocking

    @property
    def on_error(self) -> OnError:
        return self.guard.on_error

    def scanner(self) -> Scanner:
        return self.guard.scanner()

    def action(self, entity: str) -> Action:
        action = self.guard.action(entity)
        return _StandIn(self.book) if action.kind == "edit" else action

    def fingerprint(self) -> str:
        return self.guard.fingerprint()


@dataclass(frozen=True)
class _Restored:
    book: Pseudonyms
    kind: Kind = "edit"

    def apply(self, text: str, entity: str) -> str:
        del entity
        value = self.book.value(text[1:-1])
        return text if value is None else value

    def fingerprint(self) -> str:
        return "restored"


@dataclass(frozen=True)
class _Restoring:
    book: Pseudonyms
    name: str = "pseudonyms"
    hold: int = 0
    blocking: bool = False
    on_error: OnError = "closed"

    def scanner(self) -> Scanner:
        return _StandInScanner(self.book)

    def action(self, entity: str) -> Action:
        del entity
        return _Restored(self.book)

    def fingerprint(self) -> str:
        return "pseudonyms"


class _StandInScanner:
    """Holds back from a ``<`` for as long as it could begin a stand-in: 56 characters at most."""

    def __init__(self, book: Pseudonyms) -> None:
        self._book = book
        self._tail = ""
        self.decided = 0

    def feed(self, text: str) -> Sequence[Finding]:
        self._tail += text
        begun = _BEGUN.search(self._tail, max(0, len(self._tail) - 56))
        return self._take(begun.start() if begun else len(self._tail))

    def finish(self) -> Sequence[Finding]:
        return self._take(len(self._tail))

    def _take(self, end: int) -> list[Finding]:
        begin = self.decided
        found = [
            Finding(begin + match.start(), begin + match.end(), "RESTORED")
            for match in _STAND_IN.finditer(self._tail, 0, end)
            if self._book.value(match[1]) is not None
        ]
        self.decided += end
        self._tail = self._tail[end:]
        return found
