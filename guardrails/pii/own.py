"""Patterns of which nothing is known: the user's own, deny-lists, those of other countries.

Each of their expressions is searched for in the whole text, as Presidio does, by a finder that says
from where on a match could still begin or go on (:mod:`.linear`; :mod:`.partial` for what that one
refuses). Their matches are settled together with what the other recognisers say.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any, NamedTuple, Protocol, cast

import regex
from presidio_analyzer import EntityRecognizer, PatternRecognizer

from ...wire.errors import ConfigurationError
from .linear import LinearRule
from .matching import Match, PatternMatcher, plain
from .partial import PartialRule, Span

__all__ = ["Hit", "OwnPatterns", "OwnSearch"]

_MOST_PASSED = 512  # characters in which nothing begins, before the finders get them


class Hit(NamedTuple):
    """A match.

    Attributes:
        start: offset of the first character in the run.
        end: offset behind the last one.
        rule: what matched; None: nobody knows, it was too long.
    """

    start: int
    end: int
    rule: OwnRule | None


class _Finder(Protocol):
    @property
    def decided(self) -> int: ...
    def feed(self, text: str) -> list[Span]: ...
    def finish(self) -> list[Span]: ...


class OwnRule:
    """One expression of a recogniser.

    Args:
        recognizer: whose it is.
        source: the expression.
        score: of a match.

    Raises:
        ValueError: the expression does what cannot be followed.
    """

    def __init__(self, recognizer: Any, source: str, score: float) -> None:
        self.recognizer: EntityRecognizer = recognizer
        self._matcher = PatternMatcher(recognizer)
        self._score = score
        flags: int = recognizer.global_regex_flags
        self.search: LinearRule | PartialRule
        try:
            self.search = LinearRule(source, flags)
        except (ConfigurationError, ValueError):
            self.search = PartialRule(source, flags)

    def worth(self, text: str, start: int, end: int) -> Match | None:
        """Return what a match is worth before anybody looked at the words around it."""
        return self._matcher.worth(text, start, end, self._score)


class OwnPatterns:
    """The expressions of some recognisers; those that are no patterns are left out.

    Args:
        recognizers: of which no rule is known.
        declared: the identifiers of those whose reach is; unless all their expressions run in
            linear time, they are left out, too.
    """

    def __init__(
        self, recognizers: Iterable[EntityRecognizer], declared: Container[str] = ()
    ) -> None:
        self.rules: list[OwnRule] = []
        self._owners: set[str] = set()
        for recognizer in recognizers:
            rules = _rules(recognizer)
            if rules is not None and not (recognizer.id in declared and _backtrack(rules)):
                self.rules += rules
                self._owners.add(recognizer.id)
        self.linear = not _backtrack(self.rules)
        """Whether all expressions run in linear time."""
        jumps = [rule.search.jump for rule in self.rules]
        # Where one of them may begin; None: some cannot say.
        self.gate: Any = None
        if all(jumps):
            compiled: Any = regex.compile
            self.gate = compiled("|".join(f"(?:{jump.pattern})" for jump in jumps if jump))

    def __contains__(self, recognizer: EntityRecognizer) -> bool:
        return recognizer.id in self._owners

    def __bool__(self) -> bool:
        return bool(self.rules)


class OwnSearch:
    """Finds the matches of some rules in one run of text.

    Args:
        patterns: the rules.
        limit: the longest match that is waited for, in characters.
    """

    def __init__(self, patterns: OwnPatterns, limit: int) -> None:
        self._gate = patterns.gate
        self._finders: list[tuple[OwnRule, _Finder]] = [
            (rule, rule.search.finder(limit)) for rule in patterns.rules
        ]
        self._text = ""  # what the finders have not seen, behind one character that they have
        self._seen = 0  # that character
        self._at = 0  # nothing begins before
        self._arrived = 0
        self._decided = 0
        self._idle = True

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._arrived if self._idle else self._decided

    def feed(self, text: str) -> Sequence[Hit]:
        """Take the next piece; return what became final."""
        self._arrived += len(text)
        self._text += text
        small = self._idle and len(self._text) < _MOST_PASSED
        if small and self._gate and not self._gate.search(self._text, self._at):
            self._at = len(self._text)
            return ()
        return self._hand_on(final=False)

    def finish(self) -> Sequence[Hit]:
        """Say that the run is over; return the rest."""
        return self._hand_on(final=True)

    def _hand_on(self, *, final: bool) -> list[Hit]:
        unseen = self._text[self._seen :]
        hits: list[Hit] = []
        decided = self._arrived
        for rule, finder in self._finders:
            spans = finder.feed(unseen)
            if final:
                spans += finder.finish()
            hits += [Hit(start, end, rule if whole else None) for start, end, whole in spans]
            decided = min(decided, finder.decided)
        self._decided, self._idle = decided, decided == self._arrived
        self._text = self._text[-1:]
        self._at = self._seen = len(self._text)
        return hits


def _backtrack(rules: Iterable[OwnRule]) -> bool:
    return any(isinstance(rule.search, PartialRule) for rule in rules)


def _rules(recognizer: Any) -> list[OwnRule] | None:
    """Return the rules of a recogniser; None: it is more than patterns, or one is unusual."""
    kind = recognizer.__class__
    default = cast("Any", PatternRecognizer)
    if not plain(recognizer) or kind.enhance_using_context is not default.enhance_using_context:
        return None
    try:
        return [OwnRule(recognizer, one.regex, one.score) for one in recognizer.patterns]
    except ValueError:
        return None
