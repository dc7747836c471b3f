"""A guard for tests: finds ``S3CRET-<digits>`` inside a word, and lets words go at white space."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from streamward.guardrails import Action, Block, Finding, OnError, Replace, Scanner

SECRET = "S3CRET-421"
GONE = "[GONE]"
_SECRET = re.compile(r"S3CRET-[0-9]+")
_SPACE = re.compile(r"\s")


def cleaned(text: str) -> str:
    """What a whole text becomes."""
    return _SECRET.sub(GONE, text)


class WordScanner:
    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._tail = ""
        self._decided = 0

    @property
    def decided(self) -> int:
        return self._decided

    def feed(self, text: str) -> Sequence[Finding]:
        self._tail += text
        spaces = [match.end() for match in _SPACE.finditer(self._tail)]
        return self._release(spaces[-1] if spaces else 0)

    def finish(self) -> Sequence[Finding]:
        return self._release(len(self._tail))

    def _release(self, end: int) -> list[Finding]:
        base = self._decided
        found = [
            Finding(base + match.start(), base + match.end(), "SECRET")
            for match in self._pattern.finditer(self._tail[:end])
        ]
        self._tail = self._tail[end:]
        self._decided += end
        return found


@dataclass(frozen=True)
class WordGuard:
    pattern: re.Pattern[str] = _SECRET
    does: Action = field(default_factory=lambda: Replace(GONE))
    name: str = "words"
    hold: int = 0
    blocking: bool = False
    on_error: OnError = "closed"

    def scanner(self) -> Scanner:
        return WordScanner(self.pattern)

    def action(self, entity: str) -> Action:
        del entity
        return self.does

    def fingerprint(self) -> str:
        return f"words:{self.pattern.pattern}"


EDITING = WordGuard()
BLOCKING = WordGuard(does=Block())
FINDING_NOTHING = WordGuard(pattern=re.compile(r"(?!)"))
