"""A guard from a regular expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..wire.errors import ConfigurationError
from .action import ActionLike
from .automaton import Automaton, Rule, Search, one_character
from .guard import Finding, OnError, Scanner
from .hold import HoldLike
from .settings import OwnGuard, described, whole_number

__all__ = ["Pattern", "PatternRule", "PatternScanner"]

MAX_HOLD = 1024
"""Characters of one candidate that may wait for its end; as many as for personal data."""

_VERSION = "1"  # raise it when the same text would be decided differently


class PatternRule(NamedTuple):
    """What is found where a regular expression matches.

    Attributes:
        regex: the expression.
        entity: what it is.
        group: the group that is the finding; 0: all of the match.
        validate: takes the text of the finding and answers whether it is one.
        score: how sure that is.
        flags: of :mod:`re`.
    """

    regex: str
    entity: str
    group: int | str = 0
    validate: Callable[[str], bool] | None = None
    score: float = 1.0
    flags: int = 0


class PatternScanner:
    """Decides one run of text by rules that one automaton runs.

    Args:
        automaton: the rules, ready to run.
        rules: what their matches mean.
        max_hold: the longest candidate that is waited for.
        barrier: where a longer one ends.
    """

    def __init__(
        self,
        automaton: Automaton,
        rules: Sequence[PatternRule],
        max_hold: int,
        barrier: re.Pattern[str],
    ) -> None:
        self._rules = rules
        self._search = Search(automaton, max_hold, barrier)

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._search.decided

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece; return what became final."""
        hits = self._search.feed(text)
        return [f for hit in hits if (f := self._finding(*hit))] if hits else []

    def finish(self) -> Sequence[Finding]:
        """Decide the rest."""
        return [f for hit in self._search.finish() if (f := self._finding(*hit))]

    def _finding(self, start: int, end: int, number: int, whole: bool) -> Finding | None:  # noqa: FBT001
        rule, text = self._rules[number], self._search.text
        if whole:
            if rule.group:
                # Final, so that text still to come would not change what the groups hold.
                match = re.compile(rule.regex, rule.flags).match(text, start)
                if match is not None and match.end() == end:
                    start, end = match.span(rule.group)
            if end <= start or (rule.validate and not rule.validate(text[start:end])):
                return None
        offset = self._search.offset
        return Finding(offset + start, offset + end, rule.entity, rule.score)


class Pattern(OwnGuard):
    r"""Finds what a regular expression matches: exactly the matches of ``re.finditer``.

    The text may be cut anywhere, and the time is linear in it whatever the expression: matches are
    found by an automaton, not by backtracking. The price: no back references, no atomic groups and
    possessive repeats, look-arounds over one character only (``(?<![A-Z])``, ``\b``, ``(?m:$)``).
    Text waits only for as long as it may be, or may become, part of a match.

    Args:
        name: a short name for the report.
        regex: what to look for; ``(?i)`` and the other inline flags work.
        entity: what a finding is called; default: the name in upper case.
        action: what happens to it; default ``"redact"``, which writes ``<ENTITY>``.
        group: the group of the expression that is the finding, by number or name; default: all of
            the match.
        validate: takes the text of a finding and answers whether it is one (a checksum). What it
            rejects counts as text that was looked at: the search goes on behind it.
        version: of ``validate``, for the fingerprint. Raise it when its answers change.
        hold: how much more must arrive before a piece leaves, at least: a number of tokens, or a
            :class:`Hold`; default 0.
        on_error: ``"closed"`` (default) ends the stream when ``validate`` fails; ``"open"`` goes
            on without the guard.
        max_hold: how many characters of one candidate may wait for its end; default 1024. A longer
            one counts as found, in parts of this length, up to where it ends.
        barrier: one character at which a candidate over ``max_hold`` that turned out to be no match
            ends; default white space.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """

    def __init__(  # noqa: PLR0913  # one knob each; most are rarely touched
        self,
        name: str,
        regex: str,
        *,
        entity: str = "",
        action: ActionLike = "redact",
        group: int | str = 0,
        validate: Callable[[str], bool] | None = None,
        version: str = "",
        hold: HoldLike = 0,
        on_error: OnError = "closed",
        max_hold: int = MAX_HOLD,
        barrier: str = r"\s",
    ) -> None:
        super().__init__(name, entity=entity, action=action, hold=hold, on_error=on_error)
        self._max_hold = whole_number("Pattern(max_hold=...)", max_hold, at_least=1)
        self._barrier = one_character(barrier)
        self._automaton = Automaton([Rule(regex)])
        compiled = re.compile(regex)
        if group not in (*range(compiled.groups + 1), *compiled.groupindex):
            raise ConfigurationError(
                f"Pattern(group={group!r}): the pattern has no such group; leave it out for all "
                "of the match"
            )
        self._rule = PatternRule(regex, self.entity, group, validate)
        self._version = version

    def scanner(self) -> Scanner:
        """Open a scanner for one run of text."""
        return PatternScanner(self._automaton, (self._rule,), self._max_hold, self._barrier)

    def fingerprint(self) -> str:
        """Describe everything that changes a verdict; part of the cache key."""
        return self._describe(
            regex=self._rule.regex,
            group=self._rule.group,
            validate=described(self._rule.validate, self._version),
            max_hold=self._max_hold,
            barrier=self._barrier.pattern,
            scanner=_VERSION,
        )
