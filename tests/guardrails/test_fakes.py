"""Made-up values: nobody's, the same for the same value, and nothing of the original."""

from __future__ import annotations

import ipaddress
import json
import random
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.secrets import SECRETS, cuts, pieces, texts
from support.streams import DONE, chat_frame, chat_text

from streamward.errors import ConfigurationError, MissingExtraError
from streamward.guardrails import PII, Fake
from streamward.guardrails.fake_values import FAKED
from streamward.middleware.pipeline import Pipeline
from streamward.middleware.policy import Limits
from streamward.wire import SSE

KEY = b"0123456789abcdef"
# What is set aside for examples, or cannot be issued.
SAFE = {
    "CREDIT_CARD": r"4\d{15}",
    "CRYPTO": r"1[1-9A-HJ-NP-Za-km-z]{33}",
    "DATE_TIME": r"\d\d/\d\d/(19|20)\d\d",
    "EMAIL_ADDRESS": r"[\w.-]+@example\.(com|net|org)",
    "IBAN_CODE": r"[A-Z]{2}00[A-Z0-9]{10,30}",
    "IP_ADDRESS": r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}",
    "MAC_ADDRESS": r"00:00:5E:00:53:[0-9A-F]{2}",
    "MEDICAL_LICENSE": r"B[A-Z]\d{7}",
    "PHONE_NUMBER": r"[2-4][02-8]\d-555-01\d\d",
    "UK_NHS": r"999 \d{3} \d{4}",
    "URL": r"https://www\.example\.(com|net|org)/[a-z-]+",
    "US_BANK_NUMBER": r"000\d{9}",
    "US_DRIVER_LICENSE": r"X000\d{5}",
    "US_ITIN": r"9\d\d-00-\d{4}",
    "US_PASSPORT": r"000\d{6}",
    "US_SSN": r"666-\d\d-\d{4}",
    "UUID": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
}


def luhn_holds(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


@cache
def pii(key: bytes | None = KEY) -> PII:
    return PII(action=Fake(key))


def carried(stream: bytes, at: list[int], guard: PII) -> bytes:
    pipeline = Pipeline(SSE, headers={}, path="/", guards=[guard], limits=Limits())
    left = [frame for chunk in pieces(stream, at) for frame in pipeline.feed(chunk)]
    left += pipeline.finish()
    assert pipeline.failure is None
    return b"".join(left)


# Values


def test_every_default_entity_has_a_value():
    assert pii().entities == set(SAFE) <= set(FAKED)


@pytest.mark.parametrize("entity", sorted(SAFE))
def test_a_value_is_nobodys_and_not_the_original(entity):
    original = SECRETS[entity][1]
    made = {Fake(bytes([n]) * 16).apply(original, entity) for n in range(100)}

    assert all(re.fullmatch(SAFE[entity], one) for one in made)
    assert original not in made
    assert len(made) > 75


def test_checksums_are_wrong():
    makers = [Fake(bytes([n]) * 16) for n in range(50)]

    cards = [make.apply("1", "CREDIT_CARD") for make in makers]
    wallets = [make.apply("1", "CRYPTO") for make in makers]
    licences = [make.apply("1", "MEDICAL_LICENSE") for make in makers]

    assert luhn_holds("4111111111111111") and not any(map(luhn_holds, cards))
    (original,) = PII(entities=["MEDICAL_LICENSE"]).find("certificate DEA BB1388568")
    assert original.entity == "MEDICAL_LICENSE"
    checked = PII(entities=["CREDIT_CARD", "CRYPTO", "MEDICAL_LICENSE"], threshold=0.9)
    assert (
        checked.find(f"card, wallet, certificate DEA: {', '.join(cards + wallets + licences)}")
        == []
    )


@pytest.mark.parametrize(
    ("entity", "one", "other"),
    [
        ("CREDIT_CARD", "4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("CREDIT_CARD", "4111 1111 1111 1111", "\uff14\uff11\uff11\uff11 1111 1111 1111"),
        ("EMAIL_ADDRESS", "Jane@Example.com", "jane@example.com"),
        ("EMAIL_ADDRESS", "jane@example.com", "ja\u200bne@example.com"),
        ("PERSON", "Jane  Doe", "jane\ndoe"),
        ("MAC_ADDRESS", "00:1B:44:11:3A:B7", "00-1b-44-11-3a-b7"),
    ],
)
def test_a_value_written_in_another_way_is_the_same_value(entity, one, other):
    assert Fake(KEY).apply(one, entity) == Fake(KEY).apply(other, entity)


@pytest.mark.parametrize(
    ("entity", "one", "other"),
    [
        ("IP_ADDRESS", "1.11.2.3", "11.1.2.3"),
        ("EMAIL_ADDRESS", "a.b@example.com", "ab@example.com"),
        ("PHONE_NUMBER", "212 555 0142", "212 555 0143"),
    ],
)
def test_other_values_are_kept_apart(entity, one, other):
    assert Fake(KEY).apply(one, entity) != Fake(KEY).apply(other, entity)


def test_what_tells_the_reader_how_it_is_written_stays():
    fake = Fake(KEY)

    made = ipaddress.ip_address(fake.apply("fe80::1", "IP_ADDRESS"))
    assert made in ipaddress.ip_network("2001:db8::/32")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", fake.apply("2001-02-03", "DATE_TIME"))
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4}", fake.apply("3.2.2001", "DATE_TIME"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", fake.apply("yesterday", "DATE_TIME"))
    assert fake.apply("jane.org/x", "URL").startswith("www.example.")


def test_different_values_mostly_get_different_ones():
    addresses = {Fake(KEY).apply(f"person{n}@example.com", "EMAIL_ADDRESS") for n in range(200)}

    assert len(addresses) > 190


def test_a_value_that_would_stay_as_it_is_is_drawn_again():
    fakes = [Fake(KEY, values={"COIN": lambda faker: faker.random_element(("heads", "tails"))})]

    assert {fake.apply("heads", "COIN") for fake in fakes} == {"tails"}
    assert Fake(KEY, values={"COIN": lambda _: "heads"}).apply("Heads", "COIN") == "<COIN>"


def test_kinds_without_a_value_get_their_name_or_what_the_user_says():
    fake = Fake(KEY, values={"TICKET": lambda faker: faker.numerify("TICKET-####")})

    assert fake.apply("German", "NRP") == "<NRP>"
    assert fake.apply("…", "UNDECIDED") == "<UNDECIDED>"
    assert re.fullmatch(r"TICKET-\d{4}", fake.apply("TICKET-4711", "TICKET"))
    assert fake.apply("x", "TICKET") == fake.apply("x", "TICKET")


def test_a_locale_changes_names():
    names = [Fake(KEY, locale=one).apply("Jane Doe", "PERSON") for one in ("en_US", "ja_JP")]

    assert names[0].isascii()
    assert not names[1].isascii()


@pytest.mark.parametrize("locale", ["de_DE", "fa_IR", "th_TH", "zh_CN"])
def test_values_are_nobodys_in_every_locale(locale):
    """Faker's own numbers differ by locale; some locales lack what others have."""
    fake = Fake(KEY, locale=locale)

    for entity, (_, original) in SECRETS.items():
        assert re.fullmatch(SAFE[entity], fake.apply(original, entity)), entity


def test_nothing_global_is_seeded_and_threads_do_not_disturb_each_other():
    before = random.getstate()
    originals = [f"person{n}@example.com" for n in range(100)]
    alone = [Fake(KEY).apply(one, "EMAIL_ADDRESS") for one in originals]

    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda one: Fake(KEY).apply(one, "EMAIL_ADDRESS"), originals))

    assert together == alone
    assert random.getstate() == before


# Settings


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Fake(b"short"), "at least 16 bytes"),
        (lambda: Fake("x" * 16), "needs at least 16 bytes"),
        (lambda: Fake(locale="xx_XX"), "no such locale"),
        (lambda: Fake().apply("x", "URL"), r"Fake\(\).opened\(\)"),
    ],
)
def test_wrong_settings(make: Any, says: str):
    with pytest.raises(ConfigurationError, match=says):
        make()


def test_a_missing_library_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "faker", None)

    with pytest.raises(MissingExtraError, match=r"streamward\[fake\]"):
        Fake(locale="it_IT")


def test_fingerprints_tell_settings_apart_and_no_key():
    fakes = [
        Fake(KEY), Fake(KEY[::-1]), Fake(), Fake(locale="de_DE"), Fake(version="2"),
        Fake(values={"URL": test_wrong_settings}), Fake(KEY, values={"X": test_wrong_settings}),
    ]  # fmt: skip

    assert len({fake.fingerprint() for fake in fakes}) == len(fakes)
    assert Fake().opened().fingerprint() != Fake().opened().fingerprint()
    assert Fake().fingerprint() == Fake().fingerprint()
    assert KEY.decode() not in repr(fakes) + "".join(fake.fingerprint() for fake in fakes)


# Streams


@given(st.data())
def test_p2_at_every_cut_a_value_becomes_the_same(data):
    text = data.draw(texts)
    at = data.draw(cuts(len(text)))
    frames = [chat_frame({"content": piece}) for piece in pieces(text, at)]
    stream = b"".join([*frames, chat_frame({}, "stop"), DONE])

    body = carried(stream, data.draw(cuts(len(stream), 60)), pii())

    expected = text
    for finding in reversed(pii().find(text)):
        start, end = finding.start, finding.end
        made = Fake(KEY).apply(text[start:end], finding.entity)
        expected = text[:start] + made + text[end:]
        text = text[:start] + made + text[end:]
    assert chat_text(body) == expected


@given(st.data(), st.sampled_from(sorted(SAFE)))
def test_without_a_key_a_value_becomes_the_same_in_all_channels_of_a_stream(data, entity):
    words, value = SECRETS[entity]
    text = f"my {words}{value} ok"
    arguments = json.dumps({"to": text})
    said = [{"content": one} for one in pieces(text, data.draw(cuts(len(text), 5)))]
    said += [{"reasoning_content": one} for one in pieces(text, data.draw(cuts(len(text), 5)))]
    said += [
        {"tool_calls": [{"index": 0, "function": {"arguments": one}}]}
        for one in pieces(arguments, data.draw(cuts(len(arguments), 5)))
    ]
    stream = b"".join([*map(chat_frame, said), chat_frame({}, "stop"), DONE])

    body = carried(stream, data.draw(cuts(len(stream), 60)), pii(None))

    content = reasoning = called = ""
    for block in body.split(b"\n\n"):
        if block.startswith(b"data: {"):
            delta = json.loads(block[6:])["choices"][0]["delta"]
            content += delta.get("content") or ""
            reasoning += delta.get("reasoning_content") or ""
            for call in delta.get("tool_calls", ()):
                called += call["function"]["arguments"]
    assert content == reasoning == json.loads(called)["to"]
    assert content != text and value not in content
    assert re.search(SAFE[entity], content)
