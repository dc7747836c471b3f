"""What a stream costs, counted in characters handed to Presidio, not in time."""

from __future__ import annotations

import random
from typing import Any

import pytest
from phonenumbers import PhoneNumberMatcher
from presidio_analyzer.predefined_recognizers import PhoneRecognizer, UrlRecognizer

from streamward.guardrails.pii import PII
from streamward.guardrails.pii.barriers import Segmenter
from streamward.guardrails.pii.clues import DIGITS
from streamward.guardrails.pii.engine import Engine
from streamward.guardrails.pii.joints import QUIET
from streamward.guardrails.pii.offline import tamed
from streamward.guardrails.pii.phones import _MOST_TRIES, _PARSE, SparingPhoneRecognizer

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


@pytest.mark.parametrize(
    "unit",
    ["2125550123 ", "0049301234567 ", "030/1234567 ", "(212) 555-0123 ", "12345 - 332-445-1234 "],
)
def test_telephone_numbers_are_parsed_so_often_and_no_more(
    monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    """What takes more tries is undecided; how many it takes does not depend on the clock."""
    guard = PII()
    parsed: list[str] = []
    real = PhoneNumberMatcher._parse_and_verify

    def parse(self: Any, candidate: str, offset: int) -> Any:
        parsed.append(candidate)
        return real(self, candidate, offset)

    monkeypatch.setattr(PhoneNumberMatcher, "_parse_and_verify", parse)
    text = (unit * 300)[:900].strip()

    assert {"UNDECIDED"} == {one.entity for one in guard.find(text)}
    assert len(parsed) <= _MOST_TRIES / _PARSE


@pytest.mark.parametrize("seed", range(4))
def test_left_out_tries_find_nothing(seed: int) -> None:
    """The numbers are those of Presidio's own recogniser, also where a prefix changes digits."""
    chance = random.Random(seed)
    regions = ("IT", "AU", "RU", "MX", "AR", "JP", "SM", "GG") if seed % 2 else None
    real: Any = PhoneRecognizer(supported_regions=regions) if regions else PhoneRecognizer()
    ours = SparingPhoneRecognizer(supported_regions=real.supported_regions)
    parts = [
        "0",
        "1",
        "49",
        "44",
        "55",
        "90",
        "15",
        "3101234",
        "180020",
        "00",
        "011",
        "+",
        " ",
        "-",
    ]
    parts += [*"23456789", "(0)", "5550123", "/", ".", " x", "901100"]

    for _ in range(150):
        text = "".join(chance.choice(parts) for _ in range(chance.randint(4, 14)))
        expected = {(one.start, one.end) for one in real.analyze(text, [])}
        assert expected == {(one.start, one.end) for one in ours.analyze(text, [])}, text


def test_plain_characters_are_no_digits() -> None:
    """`re` passes over plain words; `regex`, as in Presidio, says what a digit is."""
    characters = "".join(map(chr, range(0x110000)))

    assert not [digit for digit in DIGITS.findall(characters) if QUIET.match(f"a{digit} ")]


def test_url_patterns_fail_fast_where_no_domain_is() -> None:
    """The look-ahead is in all four patterns, so that a row of dots costs next to nothing."""
    recognizer: Any = tamed(UrlRecognizer())

    assert len(recognizer.patterns) == 4
    assert all("[.](?=(?:" in pattern.regex for pattern in recognizer.patterns)
