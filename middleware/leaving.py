"""What becomes of an answer whose client has left (promise P11)."""

from __future__ import annotations

import asyncio

import structlog

from ..cache import Lease
from ..wire.errors import CacheError
from .pipeline import Pipeline
from .policy import OnLeave, Progress

__all__ = ["alone", "wants_end"]

# Readers in other processes come and go unseen: while there are any, they are counted again.
_LOOK_AGAIN = 1.0


async def alone(lease: Lease | None, grace: float) -> None:
    """Return once nobody has read the answer for ``grace`` seconds.

    Args:
        lease: the right to give the answer, which knows its readers; None: there are none.
        grace: 0 returns as soon as there is no reader.
    """
    clock = asyncio.get_running_loop().time
    since: float | None = None
    while True:
        if lease is not None and await _readers(lease) > 0:
            since = None
            await _wait(lease, _LOOK_AGAIN)
            continue
        since = clock() if since is None else since
        if (rest := since + grace - clock()) <= 0:
            return
        await _wait(lease, min(rest, _LOOK_AGAIN))


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
