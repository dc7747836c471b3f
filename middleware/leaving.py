"""What becomes of an answer whose client has left (promise P11)."""

from __future__ import annotations

import asyncio
import time

import structlog

from ..cache import Lease
from ..wire.errors import CacheError
from .pipeline import Pipeline
from .policy import OnLeave, Progress

__all__ = ["Solitude", "alone", "wants_end"]

# Readers in other processes come and go unseen: while there are any, they are counted again.
_LOOK_AGAIN = 1.0


class Solitude:
    """Knows for how long nobody has read an answer.

    Args:
        lease: the right to give the answer, which knows its readers; None: there are none.
        grace: the seconds without a reader that are long enough.
    """

    def __init__(self, lease: Lease | None, grace: float) -> None:
        self._lease = lease
        self._grace = grace
        self._since: float | None = None

    async def rest(self) -> float:
        """Return in how many seconds to ask again; 0: it was long enough."""
        if self._lease is not None and await _readers(self._lease) > 0:
            self._since = None
            return _LOOK_AGAIN
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        return max(0.0, min(self._since + self._grace - now, _LOOK_AGAIN))


async def alone(lease: Lease | None, grace: float) -> None:
    """Return once nobody has read the answer for ``grace`` seconds; see :class:`Solitude`."""
    solitude = Solitude(lease, grace)
    while (rest := await solitude.rest()) > 0:
        await _wait(lease, rest)


async def _readers(lease: Lease) -> int:
    try:
        return await lease.readers()
    except CacheError:
        return lease.running.readers  # those elsewhere cannot be reached now, nor served


async def _wait(lease: Lease | None, seconds: float) -> None:
    """Wait so long, or until a reader in this process comes or goes."""
    if lease is None:
        await asyncio.sleep(seconds)
        return
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        loop.call_soon_threadsafe(changed.set)

    lease.running.on_readers = tell
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        pass
    finally:
        lease.running.on_readers = None


def wants_end(on_leave: OnLeave, pipeline: Pipeline | None, seconds: float, bytes_out: int) -> bool:
    """Say whether an answer that nobody reads is to be finished.

    Args:
        on_leave: the rule of the route.
        pipeline: what carries the answer, if it has begun.
        seconds: since the request came.
        bytes_out: bytes that were sent to the client that has left.
    """
    if not callable(on_leave):
        return on_leave == "finish"
    progress = Progress(
        seconds=seconds,
        frames=pipeline.frames if pipeline else 0,
        tokens=pipeline.tokens if pipeline else 0,
        bytes_out=bytes_out,
    )
    try:
        return on_leave(progress) is True
    except Exception as error:  # noqa: BLE001 - nobody reads: the money is what is left to save
        structlog.get_logger("streamward").error("on_leave_failed", error=type(error).__name__)
        return False
