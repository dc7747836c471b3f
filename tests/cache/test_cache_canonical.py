"""Equal requests have equal forms; requests that may differ in meaning never do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streamward.cache import MAX_BODY_BYTES, canonical_body
from streamward.errors import UncacheableRequestError

if TYPE_CHECKING:
    import random

JSON = "application/json"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: shuffled(value[name], chance) for name in names}
    if isinstance(value, list):
        return [shuffled(item, chance) for item in value]
    return value


@given(
    values, st.randoms(use_true_random=False), st.sampled_from([None, 0, 3, "\t"]), st.booleans()
)
def test_order_spacing_and_escapes_do_not_count(
    value: Any, chance: random.Random, indent: Any, escape: Any
) -> None:
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    other = json.dumps(shuffled(value, chance), indent=indent, ensure_ascii=escape).encode()

    assert canonical_body(JSON, plain) == canonical_body(JSON, b"\r\n " + other + b"\n")
    assert canonical_body(JSON, plain).startswith(b"json:")


@given(values, values)
def test_different_values_differ(one: Any, other: Any) -> None:
    texts = [json.dumps(value, sort_keys=True).encode() for value in (one, other)]
    assume(texts[0] != texts[1])

    assert canonical_body(JSON, texts[0]) != canonical_body(JSON, texts[1])


@given(st.binary(max_size=40), st.binary(max_size=40), st.sampled_from([JSON, "", "text/plain"]))
def test_a_raw_body_never_equals_a_canonical_one(one: Any, other: Any, content_type: str) -> None:
    canonical = canonical_body(JSON, b'{"b":1,"a":2}')

    assert canonical_body("text/plain", canonical) != canonical
    assert canonical_body("text/plain", canonical.removeprefix(b"json:")) != canonical
    assert (canonical_body("", one) == canonical_body("", other)) == (one == other)
    assert canonical_body(content_type, one).startswith((b"raw:", b"json:"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"1", b"1.0"),
        (b"1", b"1e0"),
        (b"0", b"-0"),
        (b'{"seed":1152921504606846976}', b'{"seed":1152921504606846977}'),  # 2**60
        (b"1e400", b"1e401"),  # both overflow to the same float
        (b"1" * 5000, b"1" * 4999 + b"2"),  # more digits than int() reads
        (b'"1"', b"1"),
        (b'"\\u00e9"', b'"e\\u0301"'),  # no Unicode normalisation
        (b"[1,2]", b"[2,1]"),
        (b"{}", b"[]"),
        (b'{"a":null}', b"{}"),
        (b"true", b"1"),
        (b'"true"', b"true"),
    ],
)
def test_kept_apart(one: Any, other: Any) -> None:
    forms = {canonical_body(JSON, one), canonical_body(JSON, other)}

    assert len(forms) == 2
    assert all(form.startswith(b"json:") for form in forms)


def test_a_large_seed_is_exact() -> None:
    assert canonical_body(JSON, b'{"seed": %d}' % 2**60) == b'json:{"seed":1152921504606846976}'


def test_escaped_pairs_equal_the_character() -> None:
    assert canonical_body(JSON, b'"\\ud83d\\ude00"') == canonical_body(JSON, '"😀"'.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"NaN",
        b'{"t":Infinity}',
        b"[-Infinity]",
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'"\xed\xa0\x80"',  # half a pair, spelled as if it were UTF-8
        b"\xff",
        b"\xef\xbb\xbf{}",  # a byte order mark
        "{}".encode("utf-16"),
        b"01",
        b"+1",
        b"1 2",
        b"'a'",
        b'"\n"',
        b'{"a":1,}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_not_json_stands_for_itself(body: bytes) -> None:
    assert canonical_body(JSON, body) == b"raw:" + body


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'[[{"x":[{"n":1,"m":2,"n":3}]}]]',
        b'{"":0,"":1}',
    ],
)
def test_duplicate_names_have_no_form(body: bytes) -> None:
    with pytest.raises(UncacheableRequestError) as caught:
        canonical_body(JSON, body)

    assert caught.value.reason == "duplicate_name"


def test_equal_names_in_different_objects_are_no_duplicates() -> None:
    assert canonical_body(JSON, b'[{"a":{"a":1}},{"a":2}]') == b'json:[{"a":{"a":1}},{"a":2}]'


@pytest.mark.parametrize(
    ("content_type", "tag"),
    [
        ("application/json", b"json:"),
        ("Application/JSON ; charset=utf-8", b"json:"),
        ("application/vnd.api+json", b"json:"),
        ("application/problem+JSON;x=y", b"json:"),
        ("", b"raw:"),
        ("text/plain", b"raw:"),
        ("application/jsonl", b"raw:"),
        ("application/x-ndjson", b"raw:"),
        ("text/plain; note=application/json", b"raw:"),
    ],
)
def test_the_media_type_decides(content_type: str, tag: bytes) -> None:
    assert canonical_body(content_type, b"{}") == tag + b"{}"


@pytest.mark.parametrize("content_type", [JSON, "text/plain"])
def test_the_limit(content_type: str) -> None:
    canonical_body(content_type, b"[1,2,3]", limit=7)
    with pytest.raises(UncacheableRequestError) as caught:
        canonical_body(content_type, b"[1,2,3]", limit=6)

    assert caught.value.reason == "too_large"


def test_the_default_limit() -> None:
    assert canonical_body("", bytes(MAX_BODY_BYTES))
    with pytest.raises(UncacheableRequestError):
        canonical_body("", bytes(MAX_BODY_BYTES + 1))
