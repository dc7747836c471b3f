"""Recordings in the memory of one process."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from ..wire.errors import CacheFullError, ConfigurationError
from .answers import RunningAnswers
from .running import Running
from .stored_form import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lease import Claim
    from .recording import Recording

__all__ = ["MemoryCache"]

# Some 8 000 answers of 500 tokens, compressed; OpenAI's obfuscation takes the most of it.
_MAX_BYTES: Final = 64 << 20

# Keeps the cost of the entries themselves, some 300 bytes each, to a few MiB.
_MAX_ENTRIES: Final = 10_000


class _Entry(NamedTuple):
    expires_at: float
    data: bytes


class _MemoryLease:
    """The right to answer, within one process. See :class:`~streamward.cache.Lease`."""

    def __init__(
        self, cache: MemoryCache, answers: RunningAnswers, key: bytes, running: Running
    ) -> None:
        self.running = running
        self._cache = cache
        self._answers = answers
        self._key = key

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Call ``stop`` when the answer shall end."""
        self._answers.on_stop(self.running.generation, stop)

    async def readers(self) -> int:
        """Return how many others read the answer."""
        return self.running.readers

    async def finish(self, recording: Recording | None, ttl: float) -> None:
        """Keep the answer, if it is one to keep, and let go of the right."""
        try:
            if recording is not None:
                await self._cache.put(self._key, recording, ttl)
        finally:
            self._answers.finish(self._key, self.running)


class MemoryCache:
    """A store for one process: bounded, the entry unused for longest goes first.

    It keeps recordings in their stored form, so that what it counts is what it holds.
    Its methods never wait, and may be called from several loops in several threads.

    Args:
        max_bytes: the most bytes of keys and stored recordings, 64 MiB unless told.
        max_entries: the most recordings, 10 000 unless told.
        clock: seconds of a clock that does not go backwards.

    Raises:
        ConfigurationError: a limit is below one.
    """

    def __init__(
        self,
        *,
        max_bytes: int = _MAX_BYTES,
        max_entries: int = _MAX_ENTRIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if min(max_bytes, max_entries) < 1:
            raise ConfigurationError(
                "MemoryCache(max_bytes=…, max_entries=…) wants numbers of at least 1; "
                "write cache=None to keep nothing"
            )
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._epoch = _new_epoch()
        self._purged: dict[bytes, bytes] = {}
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._size = 0
        self._answers = RunningAnswers(clock=clock)
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The bytes held now."""
        return self._size

    def __len__(self) -> int:
        return len(self._entries)

    async def secret(self) -> bytes:
        """Return 32 random bytes that live as long as this object."""
        return self._secret

    async def get(self, key: bytes) -> Recording | None:
        """Return the recording under ``key``, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.expires_at <= self._clock():
                self._forget(key)
                return None
            self._entries.move_to_end(key)
        return decode(entry.data)

    async def claim(
        self, key: bytes, *, anew: bool = False, instead_of: bytes = b"", max_bytes: int
    ) -> Claim:
        """Return the recording, or the running answer, or the lease. See :class:`Cache`."""
        joined = self._answers.join(key, anew=anew, instead_of=instead_of)
        if joined is not None:
            return joined
        if not anew and (recording := await self.get(key)) is not None:
            return recording
        running, mine = self._answers.join_or_start(
            key, max_bytes, anew=anew, instead_of=instead_of
        )
        return _MemoryLease(self, self._answers, key, running) if mine else running

    async def find(self, key: bytes, generation: bytes) -> Running | None:
        """Return the answer of this generation, running or just ended."""
        return self._answers.find(key, generation)

    async def stop(self, key: bytes, generation: bytes) -> None:
        """Ask for the answer of this generation to end."""
        if self._answers.find(key, generation) is not None:
            self._answers.stop(generation)

    async def put(self, key: bytes, recording: Recording, ttl: float) -> None:
        """Keep ``recording`` for ``ttl`` seconds.

        Raises:
            CacheFullError: it alone is over ``max_bytes``, or over 64 MiB before compression.
        """
        data = encode(recording)
        with self._lock:
            self._forget(key)
            if not ttl > 0:
                return
            if len(key) + len(data) > self._max_bytes:
                raise CacheFullError(f"a recording of {len(data)} bytes is over max_bytes")
            self._entries[key] = _Entry(self._clock() + ttl, data)
            self._size += len(key) + len(data)
            while self._size > self._max_bytes or len(self._entries) > self._max_entries:
                self._forget(next(iter(self._entries)))

    async def delete(self, key: bytes) -> None:
        """Forget what is under ``key``, if anything."""
        with self._lock:
            self._forget(key)

    async def epoch(self, scope: bytes) -> bytes:
        """Return a mark that changes whenever ``scope``, or everything, is purged."""
        with self._lock:
            return self._epoch + self._purged.get(scope, b"")

    async def purge(self, *, scope: bytes | None = None) -> None:
        """Make every recording of ``scope`` unservable at once; with None, forget all."""
        with self._lock:
            if scope is not None and len(self._purged) < self._max_entries:
                self._purged[scope] = _new_epoch()
                return
            # All of them, also where so many scopes were purged that their marks need a bound.
            self._epoch = _new_epoch()
            self._purged.clear()
            self._entries.clear()
            self._size = 0

    async def close(self) -> None:
        """Do nothing: another loop may still be reading, and nothing is open."""

    def _forget(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= len(key) + len(entry.data)


def _new_epoch() -> bytes:
    return secrets.token_bytes(16)
