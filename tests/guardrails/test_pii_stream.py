"""The stream equals the whole text, and the whole text equals Presidio's answer."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import pytest
import tldextract
import tldextract.tldextract
from hypothesis import example, given, settings
from hypothesis import strategies as st
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.predefined_recognizers import SpacyRecognizer

from streamward.guardrails import Finding
from streamward.guardrails.pii import PII
from streamward.guardrails.pii.clues import CLUES
from streamward.guardrails.pii.merging import merge
from streamward.guardrails.pii.tokens import WordEngine

EXAMPLES: dict[str, Sequence[str]] = {
    "CREDIT_CARD": ("4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"),
    "CRYPTO": (
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    ),
    "DATE_TIME": ("2023-04-05T06:07:08Z", "12/31/1999", "5.6.2024", "3-MAR-24", "Jan-2021"),
    "EMAIL_ADDRESS": (
        "ada.lovelace+x@mail.example.com",
        "a@xn--80ak6aa92e.com",
        "o'hara@bbc.co.uk",
    ),
    "IBAN_CODE": (
        "DE89 3704 0044 0532 0130 00",
        "GB29NWBK60161331926819",
        "GB29 NWBK 6016 1331 9268 19",
        "FR76-3000-6000-0112-3456-7890-189",
    ),
    "IP_ADDRESS": (
        "192.168.0.254",
        "fe80::1ff:fe23:4567:890a",
        "2001:db8::/32",
        "::ffff:10.0.0.1",
        "::1",
    ),
    "MAC_ADDRESS": (
        "00:1A:2B:3C:4D:5E",
        "aa-bb-cc-dd-ee-ff",
        "0012.3456.789A",
        "ab:cd:ef:ab:cd:ef",
    ),
    "MEDICAL_LICENSE": ("BB1388568",),
    "PHONE_NUMBER": (
        "212-555-0123",
        "(415) 555-2671 ext. 123",
        "+44 20 7946 0958",
        "+1 (650) 253-0000 x 33",
        "030 1234567",
    ),
    "UK_NHS": ("943 476 5919", "9434765919"),
    "URL": ("https://www.example.com/a,b;c?d=e#f", "http://x.org", '"https://example.com/path"'),
    "US_BANK_NUMBER": ("account 94567891",),
    "US_DRIVER_LICENSE": ("driver license H12234567",),
    "US_ITIN": ("911-70-1234", "911 70 1234"),
    "US_PASSPORT": ("passport 912803456", "passport Z12803456"),
    "US_SSN": ("078-05-1126", "078 05 1126"),
    "UUID": ("123e4567-e89b-12d3-a456-426614174000", "abcdefab-cdef-4abc-8def-abcdefabcdef"),
}

PROSE = (
    "The quick brown fox is 7 years old, and by 2023 it had seen 1,234.56 things (or so). ",
    "In `main.rs` call self.id and std::vector<int>; e.g. foo.bar(x) - 3 * y\n",
    "My phone number is: ",
    "the bank account was ",
    "email or website link ",
    "| 12 | 34 |\n|---|---|\n",
    "数字是，没有。また、ー「あ」！",  # noqa: RUF001
    "1. first\n2. second\n",
    "ext 5, extension 33 int x #7 anexo доб",
)

SOUP = "0123456789 -.()/+@:;,x#~[]<>'\"\t\n\u00a0\u3000\u2009\u200b\uff0b\uff11\u0661abcfext_%$éıſK,،\\|=Aa1 "  # noqa: RUF001
JOINTS = (
    " ",
    "",
    ", ",
    "\n",
    "  ",
    ". ",
    "-",
    ",",
    ";",
    ":",
    "(",
    ")",
    " x",
    "@",
    "/",
    " ext ",
    "\t",
    "\u00a0",
    "'",
    '"',
)

pieces = st.one_of(
    st.sampled_from(sorted(text for texts in EXAMPLES.values() for text in texts)),
    st.sampled_from(PROSE),
    st.sampled_from(JOINTS),
    st.sampled_from(JOINTS),
    st.text(SOUP, max_size=12),
    st.from_regex(r"[A-Z]{2}\d\d[ A-Za-z0-9-]{0,20}", fullmatch=True),
    st.from_regex(r"[\d .()+x-]{1,24}", fullmatch=True),
)
texts = st.lists(pieces, max_size=10).map("".join)


@cache
def guard(threshold: float | None = None) -> PII:
    return PII() if threshold is None else PII(threshold=threshold)


@cache
def presidio() -> AnalyzerEngine:
    """Presidio as it comes, with our words and without the network."""
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if not isinstance(r, SpacyRecognizer)]
    return AnalyzerEngine(registry=registry, nlp_engine=WordEngine("en"))


def expected(text: str, floor: float) -> list[Finding]:
    return merge(presidio().analyze(text, "en", score_threshold=floor))


def cuts(text: str, seed: int) -> Iterable[str]:
    """Return the text in pieces of up to 9 characters, some of them empty."""
    chance = random.Random(seed)
    at = 0
    while at < len(text):
        size = chance.choice((0, 1, 1, 2, 3, 4, 4, 5, 9))
        yield text[at : at + size]
        at += size


def streamed(guard: PII, text: str, pieces: Iterable[str]) -> list[Finding]:
    """Feed a text in pieces and hold the scanner to its contract at every step."""
    scanner = guard.scanner()
    found: list[Finding] = []
    arrived = decided = 0
    for piece in pieces:
        arrived += len(piece)
        new = scanner.feed(piece)
        assert all(one.start >= decided for one in new), "a finding in decided text"
        assert decided <= scanner.decided <= arrived
        decided = scanner.decided
        assert all(one.end <= decided for one in new), "a finding that is not decided"
        found += new
    found += scanner.finish()
    assert scanner.decided == len(text)
    return found


@settings(deadline=None, max_examples=300)
@given(texts, st.integers(0, 9999))
@example("٣ ١", 0)  # noqa: RUF001
def test_stream_equals_whole(text: str, seed: int) -> None:
    whole = guard().find(text)

    assert whole == streamed(guard(), text, cuts(text, seed))
    assert whole == streamed(guard(), text, text)


@settings(deadline=None, max_examples=300)
@given(texts, st.sampled_from([0.0, 0.3, 0.4, 0.5, 0.6]))
# One text for each way of reaching over a break.
@example("in GB29 NWBK 6016 1331 9268 19 and", 0.0)
@example("tel. ( 650) 253-0000 or", 0.0)
@example("tel. + 49 30 1234567 or", 0.0)
@example("tel. 650-253-0000 ext , 77 or", 0.0)
@example("tel. 650-253-0000 - 12# or", 0.0)
@example("tel. 650-253-0000;ext=77 or", 0.0)
@example("at https://a.com/b,c;d\\e or", 0.0)
@example("9 11-70-1234 911 70 1234 1.2.3", 0.0)
def test_whole_equals_presidio(text: str, floor: float) -> None:
    assert expected(text, floor) == guard(floor).find(text)


def test_every_recogniser_is_known() -> None:
    """A new version of Presidio may load more; the barriers must then be checked against it."""
    recognizers: Any = presidio().registry.recognizers
    loaded = {recognizer.name for recognizer in recognizers}

    assert {*CLUES, "PhoneRecognizer"} == loaded


def test_every_entity_has_examples() -> None:
    assert guard().entities == set(EXAMPLES)


@pytest.mark.parametrize(
    ("entity", "secret"),
    [(entity, text) for entity, texts in EXAMPLES.items() for text in texts],
)
def test_no_character_leaves_early(entity: str, secret: str) -> None:
    """Split at every position: what is found is held from its first character to its last."""
    before, after = "She wrote: ", " and left.\n"
    text = before + secret + after
    (found,) = guard().find(text)
    assert entity == found.entity

    for cut in range(found.start, found.end):
        scanner = guard().scanner()
        assert [*scanner.feed(text[: cut + 1])] == []
        assert scanner.decided <= found.start
        assert [found] == [*scanner.feed(text[cut + 1 :]), *scanner.finish()]


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("my bank account, named red green blue black white: 94567891 ok", None),
        ("my bank account is the one with 94567891 ok", "US_BANK_NUMBER"),
        ("account; 94567891", "US_BANK_NUMBER"),
        ("account\n\n\n94567891", "US_BANK_NUMBER"),
        ("account < < < < < < 94567891", None),
        ("website: main.rs", "URL"),
        ("see main.rs", None),
        ("phone 030 1234567", "PHONE_NUMBER"),
    ],
)
def test_context_reaches_over_barriers(text: str, entity: str | None) -> None:
    found = guard().find(text)

    assert ([entity] if entity else []) == [one.entity for one in found]
    assert found == streamed(guard(), text, text)
    assert [one for one in expected(text, 0.4) if one.entity != "URL" or one.score >= 0.6] == found


def test_ordinary_words_leave_at_once() -> None:
    scanner = guard().scanner()

    scanner.feed("Hello wor")
    assert len("Hello ") == scanner.decided

    scanner.feed("ld, it is 20")
    assert len("Hello world, it is ") == scanner.decided

    scanner.feed("24 n")
    assert len("Hello world, it is 2024 ") == scanner.decided


@pytest.mark.parametrize("filler", ["a", "1", ".", "a@", "1 ", "ab.", "-", "12-", "x.com", "a/"])
def test_past_the_limit_it_fails_closed(filler: str) -> None:
    """More than the limit without a barrier is a finding as a whole, however it is cut."""
    guard = PII(max_hold=128)
    held = (filler * 300)[:300].strip()
    text = f"ok {held}\nand 212-555-0123 on"
    found = guard.find(text)

    *swallowed, phone = found
    assert {"UNDECIDED"} == {one.entity for one in swallowed}
    assert [3, *(one.end for one in swallowed[:-1])] == [one.start for one in swallowed]
    assert swallowed[-1].end == 3 + len(held)
    assert phone.entity == "PHONE_NUMBER"
    assert found == streamed(guard, text, text)
    for seed in range(20):
        assert found == streamed(guard, text, cuts(text, seed))


@settings(deadline=None, max_examples=150)
@given(texts, texts, st.integers(0, 9999))
def test_stream_equals_whole_at_the_limit(one: str, two: str, seed: int) -> None:
    guard = PII(max_hold=128)
    text = one + two + (one + two).replace(" ", "").replace("\n", "") + two
    whole = guard.find(text)

    assert whole == streamed(guard, text, cuts(text, seed))
    assert whole == streamed(guard, text, text)


def test_scanners_share_nothing() -> None:
    first, second = guard().scanner(), guard().scanner()
    first.feed("bank account 9456")

    assert [*second.feed("7891 "), *second.finish()] == []
    assert [one.entity for one in [*first.feed("7891"), *first.finish()]] == ["US_BANK_NUMBER"]
