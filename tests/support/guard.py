"""A guard without any library: ``S3CRET-`` and digits, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from streamward.guardrails import Action, Finding, OnError, Redact

SECRET = "S3CRET-12345"
_FIND = re.compile(r"S3CRET-\d+")
_WORD_END = re.compile(r"\s")


class WordScanner:
    """Decides up to the last white space: no finding contains any."""

    def __init__(self) -> None:
        self.decided = 0
        self._tail = ""

    def feed(self, text: str) -> Sequence[Finding]:
        self._tail += text
        ends = [match.end() for match in _WORD_END.finditer(self._tail)]
        return self._take(ends[-1]) if ends else []

    def finish(self) -> Sequence[Finding]:
        return self._take(len(self._tail))

    def _take(self, end: int) -> list[Finding]:
        begin = self.decided
        found = [
            Finding(begin + match.start(), begin + match.end(), "SECRET")
            for match in _FIND.finditer(self._tail[:end])
        ]
        self.decided += end
        self._tail = self._tail[end:]
        return found


@dataclass(frozen=True)
class WordGuard:
    """Finds ``S3CRET-`` and digits."""

    act: Action = field(default_factory=Redact)
    name: str = "words"
    hold: int = 0
    blocking: bool = False
    on_error: OnError = "closed"

    def scanner(self) -> WordScanner:
        return WordScanner()

    def action(self, entity: str) -> Action:
        del entity
        return self.act

    def fingerprint(self) -> str:
        return f"{self.name}:{self.act.fingerprint()}"


class BrokenScanner(WordScanner):
    def feed(self, text: str) -> Sequence[Finding]:
        raise RuntimeError("the guard is broken")


@dataclass(frozen=True)
class BrokenGuard(WordGuard):
    """A guard that raises."""

    def scanner(self) -> WordScanner:
        return BrokenScanner()
