"""Recordings in the memory of one process."""

from __future__ import annotations

import heapq
import secrets
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from ..wire.errors import CacheFullError, ConfigurationError, OverQuotaError
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

# How many endings of entries that are gone may wait beside as many as there are entries.
_SPARE_ENDINGS: Final = 64


class _Entry(NamedTuple):
    expires_at: float
    data: bytes
    owner: bytes | None
    size: int


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

    async def finish(
        self, recording: Recording | None, ttl: float, *, quota: int | None = None
    ) -> None:
        """Keep the answer, if it is one to keep, and let go of the right."""
        try:
            if recording is not None:
                await self._cache.put(self._key, recording, ttl, quota=quota)
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
        self._endings: list[tuple[float, bytes]] = []  # a heap; may name what is gone
        self._owned: dict[bytes, int] = {}
        self._size = 0
        self._answers = RunningAnswers(clock=clock)
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The bytes held now."""
        return self._size

    def __len__(self) -> int:
        return len(self._entries)

    def in_threads(self) -> MemoryCache:
        """Return itself: its coroutines never pause."""
        return self

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

    async def put(
        self, key: bytes, recording: Recording, ttl: float, *, quota: int | None = None
    ) -> None:
        """Keep ``recording`` for ``ttl`` seconds.

        Raises:
            CacheFullError: it alone is over ``max_bytes``, or over 64 MiB before compression.
            OverQuotaError: its scope would keep more than ``quota`` bytes.
        """
        data = encode(recording)
        size = len(key) + len(data)
        # What was purged is never served again, and does not count any more.
        owner = None if quota is None else recording.scope + recording.epoch
        with self._lock:
            self._forget_expired()
            if not ttl > 0:
                self._forget(key)
                return
            if owner is not None and self._owned_beside(key, owner) + size > (quota or 0):
                raise OverQuotaError(f"a recording of {size} bytes is over the quota")
            self._forget(key)
            if size > self._max_bytes:
                raise CacheFullError(f"a recording of {len(data)} bytes is over max_bytes")
            self._add(key, _Entry(self._clock() + ttl, data, owner, size))
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
            self._endings.clear()
            self._owned.clear()
            self._size = 0

    async def close(self) -> None:
        """Do nothing: another loop may still be reading, and nothing is open."""

    def _owned_beside(self, key: bytes, owner: bytes) -> int:
        """Return how many bytes an owner has under other keys."""
        entry = self._entries.get(key)
        own = entry.size if entry is not None and entry.owner == owner else 0
        return self._owned.get(owner, 0) - own

    def _add(self, key: bytes, entry: _Entry) -> None:
        self._entries[key] = entry
        self._size += entry.size
        if entry.owner is not None:
            self._owned[entry.owner] = self._owned.get(entry.owner, 0) + entry.size
        heapq.heappush(self._endings, (entry.expires_at, key))
        if len(self._endings) > 2 * len(self._entries) + _SPARE_ENDINGS:
            self._endings = [(one.expires_at, name) for name, one in self._entries.items()]
            heapq.heapify(self._endings)

    def _forget(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._size -= entry.size
        if entry.owner is not None:
            self._owned[entry.owner] -= entry.size
            if not self._owned[entry.owner]:
                del self._owned[entry.owner]

    def _forget_expired(self) -> None:
        now = self._clock()
        while self._endings and self._endings[0][0] <= now:
            ending, key = heapq.heappop(self._endings)
            if key in self._entries and self._entries[key].expires_at == ending:
                self._forget(key)


def _new_epoch() -> bytes:
    return secrets.token_bytes(16)
