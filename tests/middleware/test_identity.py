"""Requests that differ in anything that may change the answer have different keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.asgi import scope_of

from streamward import CachePolicy
from streamward.middleware.identity import identify

SECRET = bytes(range(32))

# Short, few letters, and what a careless key would put between two parts.
values = st.text("ab:,;=\0 \n", max_size=4).map(str.encode)
names = st.sampled_from([b"accept", b"authorization", b"content-type", b"cookie", b"x-a", b"x-ab"])
headers = st.lists(st.tuples(names, values), max_size=4)
known = headers.map(lambda pairs: [(b"cookie", b"known"), *pairs])
requests = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "QUERY"]),
        "path": st.text("/a:%", max_size=3).map(lambda rest: "/" + rest),
        "query": values,
        "headers": headers,
        "body": values,
        "principal": st.sampled_from(["a", "ab", "principal:a"]),
        "keep": st.sets(st.sampled_from(["length", "content_filter"])).map(frozenset),
        "fingerprint": st.sampled_from(["a", "b"]),
    }
)
json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab\u00e9", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


def key_of(request: dict[str, Any], **changed: Any) -> bytes:
    given = {**request, **changed}
    scope = scope_of(given["path"], method=given["method"], query=given["query"])
    scope["headers"] += given["headers"]
    policy = CachePolicy(principal=lambda _: given["principal"], keep=given["keep"])
    identity = identify(scope, given["body"], policy, given["fingerprint"])
    assert identity is not None
    return identity.key(SECRET)


def that_count(request: dict[str, Any]) -> dict[str, Any]:
    """Who is named by a principal may come with any credentials; the order of headers is none."""
    kept = [pair for pair in request["headers"] if pair[0] not in (b"authorization", b"cookie")]
    types = [pair for pair in kept if pair[0] == b"content-type"]
    rest = sorted(pair for pair in kept if pair[0] != b"content-type")
    first = types[:1] if types and types[0][1] else []  # an empty one says as much as none
    return {**request, "headers": [*first, *sorted(types[1:]), *rest]}


@given(requests, requests)
def test_equal_keys_mean_equal_requests(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (key_of(one) == key_of(other)) == (that_count(one) == that_count(other))


@given(requests, requests, st.data())
def test_each_part_counts(one: dict[str, Any], other: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(one)))
    changed = {**one, name: other[name]}
    assume(that_count(one) != that_count(changed))

    assert key_of(one) != key_of(changed)


@given(known, known)
def test_credentials_tell_scopes_apart(one: Any, other: Any) -> None:
    def whose(pairs: Any) -> bytes | None:
        scope = scope_of()
        scope["headers"] += pairs
        identity = identify(scope, b"", CachePolicy(), "")
        return identity and identity.scope

    mine, theirs = whose(one), whose(other)
    secret = (b"authorization", b"cookie")
    credentials = [sorted(pair for pair in pairs if pair[0] in secret) for pairs in (one, other)]

    assert (mine == theirs) == (credentials[0] == credentials[1])


@given(requests, json_values, st.sampled_from([None, 0, 3, "\t"]), st.booleans())
def test_json_has_no_order_and_no_spacing(
    request: dict[str, Any], value: Any, indent: Any, escape: Any
) -> None:
    def turned(inner: Any) -> Any:
        if isinstance(inner, dict):
            return {name: turned(inner[name]) for name in reversed(inner)}
        return [turned(item) for item in inner] if isinstance(inner, list) else inner

    typed = {**request, "headers": [(b"content-type", b"application/json")]}
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    other = json.dumps(turned(value), indent=indent, ensure_ascii=escape).encode()

    assert key_of(typed, body=plain) == key_of(typed, body=b" \n" + other + b"\r\n")


@pytest.mark.parametrize(
    "name",
    [
        b"x-forwarded-user",
        b"x-forwarded-email",
        b"x-forwarded-groups",
        b"x-forwarded-client-cert",
        b"x-forwarded-host",
        b"x-forwarded-prefix",
        b"x-real-user",
    ],
)
def test_who_a_proxy_says_it_is_counts(name: bytes) -> None:
    """A proxy that knows the user sends the same credentials of its own for all of them."""
    request = {
        "path": "/",
        "method": "POST",
        "query": b"",
        "body": b"",
        "principal": "service",
        "keep": frozenset(),
        "fingerprint": "",
    }

    assert key_of(request, headers=[(name, b"alice")]) != key_of(request, headers=[(name, b"bob")])
