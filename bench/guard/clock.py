"""How time and delay are taken."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

__all__ = ["Figures", "seconds", "spread"]

Figures = dict[str, float]


def seconds(work: Callable[..., object], *args: object) -> float:
    """Return the CPU time of one call."""
    begin = time.process_time()
    work(*args)
    return time.process_time() - begin


def spread(name: str, values: Sequence[int]) -> Figures:
    """Return mean, median, 99th percentile and largest of the values; of none, zeros."""
    values = sorted(values) or [0]
    return {
        f"{name}_mean": statistics.fmean(values),
        f"{name}_p50": values[len(values) // 2],
        f"{name}_p99": values[int(len(values) * 0.99)],
        f"{name}_max": values[-1],
    }
