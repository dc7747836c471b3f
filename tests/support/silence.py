"""A store that reaches no Redis any more, as its process is gone or its network is."""

from __future__ import annotations

from typing import Any

__all__ = ["cut_off"]


def cut_off(store: Any) -> None:
    """Let a ``RedisCache`` send nothing more, until ``_breaker.succeeded()`` is called."""
    breaker = store._breaker
    breaker._retry_after = 1e9
    breaker.failed()
    breaker._beside_until = 1e18
