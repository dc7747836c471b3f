"""Texts with personal data whose places are known. Every value is invented, and valid in its form.

Each stretch of ordinary text holds words that stand nowhere else, so that it can be found again in
what a guard made of the text.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.texts import prose

__all__ = ["KINDS", "Document", "Value", "corpora"]

_SENTENCES = {
    "EMAIL_ADDRESS": "Ask {w} for the file, or write to {v} and {w} will see to it. ",
    "PHONE_NUMBER": "Call {w} at the phone number {v} before noon, or let {w} know. ",
    "CREDIT_CARD": "For {w} the credit card {v} was used, as {w} had asked. ",
    "IBAN_CODE": "Send what {w} owes to the account {v} and {w} will be content. ",
    "US_SSN": "On the form {w} gave the social security number {v} for {w} to read. ",
    "IP_ADDRESS": "In the log of {w} the address {v} talks to {w} all night. ",
    "URL": "The page that {w} saved is {v} and {w} has the key to it. ",
}
KINDS = tuple(_SENTENCES)
_SYLLABLES = (
    "ba",
    "cor",
    "del",
    "fi",
    "gan",
    "hul",
    "ke",
    "lor",
    "mi",
    "nu",
    "po",
    "ras",
    "tel",
    "vu",
)


@dataclass(frozen=True)
class Value:
    """A planted value: its place in the document, and its kind in Presidio's words."""

    start: int
    end: int
    kind: str
    text: str


@dataclass(frozen=True)
class Document:
    """One stream's text, and what was planted in it, in order."""

    text: str
    values: tuple[Value, ...]

    @cached_property
    def ordinary(self) -> tuple[tuple[int, str], ...]:
        """The stretches between the values: where each begins, and its text."""
        ends = [0, *(value.end for value in self.values)]
        starts = [*(value.start for value in self.values), len(self.text)]
        spans = zip(ends, starts, strict=True)
        return tuple((begin, self.text[begin:end]) for begin, end in spans if begin < end)


def corpora() -> dict[str, tuple[Document, ...]]:
    """Return the texts by name: without personal data, with a little, and dense with it."""
    source = random.Random(5)
    return {
        "clean": tuple(_document(source, (), (40, 40)) for _ in range(3)),
        "sparse": tuple(_document(source, (kind,), (3, 8)) for kind in KINDS * 4),
        "dense": tuple(_document(source, _shuffled(source), (0, 0)) for _ in range(6)),
    }


def _shuffled(source: random.Random) -> list[str]:
    return source.sample(KINDS * 4, k=len(KINDS) * 4)


def _document(source: random.Random, kinds: Sequence[str], between: tuple[int, int]) -> Document:
    """Return a text with a value of each kind, and so many sentences around each."""
    text = ""
    planted: list[Value] = []
    for kind in kinds:
        before, after = _SENTENCES[kind].split("{v}")
        text += _prose(source, between) + before.replace("{w}", _word(source))
        value = _MAKERS[kind](source)
        planted.append(Value(len(text), len(text) + len(value), kind, value))
        text += value + after.replace("{w}", _word(source))
    return Document(text + _prose(source, between), tuple(planted))


def _prose(source: random.Random, between: tuple[int, int]) -> str:
    sentences = source.randint(*between)
    return prose(sentences, seed=source.randrange(1 << 30)) + " " if sentences else ""


def _word(source: random.Random) -> str:
    return "".join(source.choice(_SYLLABLES) for _ in range(5))


def _digits(source: random.Random, count: int) -> str:
    return "".join(source.choice("0123456789") for _ in range(count))


def _email(source: random.Random) -> str:
    """Return an address, every fourth one such as mailing lists make, long before its ``@``."""
    host = source.choice(("example.com", "mail.example.org", "example.net"))
    name = f"{_word(source)}.{_word(source)}"
    if source.random() < 0.25:
        name = f"bounce.{_digits(source, 12)}.{_word(source)}.{_word(source)}.{name}"[:64]
    return f"{name}@{host}"


def _phone(source: random.Random) -> str:
    area = source.choice(("212", "312", "415", "617", "206", "303"))
    form = source.choice(("+1 {} 555 01{}", "({}) 555-01{}", "{}-555-01{}"))
    return form.format(area, _digits(source, 2))


def _card(source: random.Random) -> str:
    number = source.choice(("4", "51", "55")) + _digits(source, 14)
    number = number[:15]
    doubled = [int(digit) * (2 if at % 2 == 0 else 1) for at, digit in enumerate(number)]
    number += str(-sum(digit // 10 + digit % 10 for digit in doubled) % 10)
    return _in_fours(number) if source.random() < 0.5 else number


def _iban(source: random.Random) -> str:
    account = _digits(source, 18)
    check = 98 - int(account + "131400") % 97  # DE00 behind the account
    iban = f"DE{check:02}{account}"
    return _in_fours(iban) if source.random() < 0.5 else iban


def _in_fours(text: str) -> str:
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def _ssn(source: random.Random) -> str:
    return f"{source.randint(201, 665)}-{source.randint(11, 99)}-{source.randint(1000, 9998)}"


def _address(source: random.Random) -> str:
    if source.random() < 0.5:
        return ".".join(str(source.randint(11, 254)) for _ in range(4))
    return ":".join(f"{source.randint(0x1000, 0xFFFF):x}" for _ in range(8))


def _url(source: random.Random) -> str:
    """Return a link, every second one signed and longer than most windows."""
    link = f"https://{_word(source)}.example.com/{_word(source)}?id={_digits(source, 6)}"
    if source.random() < 0.5:
        link += "&signature=" + "".join(source.choice("0123456789abcdef") for _ in range(180))
    return link


_MAKERS = {
    "EMAIL_ADDRESS": _email,
    "PHONE_NUMBER": _phone,
    "CREDIT_CARD": _card,
    "IBAN_CODE": _iban,
    "US_SSN": _ssn,
    "IP_ADDRESS": _address,
    "URL": _url,
}
