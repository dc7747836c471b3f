"""Where identical requests need not wait for each other, since no stream comes there."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

__all__ = ["Paths"]

# Some 200 kB. A path that was forgotten is learnt again by one request.
_MAX_PATHS: Final = 2_000


class Paths:
    """Remembers of each path whether its last answer was a stream; forgets the oldest.

    Who asks for what is no stream waits at most once for somebody who asks the same: until the
    first response there has begun.
    """

    def __init__(self) -> None:
        self._plain: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()  # one door may serve several loops

    def streams(self, method: str, path: str) -> bool:
        """Whether a stream may come."""
        return (method, path) not in self._plain

    def note(self, method: str, path: str, *, stream: bool) -> None:
        """Note what came."""
        place = method, path
        with self._lock:
            self._plain.pop(place, None)
            if not stream:
                self._plain[place] = None
            if len(self._plain) > _MAX_PATHS:
                self._plain.popitem(last=False)
