"""What makes two requests the same, as one keyed hash.

Strategy: parts are never simply put one after the other. Each goes in with its length in
front, so the list can be read back from the hashed bytes in one way only, and no part can reach
over into its neighbour. The hash is keyed (RFC 2104), so that who sees the names of entries
cannot try out prompts against them.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "KEY_BYTES",
    "SCOPE_ID_BYTES",
    "SHARED",
    "RequestIdentity",
    "request_key",
    "scope_id",
    "scope_of",
    "scope_of_principal",
]

KEY_BYTES: Final = 32
SCOPE_ID_BYTES: Final = 16

#: The scope of recordings that are served to everybody. Scopes of principals begin with
#: another word, so none can equal it.
SHARED: Final = b"shared"

# Raised when the meaning of any part changes: old entries are then never found again.
_VERSION: Final = b"streamward-key-1"
_PRINCIPAL: Final = b"principal:"


def request_key(secret: bytes, parts: Sequence[bytes]) -> bytes:
    """Return the key of a request: 32 bytes, HMAC-SHA256 over ``parts``.

    Two different lists have different keys, also when their concatenations are equal.

    Args:
        secret: the store's secret (``await cache.secret()``).
        parts: any byte strings, of any number and length.
    """
    return hmac.digest(secret, _length_prefixed([_VERSION, *parts]), "sha256")


def scope_of(credentials: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the scope of whoever sent these credentials, or None if there are none.

    None means that nobody knows whose answer this would be: do not cache, unless the user
    shares in so many words (P9, :data:`SHARED`).

    Args:
        credentials: header names and values, in a fixed order. Names are compared without
            regard to case. Values that are all empty are no credentials.
    """
    pairs = [(name.lower(), value) for name, value in credentials]
    if not any(value for _, value in pairs):
        return None
    return _PRINCIPAL + hashlib.sha256(_pairs(pairs)).digest()


def scope_of_principal(name: str) -> bytes:
    """Return the scope of somebody who is known by name (``CachePolicy(principal=…)``)."""
    return _PRINCIPAL + hashlib.sha256(_pairs([(b"principal", _text(name))])).digest()


def scope_id(secret: bytes, scope: bytes) -> bytes:
    """Return what a scope is called where others may read it: 16 bytes that tell nothing.

    Args:
        secret: the store's secret (``await cache.secret()``): without it nobody can try out names.
        scope: what :func:`scope_of` or :func:`scope_of_principal` returned, or :data:`SHARED`.
    """
    return request_key(secret, [b"scope", scope])[:SCOPE_ID_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestIdentity:
    """Everything about a request that can change its answer. Differing in one field is enough.

    Attributes:
        method: as sent (``"POST"``).
        path: the path as it stood in the request line, still percent-encoded.
        query: what followed the question mark, as sent.
        content_type: the value of ``Content-Type``, ``""`` if absent.
        body: what :func:`canonical_body` returned.
        scope: what :func:`scope_of` returned, or :data:`SHARED`.
        headers: the other headers that the answer varies with, in a fixed order.
        host: None where one application answers alike under every name.
        policy: a fingerprint of the settings that shape the answer: what was recorded under
            one set of guards must not be replayed under another.
    """

    method: str
    path: bytes
    query: bytes = b""
    content_type: str = ""
    body: bytes = field(repr=False)
    scope: bytes = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    host: bytes | None = None
    policy: str = ""

    def key(self, secret: bytes) -> bytes:
        """Return the key of this request under ``secret``, 32 bytes."""
        return request_key(
            secret,
            [
                _text(self.method),
                # No host and an empty host are two things.
                b"" if self.host is None else b"=" + self.host,
                self.path,
                self.query,
                _text(self.content_type),
                self.scope,
                _pairs(self.headers),
                self.body,
                _text(self.policy),
            ],
        )


def _length_prefixed(parts: Iterable[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _pairs(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    return _length_prefixed(part for pair in pairs for part in pair)


def _text(text: str) -> bytes:
    # Servers hand on what clients send: half a surrogate pair must not raise here.
    return text.encode("utf-8", "surrogatepass")
