"""What an error of redis-py says: to whoever called, and to the breaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import exceptions

from ...wire.errors import CacheError, CacheFullError, CacheUnavailableError
from .cluster import NodePausedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..breaker import Breaker

__all__ = ["only_one", "outcome"]


def only_one() -> bool:
    """Say that there is no other server."""
    return False


def outcome(error: Exception, breaker: Breaker, blame: Callable[[], bool] = only_one) -> CacheError:
    """Translate an error, and tell the breaker what it says about Redis.

    Args:
        error: whatever redis-py raised.
        breaker: of the link.
        blame: says whether only one of several servers is to blame.
    """
    if isinstance(error, NodePausedError):
        return CacheUnavailableError("paused")
    if isinstance(error, exceptions.ResponseError):
        breaker.succeeded()
        full = isinstance(error, exceptions.OutOfMemoryError)
        return CacheFullError("Redis is full") if full else CacheUnavailableError("refused")
    if not blame():
        breaker.failed()
    late = isinstance(error, (TimeoutError, exceptions.TimeoutError))
    return CacheUnavailableError("timeout" if late else "unreachable")
