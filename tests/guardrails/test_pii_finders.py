"""The two finders of patterns: what the ``regex`` module finds in the whole text, for every cut."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import regex
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from streamward.errors import ConfigurationError
from streamward.guardrails.pii.linear import LinearFinder, LinearRule
from streamward.guardrails.pii.partial import PartialFinder, PartialRule, Span

from .expressions import expressions, texts

FLAGS = sum(int(flag) for flag in (regex.I, regex.M, regex.S))
LIMIT = 64  # more than a text is long
SHORT = 4

Finder = LinearFinder | PartialFinder


def in_pieces(finder: Finder, text: str, seed: int) -> list[Span]:
    """Feed a text in random pieces; hold the finder to its contract."""
    chance = random.Random(seed)
    found: list[Span] = []
    at = decided = 0
    while at < len(text):
        size = chance.choice((1, 1, 2, 3, 8))
        new = finder.feed(text[at : at + size])
        at = min(at + size, len(text))
        assert all(decided <= one.start and one.end <= finder.decided for one in new)
        assert decided <= finder.decided <= at
        decided = finder.decided
        found += new
    last = finder.finish()
    assert all(decided <= one.start for one in last)
    assert finder.decided == len(text)
    return [*found, *last]


def at_once(finder: Finder, text: str) -> list[Span]:
    return [*finder.feed(text), *finder.finish()]


def spans(source: str, text: str) -> list[Span]:
    """Return what the expression matches in the whole text, but for nothing at all."""
    compiled: Any = regex.compile(source, FLAGS)
    found = (one.span() for one in compiled.finditer(text, timeout=5))
    return [Span(start, end) for start, end in found if start < end]


class Patient(PartialFinder):
    """Does not say what the clock decides, for it would not say it twice."""

    def _give_up(self, spans: list[Span]) -> None:
        del spans
        reject()


def checked(opened: Callable[[int], Finder], source: str, text: str, seed: int) -> None:
    short = at_once(opened(SHORT), text)
    expected = in_pieces(opened(LIMIT), text, seed)

    assert expected == spans(source, text)
    assert short == in_pieces(opened(SHORT), text, seed)
    if all(one.whole for one in short):
        assert short == expected


@settings(deadline=None, max_examples=300)
@given(expressions, texts, st.integers(0, 9999))
def test_in_linear_time(source: str, text: str, seed: int) -> None:
    try:
        rule = LinearRule(source, FLAGS)
    except (ConfigurationError, ValueError):
        return
    checked(rule.finder, source, text, seed)


@settings(deadline=None, max_examples=300)
@given(expressions, texts, st.integers(0, 9999))
def test_by_backtracking(source: str, text: str, seed: int) -> None:
    try:
        rule = PartialRule(source, FLAGS)
    except (ValueError, regex.error):
        return
    checked(lambda limit: Patient(rule, limit), source, text, seed)


class _Slow:
    """Stands for an expression that takes longer than a search may, wherever it is tried."""

    def search(self, *place: Any, **settings: Any) -> None:
        del place, settings
        raise TimeoutError


@pytest.mark.parametrize("text", ["a word, ", " ", "  \n and so on", "x" * 90, "word " * 30 + "."])
def test_what_takes_too_long_is_undecided(text: str) -> None:
    """Also where white space is what it begins with: it once went on for ever there."""
    rule = PartialRule(r"(a)\1", FLAGS)
    rule.watching = _Slow()

    for found in (at_once(rule.finder(32), text), in_pieces(rule.finder(32), text, 0)):
        assert not any(one.whole for one in found)
        assert [place for one in found for place in range(one.start, one.end)] == [
            *range(len(text))
        ]
