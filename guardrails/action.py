"""What happens to a finding.

``redact``, ``replace``, ``mask`` and ``hash`` are presidio-anonymizer's operators, so that a text
edited here equals one edited there; ``block`` and ``flag`` are ours.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol

from ..wire.errors import ConfigurationError, MissingExtraError

__all__ = [
    "Action",
    "ActionLike",
    "Block",
    "Flag",
    "Hash",
    "Mask",
    "Redact",
    "Replace",
    "action_of",
    "check_key",
    "key_digest",
    "opened_key",
]

Kind = Literal["edit", "block", "flag"]


class Action(Protocol):
    """Turns the text of a finding into what the reader gets instead."""

    @property
    def kind(self) -> Kind:
        """``"edit"`` rewrites, ``"block"`` ends the answer, ``"flag"`` only reports."""
        ...

    def apply(self, text: str, entity: str) -> str:
        """Return the text that stands in place of ``text``; deterministic."""
        ...

    def fingerprint(self) -> str:
        """Describe the action for the cache key, without its secrets."""
        ...


@cache
def _operator(name: str, needed_by: str) -> Any:
    try:
        from presidio_anonymizer import operators
    except ImportError as error:
        raise MissingExtraError("pii", needed_by) from error
    return getattr(operators, name)()


@dataclass(frozen=True, slots=True)
class Redact:
    """Write the entity's name in place of the text: ``<EMAIL_ADDRESS>``. The default."""

    kind: Kind = field(default="edit", init=False)

    def apply(self, text: str, entity: str) -> str:
        """Return ``<ENTITY>``, as Presidio's *replace* without a new value does."""
        del text
        return f"<{entity}>"

    def fingerprint(self) -> str:
        """Return the name; there is nothing to configure."""
        return "redact"


@dataclass(frozen=True, slots=True)
class Replace:
    """Write a fixed text in place of the finding.

    Args:
        text: the new text; ``{entity}`` in it becomes the entity's name.
    """

    text: str
    kind: Kind = field(default="edit", init=False)

    def apply(self, text: str, entity: str) -> str:
        """Return the template with the entity's name filled in."""
        del text
        return self.text.replace("{entity}", entity)

    def fingerprint(self) -> str:
        """Return the name and the template."""
        return f"replace:{self.text!r}"


@dataclass(frozen=True, slots=True)
class Mask:
    """Write a character over the finding, keeping its length.

    Args:
        char: the character to write; one character.
        keep_last: how many characters at the end stay readable (``4``: the usual card receipt).
            A finding that is not longer than this is masked as a whole.

    Raises:
        ConfigurationError: ``char`` is not one character, or ``keep_last`` is negative.
    """

    char: str = "*"
    keep_last: int = 0
    kind: Kind = field(default="edit", init=False)

    def __post_init__(self) -> None:
        if len(self.char) != 1:
            raise ConfigurationError("Mask(char=...) takes exactly one character, such as '*'")
        if self.keep_last < 0:
            raise ConfigurationError("Mask(keep_last=...) counts characters: 0 or more")

    def apply(self, text: str, entity: str) -> str:
        """Return the text with its first characters overwritten (Presidio's *mask*)."""
        del entity
        kept = self.keep_last if self.keep_last < len(text) else 0
        params = {
            "masking_char": self.char,
            "chars_to_mask": len(text) - kept,
            "from_end": False,
        }
        masked: str = _operator("Mask", "Mask()").operate(text, params)
        return masked

    def fingerprint(self) -> str:
        """Return the name and both settings."""
        return f"mask:{self.char!r}:{self.keep_last}"


@dataclass(frozen=True, slots=True)
class Hash:
    """Write a keyed digest of the finding: the same value gives the same digest.

    Args:
        key: at least 16 bytes that only you know: a value has the same digest in every stream.
            Default: a new random key for each stream, so that a value has the same digest within
            it, and nobody can link two streams. A digest without any key could be reversed by
            trying all phone numbers or card numbers.

    Raises:
        ConfigurationError: the key is shorter than 16 bytes.
    """

    key: bytes | None = field(default=None, repr=False)
    kind: Kind = field(default="edit", init=False)

    def __post_init__(self) -> None:
        check_key("Hash", self.key)

    def opened(self) -> Hash:
        """Return the action for one stream: itself, or one with a random key."""
        return Hash(secrets.token_bytes(32)) if self.key is None else self

    def apply(self, text: str, entity: str) -> str:
        """Return 64 hex digits (Presidio's *hash*, SHA-256, salted with the key).

        Raises:
            ConfigurationError: there is no key, and the action was not opened for a stream.
        """
        del entity
        params = {"hash_type": "sha256", "salt": opened_key("Hash", self.key)}
        # Half a surrogate pair has no UTF-8.
        known = text.encode("utf-8", "replace").decode()
        digest: str = _operator("Hash", "Hash()").operate(known, params)
        return digest

    def fingerprint(self) -> str:
        """Return the name and a digest of the key, if there is one."""
        return f"hash:{key_digest('hash', self.key)}"


@dataclass(frozen=True, slots=True)
class Block:
    """End the answer where the finding begins, as the dialect ends a refused one."""

    kind: Kind = field(default="block", init=False)

    def apply(self, text: str, entity: str) -> str:
        """Return nothing: the finding and all behind it never leave."""
        del text, entity
        return ""

    def fingerprint(self) -> str:
        """Return the name; there is nothing to configure."""
        return "block"


@dataclass(frozen=True, slots=True)
class Flag:
    """Deliver the finding unchanged and report it."""

    kind: Kind = field(default="flag", init=False)

    def apply(self, text: str, entity: str) -> str:
        """Return the text itself."""
        del entity
        return text

    def fingerprint(self) -> str:
        """Return the name; there is nothing to configure."""
        return "flag"


ActionLike = Action | Literal["redact", "mask", "block", "flag"]
"""An action, or the name of one that needs no setting."""

_NAMED: dict[str, Action] = {"redact": Redact(), "mask": Mask(), "block": Block(), "flag": Flag()}


def action_of(action: ActionLike) -> Action:
    """Return the action that a name stands for, or the action itself.

    Raises:
        ConfigurationError: the name is unknown, or needs settings (``Hash(key=...)``).
    """
    if not isinstance(action, str):
        return action
    if action not in _NAMED:
        raise ConfigurationError(
            f"unknown action {action!r}: write one of {', '.join(sorted(_NAMED))}, "
            "or Replace(text), Mask(char, keep_last), Hash(key), Fake(key)",
        )
    return _NAMED[action]


def check_key(action: str, key: bytes | None) -> None:
    """Check the key of an action.

    Raises:
        ConfigurationError: it is no bytes, or shorter than 16.
    """
    if key is not None and (not isinstance(key, bytes) or len(key) < 16):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            f"{action}(key=...) needs at least 16 bytes: secrets.token_bytes(32)"
        )


def opened_key(action: str, key: bytes | None) -> bytes:
    """Return the key of an action that is used.

    Raises:
        ConfigurationError: it has none, because it was not opened for a stream.
    """
    if key is None:
        raise ConfigurationError(
            f"{action}() without a key is made for a stream: write {action}().opened()"
        )
    return key


def key_digest(action: str, key: bytes | None) -> str:
    """Return what a fingerprint says about a key: a digest; a key per stream has none."""
    if key is None:
        return "per stream"
    return hmac.new(key, f"streamward {action} action".encode(), hashlib.sha256).hexdigest()[:16]
