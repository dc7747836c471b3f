"""Values that Presidio's default English recognisers find, and text to hide them in."""

from __future__ import annotations

from itertools import pairwise
from typing import AnyStr

from hypothesis import strategies as st

# One value for each default entity, with the words that lift it over the threshold.
SECRETS: dict[str, tuple[str, str]] = {
    "CREDIT_CARD": ("card number ", "4111 1111 1111 1111"),
    "CRYPTO": ("wallet ", "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ"),
    "DATE_TIME": ("born on ", "12/05/1987"),
    "EMAIL_ADDRESS": ("mail ", "jane.doe@example.com"),
    "IBAN_CODE": ("IBAN ", "DE89 3704 0044 0532 0130 00"),
    "IP_ADDRESS": ("server ", "192.168.10.20"),
    "MAC_ADDRESS": ("MAC address ", "00:1B:44:11:3A:B7"),
    "MEDICAL_LICENSE": ("certificate DEA ", "BB1388568"),
    "PHONE_NUMBER": ("phone ", "+1 212 555 0142"),
    "UK_NHS": ("NHS number ", "401-023-2137"),
    "URL": ("see ", "https://example.com/private?id=7"),
    "US_BANK_NUMBER": ("bank account number ", "945456787654"),
    "US_DRIVER_LICENSE": ("driver license ", "H12234567"),
    "US_ITIN": ("individual taxpayer itin ", "911-70-1234"),
    "US_PASSPORT": ("passport number ", "912803456"),
    "US_SSN": ("social security number ssn ", "856-45-6789"),
    "UUID": ("identifier uuid ", "123e4567-e89b-42d3-a456-426614174000"),
}

_WORDS = [
    "the",
    "answer",
    "is",
    "quite",
    "short",
    "and",
    "it",
    "says",
    "nothing",
    "new",
    "about",
    "streams",
    "(or",
    "lakes),",
    "cafés,",
    "naïve",
    '"quotes";',
    "日本語",
    "too\u2028",
    "and",
    "emoji",
    "😀",
    "fine.",
    "Next\nline",
    "ends",
    "here!",
    "Really?",
    "Version",
    "two",
    "of",
    "it",
    "costs",
    "ten",
    "euros",
    "—",
    "ответ",
    "απάντηση",
    "מלל",
    "نص،",
    "คำตอบ",
    "उत्तर।",
    "back\\slash",
    "\\u0041\\n",
    "{[tab]\t}",
    "or",
    "more",
]

words = st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join)
secret = st.sampled_from(sorted(SECRETS)).map(lambda name: "".join(SECRETS[name]))
texts = st.lists(st.one_of(words, secret), min_size=1, max_size=6).map(" ".join)
clean_texts = st.lists(words, min_size=1, max_size=4).map(" ".join)


@st.composite
def cuts(draw: st.DrawFn, length: int, most: int = 30) -> list[int]:
    """Draw positions at which something of this length is cut."""
    return sorted(draw(st.lists(st.integers(0, length), max_size=most)))


def pieces(whole: AnyStr, at: list[int]) -> list[AnyStr]:
    """Cut at these positions."""
    edges = [0, *at, len(whole)]
    return [whole[a:b] for a, b in pairwise(edges)]
