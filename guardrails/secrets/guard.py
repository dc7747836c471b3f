"""The guard against credentials."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from ...wire.errors import ConfigurationError
from ..action import Action, ActionLike, action_of
from ..automaton import Automaton, Rule
from ..guard import Finding, OnError, Scanner
from ..hold import HoldLike
from ..pattern import PatternRule, PatternScanner
from ..settings import OwnGuard, whole_number
from .rules import ENTITIES, LAYERS

__all__ = ["SecretScan"]

MAX_HOLD = 8192
"""Characters of one credential that may wait for its end.

An RSA key of 8192 bits takes 6,400 as PEM, a JWT with many claims some thousand. A longer one is
redacted in parts of this length.
"""

_VERSION = "1"  # raise it when the same text would be decided differently
_BARRIER = re.compile(r"\s")

Layer = tuple[Automaton, tuple[PatternRule, ...]]


class SecretScan(OwnGuard):
    """Finds credentials: keys of well-known vendors, JWT, private keys, passwords.

    Private keys are held from their first line on, and what has no end counts as key up to the end
    of the text. Passwords and unknown keys are found behind their name (``password=``,
    ``"api_key": "…"``) if they look drawn or chosen, and only they are replaced; in a connection
    string such as ``postgres://user:password@host/db`` all of it.

    Args:
        entities: the kinds to look for (``"AWS_ACCESS_KEY"``, ``"JWT"``, …); default: all.
        actions: what happens to findings of a kind, for kinds that the default does not fit.
        action: what happens to the others; default ``"redact"``, which writes ``<JWT>``.
        hold: how much more must arrive before a piece leaves, at least: a number of tokens, or a
            :class:`Hold`; default 0.
        on_error: ``"closed"`` (default) ends the stream when the guard fails; ``"open"`` goes on.
        max_hold: how many characters of one credential may wait for its end; default 8192. A longer
            one is found in parts of this length.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """

    def __init__(
        self,
        *,
        entities: Collection[str] | None = None,
        actions: Mapping[str, ActionLike] | None = None,
        action: ActionLike = "redact",
        hold: HoldLike = 0,
        on_error: OnError = "closed",
        max_hold: int = MAX_HOLD,
    ) -> None:
        super().__init__("secrets", entity="SECRET", action=action, hold=hold, on_error=on_error)
        self._max_hold = whole_number("SecretScan(max_hold=...)", max_hold, at_least=1)
        if isinstance(entities, str):
            raise ConfigurationError(f"SecretScan(entities=...) takes a list: write [{entities!r}]")
        self._entities = ENTITIES if entities is None else frozenset(entities)
        if not self._entities:
            raise ConfigurationError("SecretScan(entities=[]) finds nothing: name one")
        for entity in (*self._entities, *(actions or ())):
            if entity not in ENTITIES:
                raise ConfigurationError(
                    f"unknown entity {entity!r} in SecretScan: "
                    f"write one of {', '.join(sorted(ENTITIES))}"
                )
        self._actions = {entity: action_of(one) for entity, one in (actions or {}).items()}
        self._layers = _layers(self._entities)

    @property
    def entities(self) -> frozenset[str]:
        """The kinds that are looked for."""
        return self._entities

    def scanner(self) -> Scanner:
        """Open a scanner for one run of text."""
        return LayeredScanner(self._layers, self._max_hold)

    def action(self, entity: str) -> Action:
        """Return what happens to a finding of this kind."""
        return self._actions.get(entity) or super().action(entity)

    def fingerprint(self) -> str:
        """Describe everything that changes a verdict; part of the cache key."""
        return self._describe(
            entities=sorted(self._entities),
            actions=sorted((entity, one.fingerprint()) for entity, one in self._actions.items()),
            max_hold=self._max_hold,
            scanner=_VERSION,
        )


@cache
def _layers(entities: frozenset[str]) -> tuple[Layer, ...]:
    """Return the automata for these kinds; all guards for the same kinds share them."""
    wanted = [tuple(rule for rule in layer if rule.entity in entities) for layer in LAYERS]
    return tuple(
        (Automaton([Rule(rule.regex, rule.flags) for rule in layer]), layer)
        for layer in wanted
        if layer
    )


class LayeredScanner:
    """Runs the layers side by side; findings that overlap are one.

    Its kind is that of the surest, then of the longest, then of the first.

    Args:
        layers: automata, and what their matches mean.
        max_hold: the longest candidate that is waited for.
    """

    def __init__(self, layers: Sequence[Layer], max_hold: int) -> None:
        self._scanners = [
            PatternScanner(automaton, rules, max_hold, _BARRIER) for automaton, rules in layers
        ]
        self._waiting: list[Finding] = []
        self._fed = 0
        self._decided = 0

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._decided

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece; return what became final."""
        frontier = self._fed = self._fed + len(text)
        for scanner in self._scanners:
            if found := scanner.feed(text):
                self._waiting += found
            if (decided := scanner.decided) < frontier:
                frontier = decided
        if self._waiting:
            return self._settle(frontier)
        self._decided = frontier
        return []

    def finish(self) -> Sequence[Finding]:
        """Decide the rest."""
        for scanner in self._scanners:
            self._waiting += scanner.finish()
        return self._settle(self._fed)

    def _settle(self, frontier: int) -> list[Finding]:
        self._waiting.sort(key=lambda finding: (finding.start, finding.end))
        for finding in reversed(self._waiting):
            if finding.start < frontier < finding.end:
                frontier = finding.start
        ready = [finding for finding in self._waiting if finding.end <= frontier]
        self._waiting = self._waiting[len(ready) :]
        self._decided = frontier
        return _united(ready)


def _united(findings: Sequence[Finding]) -> list[Finding]:
    """Unite findings that overlap, transitively; they come in the order of their starts."""
    heaps: list[tuple[int, list[Finding]]] = []
    for finding in findings:
        if heaps and finding.start < heaps[-1][0]:
            end, heap = heaps[-1]
            heap.append(finding)
            heaps[-1] = (max(end, finding.end), heap)
        else:
            heaps.append((finding.end, [finding]))
    united: list[Finding] = []
    for end, heap in heaps:
        best = min(heap, key=lambda f: (-f.score, f.start - f.end, f.start, f.entity))
        united.append(Finding(heap[0].start, end, best.entity, best.score))
    return united
