"""Personal data of every default English entity, valid and nearly valid, drawn by chance."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from random import Random
from uuid import UUID

from support.secrets import SECRETS

__all__ = ["VALUES", "near_miss", "value"]

# The checksums of these need more than a line; Presidio's own examples do.
_WALLETS = (
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ",
    "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
)
_HOSTS = ("example.com", "mail.example.co.uk", "bbc.co.uk", "x.org", "a.io", "xn--80ak6aa92e.com")
_NAMES = ("jane", "ada.lovelace", "o'hara", "x_1", "a+b", "j.d-e", "root")
_MONTHS = ("Jan", "MAR", "dec", "September", "May")


def _digits(chance: Random, count: int) -> str:
    return "".join(chance.choices(string.digits, k=count))


def _spaced(chance: Random, text: str, size: int) -> str:
    joint = chance.choice(("", "", " ", "-"))
    return joint.join(text[at : at + size] for at in range(0, len(text), size))


def _card(chance: Random) -> str:
    prefix, length = chance.choice((("4", 16), ("55", 16), ("37", 15), ("6011", 16), ("4", 13)))
    body = prefix + _digits(chance, length - len(prefix) - 1)
    doubled = [int(d) * (2 - at % 2) for at, d in enumerate(reversed(body))]
    check = -sum(d // 10 + d % 10 for d in doubled) % 10
    return _spaced(chance, f"{body}{check}", 4)


def _iban(chance: Random) -> str:
    country, length, letters = chance.choice((("DE", 18, 0), ("GB", 14, 4), ("FR", 23, 0)))
    body = "".join(chance.choices(string.ascii_uppercase, k=letters)) + _digits(chance, length)
    number = int("".join(str(int(char, 36)) for char in f"{body}{country}00"))
    return _spaced(chance, f"{country}{98 - number % 97:02}{body}", 4)


def _nhs(chance: Random) -> str:
    while True:
        body = _digits(chance, 9)
        check = -sum(int(d) * weight for d, weight in zip(body, range(10, 1, -1), strict=True)) % 11
        if check < 10:
            return _spaced(chance, body, 3) + str(check)


def _licence(chance: Random) -> str:
    body = _digits(chance, 6)
    check = sum(map(int, body[::2])) + 2 * sum(map(int, body[1::2]))
    return f"{chance.choice('ABFM')}{chance.choice(string.ascii_uppercase)}{body}{check % 10}"


def _date(chance: Random) -> str:
    day, month, year = chance.randint(1, 31), chance.randint(1, 12), chance.randint(1950, 2030)
    name = chance.choice(_MONTHS)
    return chance.choice(
        (
            f"{month}/{day}/{year}",
            f"{day}.{month}.{year}",
            f"{year}-{month:02}-{day:02}",
            f"{year}-{month:02}-{day:02}T06:07:08Z",
            f"{day}-{name}-{year}",
            f"{name}-{year}",
            f"{month:02}-{day:02}",
        )
    )


def _address(chance: Random) -> str:
    four = ".".join(str(chance.randint(0, 260)) for _ in range(4))
    six = ":".join(f"{chance.randrange(1 << 16):x}" for _ in range(chance.randint(3, 8)))
    return chance.choice((four, six, f"fe80::{six[:9]}", f"::ffff:{four}", f"{six}/64", "::1"))


def _mac(chance: Random) -> str:
    joint = chance.choice(":-")
    pairs = [f"{chance.randrange(256):02{chance.choice('xX')}}" for _ in range(6)]
    return joint.join(pairs)


def _phone(chance: Random) -> str:
    area, middle, last = (
        chance.choice(("212", "415", "650")),
        _digits(chance, 3),
        _digits(chance, 4),
    )
    return chance.choice(
        (
            f"{area}-{middle}-{last}",
            f"({area}) {middle}-{last}",
            f"+1 {area} {middle} {last}",
            f"+1{area}555{last} ext. {middle}",
            f"+44 20 7946 0{middle}",
            f"+49 30 {middle}{last}",
            f"030 {middle}{last}",
            f"{area}.{middle}.{last}x{middle[:2]}",
        )
    )


def _url(chance: Random) -> str:
    scheme = chance.choice(("https://", "http://", "", "www.", "HTTPS://"))
    tail = chance.choice(("", "/", "/a/b?c=d&e=%20f#g", "/x,y;z", "/~me/(1)", ":8080/p", "?q=ü"))
    return f"{scheme}{chance.choice(_HOSTS)}{tail}"


VALUES: Mapping[str, Callable[[Random], str]] = {
    "CREDIT_CARD": _card,
    "CRYPTO": lambda chance: chance.choice(_WALLETS),
    "DATE_TIME": _date,
    "EMAIL_ADDRESS": lambda chance: f"{chance.choice(_NAMES)}@{chance.choice(_HOSTS)}",
    "IBAN_CODE": _iban,
    "IP_ADDRESS": _address,
    "MAC_ADDRESS": _mac,
    "MEDICAL_LICENSE": _licence,
    "PHONE_NUMBER": _phone,
    "UK_NHS": _nhs,
    "URL": _url,
    "US_BANK_NUMBER": lambda chance: _digits(chance, chance.randint(8, 17)),
    "US_DRIVER_LICENSE": lambda chance: chance.choice("HKA") + _digits(chance, 8),
    "US_ITIN": lambda chance: f"9{_digits(chance, 2)}-7{_digits(chance, 1)}-{_digits(chance, 4)}",
    "US_PASSPORT": lambda chance: chance.choice("9Z") + _digits(chance, 8),
    "US_SSN": lambda chance: f"{_digits(chance, 3)}-{_digits(chance, 2)}-{_digits(chance, 4)}",
    "UUID": lambda chance: str(UUID(int=chance.getrandbits(128), version=chance.choice((1, 4)))),
}
"""How a value of each entity is made; not each of them passes its checksum."""


def value(chance: Random) -> str:
    """Return a value of any entity, with the words that lift it, or without."""
    entity = chance.choice(tuple(VALUES))
    words = SECRETS[entity][0] if chance.random() < 0.6 else ""
    return words + VALUES[entity](chance)


def near_miss(chance: Random) -> str:
    """Return a value with one character changed, doubled, left out or put in."""
    text = value(chance)
    at = chance.randrange(len(text))
    new = chance.choice((text[at] * 2, "", chance.choice(string.printable), chance.choice(".:-@ ")))
    return text[:at] + new + text[at + 1 :]
