"""What makes a request the same as another one: whose it is, and what it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from ..cache import SHARED, RequestIdentity, canonical_body, scope_of, scope_of_principal
from .cache_policy import CachePolicy, Scope

__all__ = ["identify", "is_cacheable", "whose_is"]

# POST and QUERY carry the prompt in the body, GET (EventSource) in the query.
_METHODS = frozenset({"GET", "POST", "QUERY"})

_CREDENTIALS = frozenset(
    {
        b"api-key",
        b"authorization",
        b"cookie",
        b"proxy-authorization",
        b"x-api-key",
        b"x-auth-token",
        b"x-goog-api-key",
    },
)

# Headers that change from one sending of a request to the next and never its answer. All others
# are part of the key: an explicit list of exceptions, never a list of what counts.
_IGNORED = frozenset(
    {
        b"accept-encoding",
        b"baggage",
        b"cache-control",
        b"cdn-loop",
        b"cf-connecting-ip",
        b"cf-ipcountry",
        b"cf-ray",
        b"cf-visitor",
        b"connection",
        b"content-length",
        b"date",
        b"dnt",
        b"expect",
        b"idempotency-key",
        b"if-modified-since",
        b"if-none-match",
        b"keep-alive",
        b"pragma",
        b"priority",
        b"purpose",
        b"referer",
        b"te",
        b"traceparent",
        b"tracestate",
        b"transfer-encoding",
        b"true-client-ip",
        b"upgrade-insecure-requests",
        b"user-agent",
        b"via",
        b"x-forwarded-for",
        b"x-forwarded-port",
        b"x-forwarded-proto",
        b"x-forwarded-server",
        b"x-real-ip",
    },
)
_IGNORED_PREFIXES = (
    b"sec-",
    b"x-amzn-trace",
    b"x-b3-",
    b"x-request-",
    b"x-stainless-",
)

_FORMS = ("multipart/", "application/x-www-form-urlencoded")


def is_cacheable(scope: Scope, limit: int) -> bool:
    """Whether a request may have a key at all, before its body is read."""
    if scope["method"] not in _METHODS:
        return False
    headers = dict(scope["headers"])
    if headers.get(b"content-type", b"").decode("latin-1").lower().startswith(_FORMS):
        return False
    length = headers.get(b"content-length", b"0")
    return length.isdigit() and int(length) <= limit


def identify(
    scope: Scope,
    body: bytes,
    policy: CachePolicy,
    fingerprint: str,
    *,
    resuming: bool = False,
) -> RequestIdentity | None:
    """Say what a request is.

    Args:
        scope: the ASGI scope.
        body: the whole request body.
        policy: how the route caches.
        fingerprint: of everything else that shapes the answer.
        resuming: whether ``Last-Event-ID`` is ours, and says where to go on, not what is asked.

    Returns:
        The identity, or None when nobody knows whose the answer would be.

    Raises:
        UncacheableRequestError: the body cannot be told apart from others safely.
    """
    whose = whose_is(scope, policy)
    if whose is None:
        return None
    headers = [(name.lower(), value) for name, value in scope["headers"]]
    first = dict(reversed(headers))
    ignored = {*policy.ignore_headers, "last-event-id"} if resuming else policy.ignore_headers
    content_type = first.get(b"content-type", b"").decode("latin-1")
    return RequestIdentity(
        method=scope["method"],
        host=first.get(b"host"),
        path=scope.get("raw_path") or scope["path"].encode(),
        query=scope.get("query_string", b""),
        content_type=content_type,
        body=canonical_body(content_type, body, limit=max(1, len(body))),  # was limited when read
        scope=whose,
        headers=_that_count(_without_first(headers), ignored),
        # What one route keeps must not be served where nobody wants it kept.
        policy=":".join((fingerprint, *sorted(policy.keep))),
    )


def whose_is(scope: Scope, policy: CachePolicy) -> bytes | None:
    """Return the scope of a request; None when nobody knows whose its answer would be."""
    if policy.shared:
        return SHARED
    if policy.principal is not None:
        name = _told(policy.principal, scope)
        return scope_of_principal(name) if name else None
    found = [
        (name.lower(), value) for name, value in scope["headers"] if name.lower() in _CREDENTIALS
    ]
    return scope_of(sorted(found))


def _told(principal: Callable[[Scope], str | None], scope: Scope) -> str | None:
    """Ask the user's function; who cannot be told is nobody, and nothing is cached for them."""
    try:
        return principal(scope)
    except Exception as error:  # noqa: BLE001 - the cache is comfort, the answer is not
        structlog.get_logger("streamward").error("principal_failed", error=type(error).__name__)
        return None


def _without_first(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Leave out what has a field of its own; a second one counts, as some applications read it."""
    own = {b"content-type", b"host"}
    rest: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if name in own:
            own.discard(name)
        else:
            rest.append((name, value))
    return rest


def _that_count(
    headers: Iterable[tuple[bytes, bytes]],
    ignored: Iterable[str],
) -> tuple[tuple[bytes, bytes], ...]:
    also = {name.lower().encode("latin-1") for name in ignored}
    return tuple(
        sorted(
            (name, value)
            for name, value in headers
            if name not in _IGNORED
            and name not in _CREDENTIALS
            and name not in also
            and not name.startswith(_IGNORED_PREFIXES)
        ),
    )
