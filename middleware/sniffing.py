"""Whether a plain text body is SSE under a wrong name."""

from __future__ import annotations

from ..wire import PLAIN, Framing, may_be_sse

__all__ = ["Sniffer"]


class Sniffer:
    """Looks at the first bytes of a plain text body; they wait until it knows.

    Args:
        framing: how the content type says it is cut.

    Attributes:
        is_sse: True once the bytes have turned out to be SSE.
    """

    def __init__(self, framing: Framing) -> None:
        self._begin = b""
        self._unsure = framing is PLAIN
        self.is_sse = False

    def take(self, chunk: bytes) -> bytes:
        """Take bytes; return those that may go on."""
        if not self._unsure:
            return chunk
        self._begin += chunk
        verdict = may_be_sse(self._begin)
        self._unsure = verdict is None
        self.is_sse = verdict is True
        return b"" if self._unsure else self._begin

    def rest(self) -> bytes:
        """Return what still waits when the body is over."""
        rest, self._unsure = self._begin if self._unsure else b"", False
        return rest
