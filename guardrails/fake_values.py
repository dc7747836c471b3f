"""Made-up values, kind by kind, that are nobody's.

Each is drawn from what is set aside for examples: domains (RFC 2606), addresses (RFC 5737, 3849,
7042), telephone numbers (555-0100 to 555-0199 of an area). Where nothing is set aside the value is
one that cannot be issued: a wrong checksum, or a part that no issuer uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faker import Faker

__all__ = ["FAKED", "same_value"]

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SEPARATORS = re.compile(r"[\W_]+")
_SPACES = re.compile(r"\s+")
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737
_FIRST_DAY, _DAYS = date(1950, 1, 1), 27_000
# The shapes in which Presidio's recogniser finds dates; the others become the first.
_DATES = (
    ("%Y-%m-%d", re.compile(r"\d{4}-\d\d?-\d\d?")),
    ("%Y/%m/%d", re.compile(r"\d{4}/\d\d?/\d\d?")),
    ("%m/%d/%Y", re.compile(r"\d\d?/\d\d?/\d{2,4}")),
    ("%d.%m.%Y", re.compile(r"\d\d?\.\d\d?\.\d{2,4}")),
    ("%m-%d-%Y", re.compile(r"\d\d?-\d\d?-\d{2,4}")),
)


def _phone(faker: Faker, _: str) -> str:
    # Area codes 200 to 489 without the service codes; the exchange 555-01 is for fiction in each.
    area = faker.random_element(("2", "3", "4")) + faker.random_element("02345678")
    return f"{area}{faker.numerify('#-555-01##')}"


def _card(faker: Faker, _: str) -> str:
    digits = faker.numerify("4##############")
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[::2]]
    right = -sum(doubled) - sum(map(int, digits[1::2]))  # Luhn, modulo 10
    return f"{digits}{(right + 5) % 10}"


def _iban(faker: Faker, _: str) -> str:
    number = faker.iban()
    return f"{number[:2]}00{number[4:]}"  # check digits are 02 to 98


def _medical_license(faker: Faker, _: str) -> str:
    digits = faker.numerify("######")
    odd, even = sum(map(int, digits[::2])), sum(map(int, digits[1::2]))
    return f"{faker.lexify('B?').upper()}{digits}{(odd + 2 * even + 5) % 10}"


def _network_address(faker: Faker, original: str) -> str:
    if ":" in original:
        return "2001:db8::" + faker.hexify("^^^^:^^^^")
    return f"{faker.random_element(_NETWORKS)}.{faker.random_int(1, 254)}"


def _link(faker: Faker, original: str) -> str:
    scheme = "https://" if "://" in original else ""
    return f"{scheme}www.example.{faker.random_element(('com', 'net', 'org'))}/{faker.slug()}"


def _day(faker: Faker, original: str) -> str:
    shape = next((one for one, regex in _DATES if regex.fullmatch(original)), _DATES[0][0])
    return (_FIRST_DAY + timedelta(days=faker.random_int(0, _DAYS))).strftime(shape)


def _wallet(faker: Faker, _: str) -> str:
    return "1" + "".join(faker.random_choices(_BASE58, length=33))


def _shaped(shape: str) -> Callable[[Faker, str], str]:
    return lambda faker, _: faker.numerify(shape)


FAKED: Mapping[str, Callable[[Faker, str], str]] = {
    "CREDIT_CARD": _card,
    "CRYPTO": _wallet,
    "DATE_TIME": _day,
    "EMAIL_ADDRESS": lambda faker, _: faker.safe_email(),
    "IBAN_CODE": _iban,
    "IP_ADDRESS": _network_address,
    "LOCATION": lambda faker, _: faker.city(),
    "MAC_ADDRESS": lambda faker, _: faker.hexify("00:00:5E:00:53:^^", upper=True),
    "MEDICAL_LICENSE": _medical_license,
    "ORGANIZATION": lambda faker, _: faker.company(),
    "PERSON": lambda faker, _: faker.name(),
    "PHONE_NUMBER": _phone,
    "UK_NHS": _shaped("999 ### ####"),  # set aside for tests
    "URL": _link,
    "US_BANK_NUMBER": _shaped("000#########"),
    "US_DRIVER_LICENSE": _shaped("X000#####"),
    "US_ITIN": _shaped("9##-00-####"),  # group 00 is neither an ITIN nor a SSN
    "US_PASSPORT": _shaped("000######"),  # 00 is no issuing office
    "US_SSN": _shaped("666-##-####"),  # never issued
    "UUID": lambda faker, _: str(faker.uuid4()),
}
"""How a value of each kind is made, from a seeded source and the plain original."""

# In these a separator does not tell two values apart.
_NUMBERS = frozenset(FAKED) - {
    "CRYPTO",
    "DATE_TIME",
    "EMAIL_ADDRESS",
    "IP_ADDRESS",
    "URL",
}


def same_value(plain: str, entity: str) -> str:
    """Return what two ways of writing a value have in common: case, and separators, aside."""
    folded = _SPACES.sub(" ", plain.casefold())
    return _SEPARATORS.sub("", folded) if entity in _NUMBERS else folded
