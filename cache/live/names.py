"""What things are called in Redis. Nothing readable about a request is in a name."""

from __future__ import annotations

import base64

__all__ = ["Names", "readable"]


def readable(key: bytes) -> str:
    """Return bytes in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii")


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

    def epoch(self, scope: bytes | None) -> str:
        """Return the name of the mark of a scope, hashed already; None: of all."""
        # One slot for all of them: they are asked for in pairs.
        return f"{self._prefix}:{{epochs}}:{'all' if scope is None else readable(scope)}"
