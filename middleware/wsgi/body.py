"""What the server iterates over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

__all__ = ["Body", "Stage"]


class Stage(Protocol):
    """What a body needs of its exchange."""

    def chunk(self) -> bytes | None:
        """Return the next bytes, or None at their end."""
        ...

    def close(self) -> None:
        """End the exchange."""
        ...


class Body:
    """The body of a response.

    Args:
        stage: the exchange.
        first: what comes first; None: nothing comes.
    """

    def __init__(self, stage: Stage, first: bytes | None) -> None:
        self._stage = stage
        self._first = first
        self._begun = False
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return the next bytes."""
        if self._begun:
            chunk = self._stage.chunk()
        else:
            self._begun, chunk = True, self._first
        if chunk is None:
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Finish, or stop the application where the client has left."""
        if not self._closed:
            self._closed = True
            self._stage.close()
