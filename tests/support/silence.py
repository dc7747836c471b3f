"""A store that reaches no Redis any more, as its process is gone or its network is."""

from __future__ import annotations

from typing import Any

from streamward.cache.breaker import Breaker

__all__ = ["cut_off", "mend"]


class _Cut(Breaker):
    """Admits nothing, even where a call that was under way has succeeded since."""

    __slots__ = ()

    def admits(self) -> bool:
        return False


def cut_off(store: Any) -> None:
    """Let a ``RedisCache`` send nothing more."""
    store._breaker.__class__ = _Cut


def mend(store: Any) -> None:
    """Let it send again."""
    store._breaker.__class__ = Breaker
    store._breaker.succeeded()
