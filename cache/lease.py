"""The right to give the one answer to a request, and the duty to say how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from .recording import Recording
from .running import Running

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Claim", "Lease"]


class Lease(Protocol):
    """What whoever asks the application holds, until the answer has ended.

    Attributes:
        running: the answer, for those who follow it; empty at first.
    """

    running: Running

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Call ``stop``, in whatever thread, when somebody asks for the answer to end."""
        ...

    async def readers(self) -> int:
        """Return how many others read the answer at this moment, in every process."""
        ...

    async def finish(
        self, recording: Recording | None, ttl: float, *, quota: int | None = None
    ) -> None:
        """Keep the answer for ``ttl`` seconds, if it is one to keep, and let go of the right.

        To be called once the answer has ended; again does nothing. ``quota`` as in
        :meth:`Cache.put`.

        Raises:
            CacheError: it was not kept. The right is given back all the same, or runs out.
        """
        ...


Claim: TypeAlias = Recording | Running | Lease
"""What a request is told: there is a recording; somebody is being answered; it is up to you."""
