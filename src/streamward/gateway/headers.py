"""What goes with a request, and with its answer: what is meant for the other end, as it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from ..errors import ConfigurationError
from ..middleware.headers import Headers

__all__ = ["Forwarded", "added_headers", "end_to_end", "for_upstream", "wants_websocket"]

Forwarded = Literal["leave", "append", "replace"]

# They are about one connection (RFC 9110 §7.6.1 and §11.7).
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    },
)

# The server has answered `Expect: 100-continue` when it gave us the body.
_MET_HERE = frozenset({b"expect"})


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the headers without those about the connection; names in lower case, as ASGI wants.

    ``Connection`` may name further ones, but not those that say what the body is.
    """
    lower = [(name.lower(), value) for name, value in headers]
    named = {
        option.strip().lower()
        for name, value in lower
        if name == b"connection"
        for option in value.split(b",")
    }
    dropped = _HOP_BY_HOP | {name for name in named if not name.startswith(b"content-")}
    return [(name, value) for name, value in lower if name not in dropped]


def for_upstream(
    scope: Any,
    *,
    host: bytes | None,
    added: Mapping[bytes, bytes],
    forwarded: Forwarded,
    chunked: bool,
) -> Headers:
    """Return the headers of a request to the upstream, in the order in which they came.

    Args:
        scope: the ASGI scope.
        host: the upstream's; None leaves the client's.
        added: further ones, instead of what the client says under the same name.
        forwarded: what becomes of ``X-Forwarded-For``, ``-Proto`` and ``-Host``.
        chunked: True where nobody knows how long the body is.
    """
    came = end_to_end(scope["headers"])
    given = {**({b"host": host} if host else {}), **_forwarded(scope, came, forwarded), **added}
    length = {b"content-length"} if chunked else set[bytes]()
    headers = _with(came, given, _MET_HERE | length | _outdated(forwarded))
    return [*headers, (b"transfer-encoding", b"chunked")] if chunked else headers


def wants_websocket(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request asks for another protocol, and could not do without."""
    return any(n.lower() == b"upgrade" and v.lower() == b"websocket" for n, v in headers)


def added_headers(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """Return headers that a user wants with every request.

    Raises:
        ConfigurationError: one that cannot be sent, or is not for users to say. It quotes no value.
    """
    found: dict[bytes, bytes] = {}
    for name, value in headers.items():
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise ConfigurationError("headers=... takes names such as 'Authorization'")
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise ConfigurationError(f"the value for {name} in headers=... cannot be sent")
        key = name.lower().encode("ascii")
        if key in _HOP_BY_HOP or key in (b"content-length", b"host"):
            raise ConfigurationError(f"headers=... must not say {name}: the gateway does")
        found[key] = value.encode("ascii")
    return found


def _with(came: Headers, given: Mapping[bytes, bytes], dropped: frozenset[bytes]) -> Headers:
    """Put headers in the place of those of the same name, or at the end."""
    left = dict(given)
    headers: Headers = []
    for name, value in came:
        if name not in given and name not in dropped:
            headers.append((name, value))
        elif name in left:
            headers.append((name, left.pop(name)))
    return [*headers, *left.items()]


def _outdated(forwarded: Forwarded) -> frozenset[bytes]:
    return frozenset({b"forwarded"}) if forwarded == "replace" else frozenset()


def _forwarded(scope: Any, came: Headers, how: Forwarded) -> dict[bytes, bytes]:
    """Return what this gateway says of the client that asks it."""
    if how == "leave":
        return {}
    client = scope.get("client")
    peer = client[0].encode("ascii") if client else b"unknown"
    seen = {b"x-forwarded-proto": scope.get("scheme", "http").encode("ascii")}
    if (host := dict(came).get(b"host")) is not None:
        seen[b"x-forwarded-host"] = host
    if how == "replace":
        return {**seen, b"x-forwarded-for": peer}
    before = [value for name, value in came if name == b"x-forwarded-for"]
    said = {name for name, _ in came}
    missing = {name: value for name, value in seen.items() if name not in said}
    return {**missing, b"x-forwarded-for": b", ".join([*before, peer])}
