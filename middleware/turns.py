"""Whose turn it is, where a route keeps several answers to one request."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Final

__all__ = ["Turns"]

# Some 1.5 MiB. A request that was forgotten begins anew somewhere.
_MAX_REQUESTS: Final = 10_000


class Turns:
    """Counts the turns of each request in this process; forgets those unused for longest.

    The first turn of a request is drawn by chance: of many processes, each begins elsewhere.
    """

    def __init__(self) -> None:
        self._next: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()  # one door may serve several loops

    def take(self, key: bytes, samples: int) -> int:
        """Return which sample it is now, from 0 to below ``samples``."""
        with self._lock:
            turn = self._next.pop(key, -1)
            turn = secrets.randbelow(samples) if turn < 0 else turn % samples
            self._next[key] = turn + 1
            if len(self._next) > _MAX_REQUESTS:
                self._next.popitem(last=False)
            return turn
