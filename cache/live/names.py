"""What things are called in Redis. Nothing readable about a request is in a name."""

from __future__ import annotations

import base64
import binascii
from typing import Final, Literal, NamedTuple

from ..key import KEY_BYTES

__all__ = ["EPOCH_BYTES", "YEAR_SECONDS", "Kind", "Name", "Names", "bytes_of", "readable"]

EPOCH_BYTES: Final = 16

#: The longest that anything is kept.
YEAR_SECONDS: Final = 365 * 86_400

Kind = Literal["recording", "lease", "scope", "other"]


class Name(NamedTuple):
    """What a name in Redis stands for.

    Attributes:
        kind: ``"lease"``: an answer is being given; ``"scope"``: the mark of a scope.
        id: of the request, or of the scope; readable, and tells nothing about it.
    """

    kind: Kind
    id: str


def readable(key: bytes) -> str:
    """Return bytes in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii")


def bytes_of(text: str) -> bytes:
    """Return the bytes that are :func:`readable` as ``text``; none if there are none."""
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""
    return found if readable(found) == text else b""


class Names:
    """The names under one prefix.

    The braces keep what belongs to one request in one cluster slot.

    Args:
        prefix: what all names begin with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.secret = f"{prefix}:secret"

    def recording(self, key: bytes) -> str:
        """Return the name of the recording."""
        return f"{self._prefix}:{{{readable(key)}}}"

    def lease(self, key: bytes) -> str:
        """Return the name of the right to answer."""
        return f"{self.recording(key)}:lease"

    def log(self, key: bytes, generation: bytes) -> str:
        """Return the name of the log of one answer."""
        return f"{self.recording(key)}:log:{readable(generation)}"

    def wishes(self, key: bytes, generation: bytes) -> str:
        """Return the name of what others want of whoever gives the answer."""
        return f"{self.recording(key)}:wishes:{readable(generation)}"

    def news(self, key: bytes, generation: bytes) -> str:
        """Return the channel on which those who follow hear of new entries of the log."""
        return f"{self.recording(key)}:news:{readable(generation)}"

    def calls(self, process: bytes) -> str:
        """Return the channel on which a process hears that there are wishes."""
        return f"{self._prefix}:{{calls:{readable(process)}}}"

    def quota(self, scope: bytes, epoch: bytes) -> str:
        """Return the name of the list of what a scope keeps since it was purged last."""
        return f"{self._prefix}:{{quota:{readable(scope)}}}:{readable(epoch)}"

    def epoch(self, scope: bytes | None) -> str:
        """Return the name of the mark of a scope, hashed already; None: of all."""
        # One slot for all of them: they are asked for in pairs.
        return f"{self._prefix}:{{epochs}}:{'all' if scope is None else readable(scope)}"

    def read(self, name: str) -> Name:
        """Return what a name under this prefix stands for."""
        tag, _, rest = name.removeprefix(f"{self._prefix}:{{").partition("}")
        if tag == "epochs" and rest.startswith(":") and rest != ":all":
            return Name("scope", rest[1:])
        if len(bytes_of(tag)) == KEY_BYTES and rest in {"", ":lease"}:
            return Name("lease" if rest else "recording", tag)
        return Name("other", tag)
