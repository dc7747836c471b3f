"""Whether a plain text body is something else under a wrong name."""

from __future__ import annotations

from ..wire import CODED, PLAIN, SSE, Framing, may_be_coded, may_be_sse

__all__ = ["Sniffer"]


class Sniffer:
    """Looks at the first bytes of a plain text body; they wait until it knows.

    Args:
        framing: how the content type says it is cut.

    Attributes:
        found: what the bytes have turned out to be, if not plain text.
    """

    def __init__(self, framing: Framing) -> None:
        self._begin = b""
        self._unsure = framing is PLAIN
        self.found: Framing | None = None

    def take(self, chunk: bytes) -> bytes:
        """Take bytes; return those that may go on."""
        if not self._unsure:
            return chunk
        self._begin += chunk
        sse, coded = may_be_sse(self._begin), may_be_coded(self._begin)
        self._unsure = sse is None or coded is None
        if not self._unsure:
            self.found = SSE if sse else CODED if coded else None
        return b"" if self._unsure else self._begin

    def rest(self) -> bytes:
        """Return what still waits when the body is over."""
        rest, self._unsure = self._begin if self._unsure else b"", False
        return rest
