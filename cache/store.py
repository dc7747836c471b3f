"""What a store of recordings can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from .lease import Claim
    from .recording import Recording
    from .running import Running

__all__ = ["Cache", "ThreadedCache"]


@runtime_checkable
class Cache(Protocol):
    """Keeps recordings under the keys of requests, for a time.

    One object is made when the application is configured, before any event loop runs, and
    serves every loop and thread after that. It may forget an entry at any moment.

    Nothing but :class:`~streamward.errors.CacheError` and its subclasses leaves a method (a
    cancellation apart), so that a door can go on without the store (P10).
    """

    async def secret(self) -> bytes:
        """Return the key of the keyed hash, the same for all who share this store."""
        ...

    async def get(self, key: bytes) -> Recording | None:
        """Return the recording under ``key``, or None if there is none or its time is up."""
        ...

    async def claim(
        self, key: bytes, *, anew: bool = False, instead_of: bytes = b"", max_bytes: int
    ) -> Claim:
        """Say what a request gets: a recording, a running answer to follow, or the lease to answer.

        However many ask at the same time, in however many processes, one gets the lease. It must
        call :meth:`Lease.finish`; if it dies, its right runs out.

        Args:
            key: of the request.
            anew: True passes by the recording, which is stale; an answer that is being given can
                still be joined.
            instead_of: the generation of a running answer that is stale, too.
            max_bytes: the most bytes to record of the answer, where it comes to that.

        Raises:
            CorruptRecordingError: what is there is no recording; claim it anew.
        """
        ...

    async def find(self, key: bytes, generation: bytes) -> Running | None:
        """Return one certain answer to a request: running, or ended less than a minute ago."""
        ...

    async def stop(self, key: bytes, generation: bytes) -> None:
        """Ask for a running answer to end, whoever gives it; that it has is not waited for."""
        ...

    async def put(
        self, key: bytes, recording: Recording, ttl: float, *, quota: int | None = None
    ) -> None:
        """Keep ``recording`` under ``key`` for ``ttl`` seconds, in place of what was there.

        With a ``ttl`` of 0 or less nothing is kept.

        Args:
            key: of the request.
            recording: what to keep; its ``scope`` says whose it is.
            ttl: for how long.
            quota: the most bytes, as stored, that its scope may keep at a time; None: no matter.

        Raises:
            OverQuotaError: it would be more; what was under ``key`` stays.
        """
        ...

    async def delete(self, key: bytes) -> None:
        """Forget what is under ``key``, if anything."""
        ...

    async def epoch(self, scope: bytes) -> bytes:
        """Return a mark that changes whenever ``scope``, or everything, is purged.

        A recording whose own mark is another one was purged, and must not be served. Take the mark
        when the request is looked up, not when its answer ends: what was under way at the moment
        of a purge is then purged too.
        """
        ...

    async def purge(self, *, scope: bytes | None = None) -> None:
        """Make every recording of ``scope`` unservable at once; with None, of all scopes.

        Takes the same time however many recordings there are.
        """
        ...

    async def close(self) -> None:
        """Let go of what the running loop holds. The store opens again when it is next used."""
        ...


@runtime_checkable
class ThreadedCache(Protocol):
    """A store that serves callers without an event loop, too."""

    def in_threads(self) -> Cache:
        """Return the store for them: its coroutines never pause, and wait where they are driven."""
        ...
