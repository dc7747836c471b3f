"""A guard against hostile wording that needs no model and no download."""

from __future__ import annotations

from collections.abc import Sequence

from ..action import Action, ActionLike, action_of
from ..guard import Finding, OnError, Scanner
from ..hold import HoldLike, hold_of
from . import wording
from .scanner import WindowScanner
from .settings import checked_on_error, limits_of, score_of
from .windows import Windows

__all__ = ["ENTITY", "ToxicityScreen"]

ENTITY = "HOSTILE_WORDING"


class ToxicityScreen:
    """Finds sentences whose words are hostile. English only; it counts words and reads nothing.

    This is not Detoxify and does not stand in for it: it misses what is said without a hostile
    word, and takes some quotations and medical texts for insults. How often, the how-to
    ``docs/how-to/block-toxic-text.md`` says. Its findings are called ``"HOSTILE_WORDING"``.

    Args:
        threshold: the lowest score that counts, from 0 to 1; default 0.5.
        action: what happens to a sentence; default ``"redact"``, which writes
            ``<HOSTILE_WORDING>``.
        on_error: ``"closed"`` (default) ends the stream when the guard fails; ``"open"`` goes on.
        max_hold: the longest sentence looked at as one, in characters; default 400. A longer one
            is looked at in parts.
        overlap: how many characters such parts share; default 80.
        hold: how much more must arrive before a piece leaves, at least: a number of tokens, or a
            :class:`Hold`; default 0.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """

    name = "toxicity_screen"
    blocking = False

    def __init__(
        self,
        *,
        threshold: float = 0.5,
        action: ActionLike = "redact",
        on_error: OnError = "closed",
        max_hold: int = 400,
        overlap: int = 80,
        hold: HoldLike = 0,
    ) -> None:
        self.hold = hold_of(hold)
        self.on_error: OnError = checked_on_error(on_error)
        self._threshold = score_of("threshold", threshold)
        self._action = action_of(action)
        self._limits = limits_of(max_hold, overlap, "ToxicityScreen")
        wording.hostility("")  # reads the weights now, not at the first token

    def scanner(self) -> Scanner:
        """Open a scanner for one run of text."""
        return WindowScanner(self._judge, self._edits, Windows(*self._limits))

    def find(self, text: str) -> list[Finding]:
        """Return the findings in a whole text: what a scanner returns for it in any pieces."""
        scanner = self.scanner()
        return [*scanner.feed(text), *scanner.finish()]

    def action(self, entity: str) -> Action:
        """Return what happens to a finding; there is one kind only."""
        del entity
        return self._action

    def fingerprint(self) -> str:
        """Describe everything that changes a verdict; part of the cache key."""
        settings = (wording.VERSION, self._threshold, self._limits, self._action.fingerprint())
        return f"toxicity_screen:{settings!r}"

    def _judge(self, texts: Sequence[str]) -> list[list[tuple[str, float]]]:
        scores = [wording.hostility(text) for text in texts]
        return [[(ENTITY, score)] if score >= self._threshold else [] for score in scores]

    def _edits(self, entity: str) -> bool:
        return self.action(entity).kind != "flag"
