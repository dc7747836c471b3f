"""AES-256-GCM. Only this module imports the extra ``encryption``."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["decrypt", "encrypt"]


def encrypt(key: bytes, nonce: bytes, data: bytes, bound_to: bytes) -> bytes:
    """Return ``data`` encrypted, and 16 bytes that vouch for it and for ``bound_to``."""
    return AESGCM(key).encrypt(nonce, data, bound_to)


def decrypt(key: bytes, nonce: bytes, data: bytes, bound_to: bytes) -> bytes | None:
    """Return what :func:`encrypt` was given, or None if anything differs."""
    try:
        return AESGCM(key).decrypt(nonce, data, bound_to)
    except (InvalidTag, ValueError):  # a nonce or data cut short is a ValueError
        return None
