"""How a guard that may take long is called."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..wire.errors import ConfigurationError

__all__ = ["Blocking", "BlockingLike", "blocking_of"]


@dataclass(frozen=True, slots=True)
class Blocking:
    """The limits of a guard that may take long: a model, or a service across the network.

    Its calls run in threads, so the event loop goes on. A call that is not over in time counts as
    one that raised, and ``on_error`` says what follows. Its thread cannot be stopped: it keeps its
    place among the calls until it returns.

    Args:
        time_limit: for how many seconds a stream waits for a call, the wait for a free place
            included; default 10. None: the guard itself sees to both limits.
        concurrency: how many calls of the guard may run at once in the process; default 16. More
            of them wait.

    Raises:
        ConfigurationError: a limit is not above 0.
    """

    time_limit: float | None = 10.0
    concurrency: int = 16

    def __post_init__(self) -> None:
        limit = self.time_limit
        if limit is not None and (
            isinstance(limit, bool)
            or not isinstance(limit, int | float)  # pyright: ignore[reportUnnecessaryIsInstance]
            or not (math.isfinite(limit) and limit > 0)
        ):
            raise ConfigurationError(f"time_limit={limit!r} cannot work: write seconds, above 0")
        if type(self.concurrency) is not int or self.concurrency < 1:
            raise ConfigurationError(
                f"concurrency={self.concurrency!r} cannot work: write a whole number, 1 or more"
            )


BlockingLike = bool | Blocking
"""Limits; True: the usual ones; False: every call is quick, and runs on the event loop."""


def blocking_of(value: BlockingLike) -> Blocking | None:
    """Return the limits that a guard states; None: its calls are quick."""
    if isinstance(value, Blocking):
        return value
    return Blocking() if value else None
