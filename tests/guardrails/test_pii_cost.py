"""What a stream costs, counted in characters handed to Presidio, not in time."""

from __future__ import annotations

from typing import Any

import pytest
from presidio_analyzer.predefined_recognizers import UrlRecognizer

from streamward.guardrails.pii import PII
from streamward.guardrails.pii.barriers import Segmenter
from streamward.guardrails.pii.engine import Engine
from streamward.guardrails.pii.offline import tamed

LIMIT = 256


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the characters of every segment that the recognisers are asked about."""
    lengths: list[int] = []
    real = Engine.find

    def find(self: Engine, text: str, *args: Any) -> Any:
        lengths.append(len(text))
        return real(self, text, *args)

    monkeypatch.setattr(Engine, "find", find)
    return lengths


def by_character(guard: PII, text: str) -> None:
    scanner = guard.scanner()
    for character in text:
        scanner.feed(character)
    scanner.finish()


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        ".",
        "1",
        "a@",
        "1 ",
        "ab.",
        "x.com/",
        "555-1234 ",
        "(",
        "a,",
        "12, ",
        "::",
        "DE89 ",
        "\n",
    ],
)
def test_each_character_is_looked_at_once(handed: list[int], unit: str) -> None:
    guard = PII(max_hold=LIMIT)

    for size in (2_000, 8_000):
        handed.clear()
        by_character(guard, (unit * size)[:size])
        assert sum(handed) <= size
        assert max(handed, default=0) <= LIMIT


def test_plain_words_are_not_looked_at(handed: list[int]) -> None:
    by_character(
        PII(), "The well-known answer (as ever) is: nothing to see here.\nMove on, please! " * 20
    )

    # Only words with a bracket or the like are looked at, and only for a trigger.
    assert sum(handed) < 300


@pytest.mark.parametrize("unit", ["a", "1 ", ".", " ", "\n", ",", "( ", "a,", "a.bc/d,", "word "])
def test_what_is_kept_is_bounded(unit: str) -> None:
    segmenter = Segmenter(LIMIT, quiet=True)
    kept = 0
    for character in unit * 10_000:
        list(segmenter.feed(character))
        kept = max(kept, len(segmenter._text))

    assert kept < LIMIT + 1_024


def test_url_patterns_fail_fast_where_no_domain_is() -> None:
    """The look-ahead is in all four patterns, so that a row of dots costs next to nothing."""
    recognizer: Any = tamed(UrlRecognizer())

    assert len(recognizer.patterns) == 4
    assert all("[.](?=(?:" in pattern.regex for pattern in recognizer.patterns)
