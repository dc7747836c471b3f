"""Requests that differ anywhere have different keys."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streamward.cache import KEY_BYTES, SHARED, RequestIdentity, request_key, scope_of

SECRET = bytes(range(32))

# Few letters and short parts, so that Hypothesis finds parts that only differ in where they end.
blobs = st.binary(max_size=3) | st.lists(
    st.sampled_from([b"\0", b"a", b":", b"\1"]), max_size=3
).map(b"".join)
strings = st.text("a:\0\ud800", max_size=3)
pairs = st.lists(st.tuples(blobs, blobs), max_size=2).map(tuple)
fields = {
    "method": strings,
    "path": blobs,
    "query": blobs,
    "content_type": strings,
    "body": blobs,
    "scope": blobs,
    "headers": pairs,
    "host": st.none() | blobs,
    "policy": strings,
}
identities = st.builds(RequestIdentity, **fields)


def test_the_strategy_knows_every_field() -> None:
    assert fields.keys() == {field.name for field in dataclasses.fields(RequestIdentity)}


@given(identities, identities)
def test_equal_keys_mean_equal_identities(one: Any, other: Any) -> None:
    assert (one.key(SECRET) == other.key(SECRET)) == (one == other)


@given(identities, st.sampled_from(sorted(fields)), st.data())
def test_every_field_counts(identity: RequestIdentity, name: str, data: st.DataObject) -> None:
    value: Any = data.draw(fields[name])
    assume(value != getattr(identity, name))

    assert dataclasses.replace(identity, **{name: value}).key(SECRET) != identity.key(SECRET)


@given(st.lists(blobs, max_size=4), st.lists(blobs, max_size=4))
def test_parts_have_no_delimiter_to_forge(one: Any, other: Any) -> None:
    assert (request_key(SECRET, one) == request_key(SECRET, other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([b"ab", b"c"], [b"a", b"bc"]),
        ([b"", b"a"], [b"a", b""]),
        ([b"a"], [b"a", b""]),
        ([], [b""]),
        ([b"m", b"user: u"], [b"muser: u"]),  # a collision LiteLLM has
        ([b"a" + (1).to_bytes(8, "big") + b"b"], [b"a", b"b"]),  # a part that spells a length
    ],
)
def test_known_ambiguities(one: Any, other: Any) -> None:
    assert request_key(SECRET, one) != request_key(SECRET, other)


def test_the_form_of_a_key() -> None:
    hashed = b"".join(
        len(part).to_bytes(8, "big") + part for part in (b"streamward-key-1", b"x", b"")
    )

    assert request_key(SECRET, [b"x", b""]) == hmac.new(SECRET, hashed, hashlib.sha256).digest()
    assert len(request_key(SECRET, [])) == KEY_BYTES
    assert request_key(SECRET, []) != request_key(SECRET[::-1], [])


def test_no_host_is_not_an_empty_host() -> None:
    identity = RequestIdentity(method="POST", path=b"/", body=b"", scope=SHARED)

    assert identity.key(SECRET) != dataclasses.replace(identity, host=b"").key(SECRET)


def test_the_representation_tells_no_prompt() -> None:
    identity = RequestIdentity(
        method="POST", path=b"/", body=b"prompt", scope=b"who", headers=((b"a", b"token"),)
    )

    assert not any(word in repr(identity) for word in ("prompt", "who", "token"))


credentials = st.lists(st.tuples(st.sampled_from([b"cookie", b"authorization"]), blobs), max_size=3)


@given(credentials, credentials)
def test_scopes_are_equal_for_equal_credentials_only(one: Any, other: Any) -> None:
    mine, theirs = scope_of(one), scope_of(other)
    assume(mine is not None and theirs is not None)

    assert (mine == theirs) == (one == other)


@given(credentials)
def test_no_principal_is_everybody(pairs: Any) -> None:
    assert scope_of(pairs) != SHARED


@pytest.mark.parametrize(
    "nobody", [[], [(b"authorization", b"")], [(b"cookie", b""), (b"x-api-key", b"")]]
)
def test_without_credentials_there_is_no_scope(nobody: Any) -> None:
    assert scope_of(iter(nobody)) is None


def test_header_names_have_no_case() -> None:
    assert scope_of([(b"Cookie", b"A")]) == scope_of([(b"cookie", b"A")])
    assert scope_of([(b"Cookie", b"A")]) != scope_of([(b"cookie", b"a")])


def test_a_scope_does_not_show_the_credential() -> None:
    assert b"sk-123" not in (scope_of([(b"authorization", b"sk-123")]) or b"")
