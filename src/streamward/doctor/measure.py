"""Figures of one exchange. Pure functions; times are seconds.

A clock of the other side is not compared with ours: of each frame it is known how long after the
request it was sent, and how long after the request it came. The smallest difference of a stream is
the way itself; what another frame took more was held. Medians are judged, since one slow moment of
a busy machine moves the maximum but not them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .exchange import Exchange

__all__ = ["Spread", "arrivals", "delays", "gaps", "held", "spread", "wholly_held"]

_FEW: Final = 4  # frames of which nothing can be said
_TOGETHER: Final = 0.005  # what comes within 5 ms came at once


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution in three figures, in seconds."""

    p50: float
    p95: float
    most: float


def spread(values: Sequence[float]) -> Spread | None:
    """Return the figures of some values; None where there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return Spread(
        statistics.median(ordered), ordered[math.ceil(0.95 * len(ordered)) - 1], ordered[-1]
    )


def delays(exchange: Exchange) -> list[float]:
    """Return what each frame of an echo took longer than the fastest one."""
    took = [frame.at - frame.sent for frame in exchange.frames if frame.sent is not None]
    return [one - min(took) for one in took]


def gaps(exchange: Exchange) -> list[float]:
    """Return the time between each two frames."""
    return [later.at - one.at for one, later in pairwise(exchange.frames)]


def arrivals(exchange: Exchange, together: float = _TOGETHER) -> int:
    """Return how many distinct arrivals the body had."""
    apart = sum(later - one > together for one, later in pairwise(exchange.arrivals))
    return apart + bool(exchange.arrivals)


def held(exchange: Exchange | None, pace: float) -> bool:
    """Whether frames of an echo are held back: half of them, for most of the time between two.

    Where nobody could read the frames, whether nearly all came together.
    """
    if exchange is None or exchange.trouble is not None:
        return False
    late = delays(exchange)
    if len(late) >= _FEW:
        return statistics.median(late) > 0.6 * pace
    return exchange.ending == "unknown" and 0 < arrivals(exchange, pace / 4) <= 2


def wholly_held(exchange: Exchange) -> bool:
    """Whether the whole answer came at its end."""
    return arrivals(exchange, _TOGETHER) <= 2
