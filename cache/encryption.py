"""What a store holds, made unreadable to whoever can read the store.

The sealed form is ``MAGIC``, one version byte, the id of the key, a random nonce, and what
AES-256-GCM makes of the data.

Strategy: a random nonce of 96 bits is safe for some 2³² messages under one key, which a busy
cache passes in weeks. So each entry is sealed with a key of its own, derived from the configured
one and the entry's name: only the few versions of one entry share a key, and what was moved to
another name does not open.
"""

from __future__ import annotations

import hmac
import importlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from ..wire.errors import ConfigurationError, CorruptRecordingError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Encryption"]

_KEY_BYTES: Final = 32
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12

MAGIC: Final = b"swsea"
_VERSION: Final = b"\x01"
_HEAD_BYTES: Final = len(MAGIC + _VERSION) + _ID_BYTES

# Neither begins the other: no name of an entry can make its key equal to the id of a key.
_ID_LABEL: Final = b"streamward-seal-id-1"
_ENTRY_LABEL: Final = b"streamward-seal-entry-1"


@dataclass(frozen=True, slots=True)
class Encryption:
    """Seals recordings with AES-256-GCM: unreadable, and any change to them is noticed.

    To change the key, put the new one in front of the old one. Take the old one away when the
    recordings made with it have run out (``CachePolicy(ttl=…)``); any left are then as if they
    were not there.

    Attributes:
        keys: of 32 random bytes each. The first one seals, each of them opens.

    Raises:
        ConfigurationError: there is no key, one is not 32 bytes, or one stands there twice.
        MissingExtraError: ``cryptography`` is not installed.
    """

    keys: Sequence[bytes] = field(repr=False)

    def __post_init__(self) -> None:
        """Check the keys, and that the library is there."""
        keys = tuple(self.keys)
        given = cast("tuple[object, ...]", keys)  # one key alone is a sequence, too: of numbers
        wrong = any(not isinstance(key, bytes) or len(key) != _KEY_BYTES for key in given)
        if not keys or wrong or len(set(keys)) < len(keys):
            raise ConfigurationError(
                "Encryption(keys=…) wants one or more different keys of 32 bytes: "
                "write keys=[bytes.fromhex(…)] with what `openssl rand -hex 32` prints"
            )
        try:
            importlib.import_module(".aead", __package__)  # missing now, not at the first request
        except ImportError as error:
            raise MissingExtraError("encryption", "Encryption()") from error
        object.__setattr__(self, "keys", keys)

    def seal(self, entry: bytes, data: bytes) -> bytes:
        """Return ``data`` sealed for the entry of this name; 42 bytes longer.

        Args:
            entry: the name, of any length: the key of a request.
            data: what to seal.
        """
        from .aead import encrypt

        key = self.keys[0]
        head = MAGIC + _VERSION + _id_of(key)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return head + nonce + encrypt(_entry_key(key, entry), nonce, data, head + entry)

    def open(self, entry: bytes, sealed: bytes) -> bytes:
        """Return what was sealed for the entry of this name.

        Raises:
            CorruptRecordingError: it was not, or not with one of the keys, or not like this.
        """
        from .aead import decrypt

        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        for key in self.keys:
            if head == MAGIC + _VERSION + _id_of(key):
                nonce, data = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
                plain = decrypt(_entry_key(key, entry), nonce, data, head + entry)
                if plain is None:
                    raise CorruptRecordingError("the sealed recording is damaged")
                return plain
        raise CorruptRecordingError("not sealed, or with another key")


def _id_of(key: bytes) -> bytes:
    return hmac.digest(key, _ID_LABEL, "sha256")[:_ID_BYTES]


def _entry_key(key: bytes, entry: bytes) -> bytes:
    return hmac.digest(key, _ENTRY_LABEL + entry, "sha256")
