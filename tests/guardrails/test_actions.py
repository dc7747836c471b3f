"""Each action, on one finding; the editing ones against presidio-anonymizer itself."""

from __future__ import annotations

from typing import Any, cast

import pytest
from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult

from streamward.errors import ConfigurationError
from streamward.guardrails import Action, Block, Flag, Hash, Mask, Redact, Replace
from streamward.guardrails.action import action_of

KEY = b"0123456789abcdef"
TEXT = "4111 1111 1111 1111"


def anonymized(operator: str, **params: Any) -> str:
    """Return what presidio-anonymizer makes of the text."""
    return (
        AnonymizerEngine()
        .anonymize(
            TEXT,
            [RecognizerResult("CREDIT_CARD", 0, len(TEXT), 1.0)],
            {"CREDIT_CARD": OperatorConfig(operator, params)},
        )
        .text
    )


@pytest.mark.parametrize(
    ("action", "operator", "params"),
    [
        (Redact(), "replace", {}),
        (Replace("<card>"), "replace", {"new_value": "<card>"}),
        (Mask(), "mask", {"masking_char": "*", "chars_to_mask": 99, "from_end": False}),
        (Mask("#", 4), "mask", {"masking_char": "#", "chars_to_mask": 15, "from_end": False}),
        (Hash(KEY), "hash", {"hash_type": "sha256", "salt": KEY}),
    ],
)
def test_equals_presidio(action: Action, operator: str, params: dict[str, Any]) -> None:
    assert anonymized(operator, **params) == action.apply(TEXT, "CREDIT_CARD")
    assert action.kind == "edit"


def test_results() -> None:
    assert Redact().apply(TEXT, "CREDIT_CARD") == "<CREDIT_CARD>"
    assert Replace("[{entity}]").apply(TEXT, "CREDIT_CARD") == "[CREDIT_CARD]"
    assert Mask(keep_last=4).apply(TEXT, "CREDIT_CARD") == "*" * 15 + "1111"
    assert Block().apply(TEXT, "CREDIT_CARD") == ""
    assert Flag().apply(TEXT, "CREDIT_CARD") == TEXT


def test_mask_never_shows_a_short_finding() -> None:
    assert Mask(keep_last=4).apply("1234", "US_SSN") == "****"
    assert Mask(keep_last=4).apply("123", "US_SSN") == "***"
    assert Mask(keep_last=4).apply("51234", "US_SSN") == "*1234"


def test_hash_is_keyed_and_repeatable() -> None:
    one, other = Hash(KEY), Hash(KEY[::-1])

    assert one.apply(TEXT, "X") == one.apply(TEXT, "Y")
    assert one.apply(TEXT, "X") != other.apply(TEXT, "X")
    assert len(one.apply(TEXT, "X")) == 64


def test_half_a_surrogate_pair_can_be_hashed() -> None:
    assert len(Hash(KEY).apply("\ud83d", "X")) == 64


def test_hash_without_a_key_is_keyed_for_each_stream() -> None:
    one, other = Hash().opened(), Hash().opened()

    assert one.apply(TEXT, "X") == one.apply(TEXT, "X")
    assert one.apply(TEXT, "X") != other.apply(TEXT, "X")
    assert Hash(KEY).opened() == Hash(KEY)
    assert Hash().fingerprint() == Hash().fingerprint()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Hash(b"short"), "at least 16 bytes"),
        (lambda: Hash(cast("Any", "0123456789abcdef")), "needs at least 16"),
        (lambda: Hash().apply(TEXT, "X"), r"Hash\(\).opened\(\)"),
        (lambda: Mask(""), "exactly one character"),
        (lambda: Mask("**"), "one character, such as"),
        (lambda: Mask(keep_last=-1), "0 or more"),
        (lambda: action_of(cast("Any", "blur")), "unknown action 'blur'"),
    ],
)
def test_wrong_settings(make: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        make()


def test_names_stand_for_actions() -> None:
    assert [Redact(), Mask(), Block(), Flag()] == [
        action_of("redact"),
        action_of("mask"),
        action_of("block"),
        action_of("flag"),
    ]
    assert Mask("#") == action_of(Mask("#"))


def test_fingerprints_tell_actions_apart_and_no_key() -> None:
    actions: list[Action] = [
        Redact(), Block(), Flag(), Mask(), Mask("#"), Mask(keep_last=4),
        Replace("a"), Replace("b"), Hash(), Hash(KEY), Hash(KEY[::-1]),
    ]  # fmt: skip
    fingerprints = [action.fingerprint() for action in actions]

    assert len(set(fingerprints)) == len(actions)
    assert KEY.decode() not in "".join(fingerprints)
    assert "0123456789abcdef" not in repr(actions)
