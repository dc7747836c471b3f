"""The running answers of one process, and those that have just ended."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from .running import Running

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RunningAnswers"]

# For how long an answer that has ended can still be resumed, however it ended.
LINGER_SECONDS: Final = 60.0
_LINGER_BYTES: Final = 16 << 20


class _Ended(NamedTuple):
    until: float
    running: Running


class RunningAnswers:
    """Knows the answers that are being given in this process, by request and by generation.

    Its methods never wait, and may be called from several threads.

    Args:
        linger: seconds that an ended answer can still be found by its generation.
        clock: seconds of a clock that does not go backwards.
    """

    def __init__(
        self,
        *,
        linger: float = LINGER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._linger = linger
        self._clock = clock
        self._by_key: dict[bytes, Running] = {}
        self._by_generation: dict[tuple[bytes, bytes], Running] = {}
        self._ended: OrderedDict[tuple[bytes, bytes], _Ended] = OrderedDict()
        self._ended_bytes = 0
        self._stops: dict[bytes, Callable[[], None]] = {}
        self._lock = threading.Lock()

    def join(self, key: bytes, *, anew: bool = False, instead_of: bytes = b"") -> Running | None:
        """Return the answer to this request that can be joined, if there is one.

        Args:
            key: of the request.
            anew: True wants one that has not ended.
            instead_of: the generation not to join.
        """
        with self._lock:
            return self._joinable(key, anew=anew, instead_of=instead_of)

    def _joinable(self, key: bytes, *, anew: bool, instead_of: bytes) -> Running | None:
        running = self._by_key.get(key)
        if running is None or running.generation == instead_of:
            return None
        return running if running.ending in ((None,) if anew else (None, "complete")) else None

    def start(self, key: bytes, running: Running) -> Running:
        """Note a running answer; whoever comes from now on joins this one."""
        with self._lock:
            self._by_key[key] = running
            self._by_generation[key, running.generation] = running
        return running

    def join_or_start(
        self, key: bytes, max_bytes: int, *, anew: bool, instead_of: bytes
    ) -> tuple[Running, bool]:
        """Return the answer that can be joined, or a new one and True: it is to be given."""
        with self._lock:
            running = self._joinable(key, anew=anew, instead_of=instead_of)
            if running is not None:
                return running, False
            running = Running(max_bytes=max_bytes)
            self._by_key[key] = self._by_generation[key, running.generation] = running
            return running, True

    def finish(self, key: bytes, running: Running) -> None:
        """Let nobody join it any more; for a while it can still be resumed."""
        running.end("lost")  # unless more was said before
        name = key, running.generation
        with self._lock:
            self._stops.pop(running.generation, None)
            if self._by_key.get(key) is running:
                del self._by_key[key]
            if self._by_generation.pop(name, None) is not None and running.head is not None:
                self._ended[name] = _Ended(self._clock() + self._linger, running)
                self._ended_bytes += running.size
            self._forget_old()

    def find(self, key: bytes, generation: bytes) -> Running | None:
        """Return an answer of this process to this request, running or just ended."""
        with self._lock:
            self._forget_old()
            ended = self._ended.get((key, generation))
            return ended.running if ended else self._by_generation.get((key, generation))

    def on_stop(self, generation: bytes, stop: Callable[[], None]) -> None:
        """Call ``stop``, in whatever thread, when the answer shall be stopped."""
        self._stops[generation] = stop

    def stop(self, generation: bytes) -> bool:
        """Stop an answer that is given in this process; say whether there is one."""
        stop = self._stops.get(generation)
        if stop is not None:
            stop()
        return stop is not None

    def _forget_old(self) -> None:
        now = self._clock()
        while self._ended:
            until, running = next(iter(self._ended.values()))
            if until > now and self._ended_bytes <= _LINGER_BYTES:
                return
            self._ended.popitem(last=False)
            self._ended_bytes -= running.size
