"""Recordings in Redis, shared by every process that uses it."""

from __future__ import annotations

import copy
import math
import re
import secrets
import time
from typing import TYPE_CHECKING, Final

from ..wire.errors import (
    CacheUnavailableError,
    ConfigurationError,
    CorruptRecordingError,
)
from .breaker import Breaker
from .key import scope_id
from .live.epochs import agree_on_epochs
from .live.names import EPOCH_BYTES, YEAR_SECONDS, Names
from .live.tasks import LoopTasks
from .opening import link_of_threads, open_link
from .stored_form import decode, encode

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from .encryption import Encryption
    from .lease import Claim
    from .link.link import Link
    from .live.answers import RedisAnswers
    from .live.tasks import Tasks
    from .recording import Recording
    from .running import Running

__all__ = ["RedisCache"]

_MIN_SECRET_BYTES: Final = 16

# How long a secret read from Redis is trusted. Redis may have lost it (flushed, evicted): who
# still knows it then puts it back, and processes that start later find the same entries.
_SECRET_SECONDS: Final = 300.0


class RedisCache:
    """A store in Redis (6 or newer) for any number of processes.

    Making one connects to nothing: each event loop connects at its first call, and its
    connections are closed by :meth:`close` or when the loop shuts down.

    What a sick Redis can cost (P10): one request waits ``timeout`` seconds, then nobody asks
    for ``retry_after`` seconds (``CacheUnavailableError("paused")`` at once), then one request
    tries again. Requests under way at the moment it falls ill each wait their ``timeout``.

    Entries are named ``prefix:{key}`` with the key in URL-safe base64 (the braces keep what
    belongs to one request in one cluster slot), and hold their own key, so that an answer
    meant for another command is never taken for a recording.

    Args:
        url: ``redis://host:6379/0``, ``redis+sentinel://h1:26379,h2:26379/mymaster/0``,
            ``redis+cluster://h1:7000,h2:7001``, each with ``rediss`` for TLS, or
            ``unix:///path``; redis-py's query parameters may follow.
        prefix: what all names begin with; letters, digits, ``. _ : -``.
        secret: the key of the keyed hash, at least 16 bytes. Unless given, the first process
            puts 32 random bytes under ``prefix:secret``: whoever can read this Redis can then
            test prompts against names of entries.
        timeout: the most seconds a lookup (:meth:`get`, :meth:`secret`, :meth:`delete`) may
            take, connecting included (which goes on meanwhile); 0.1 unless told.
        write_timeout: the same for :meth:`put`, which no client waits for; 1.0 unless told.
        retry_after: seconds of peace after Redis failed to answer; 5.0 unless told.
        lease: seconds after which whoever gives an answer, and has said nothing since, counts as
            dead for those who follow it in other processes; 6.0 unless told. They notice within
            one and a half times as long, and a second.
        encryption: seals the recordings. It wants a ``secret`` too: one kept in Redis would
            stand beside them unsealed.

    Raises:
        ConfigurationError: a setting cannot work.
        MissingExtraError: redis-py is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "streamward",
        secret: bytes | None = None,
        timeout: float = 0.1,
        write_timeout: float = 1.0,
        retry_after: float = 5.0,
        lease: float = 6.0,
        encryption: Encryption | None = None,
    ) -> None:
        if re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", prefix) is None:
            raise ConfigurationError(
                "RedisCache(prefix=…) wants 1 to 64 letters, digits, '.', '_', ':' or '-', "
                "such as 'streamward'"
            )
        if secret is not None and len(secret) < _MIN_SECRET_BYTES:
            raise ConfigurationError(
                "RedisCache(secret=…) wants at least 16 random bytes: "
                "write secret=bytes.fromhex(…) with what `openssl rand -hex 32` prints"
            )
        if secret is None and encryption is not None:
            raise ConfigurationError(
                "RedisCache(encryption=…) wants a secret too, or one would stand in Redis in "
                "clear: write secret=bytes.fromhex(…) with what `openssl rand -hex 32` prints"
            )
        for name, seconds in (
            ("timeout", timeout),
            ("write_timeout", write_timeout),
            ("retry_after", retry_after),
            ("lease", lease),
        ):
            if not 0 < seconds < math.inf:
                raise ConfigurationError(f"RedisCache({name}=…) wants seconds above 0, as in 0.1")
        self._prefix = prefix
        self._names = Names(prefix)
        self._given_secret = secret
        self._encryption = encryption
        self._found_secret: bytes | None = None
        self._found_until = 0.0
        self._timeout = timeout
        self._write_timeout = write_timeout
        self._url = url
        self._breaker = Breaker(retry_after)
        self._lease = lease
        self._inline: RedisCache | None = None
        self._link: Link = open_link(url, self._breaker, "RedisCache(url)")
        self._answers = self._shared_answers(LoopTasks())

    def __repr__(self) -> str:
        return f"RedisCache(prefix={self._prefix!r})"  # the URL may hold a password

    def in_threads(self) -> RedisCache:
        """Return this store for callers without an event loop.

        Its coroutines never pause: they wait in the thread that drives them, through redis-py's
        blocking client. What no request waits for is done by a few daemon threads of the process.
        It has connections of its own: ``in_threads().close()`` closes them.
        """
        if self._inline is None:
            self._inline = copy.copy(self)
            self._inline._use_threads()  # noqa: SLF001 - its own copy
        return self._inline

    def _use_threads(self) -> None:
        self._link, tasks = link_of_threads(self._url, self._breaker)
        self._answers = self._shared_answers(tasks)
        self._inline = self

    async def secret(self) -> bytes:
        """Return the secret that was given, or the one that all processes share in Redis.

        Raises:
            CacheError: Redis cannot say.
        """
        if self._given_secret is not None:
            return self._given_secret
        if self._found_secret is None or time.monotonic() >= self._found_until:
            found = await self._link.call(self._agree_on_secret, self._timeout)
            if not isinstance(found, bytes) or len(found) < _MIN_SECRET_BYTES:
                raise CacheUnavailableError("refused")
            self._found_secret = found
            self._found_until = time.monotonic() + _SECRET_SECONDS
        return self._found_secret

    async def get(self, key: bytes) -> Recording | None:
        """Return the recording under ``key``, or None.

        Raises:
            CacheUnavailableError: Redis did not answer in time, or not with a value.
            CorruptRecordingError: what is there is no recording for ``key``, or none of the
                encryption's keys opens it.
        """
        name = self._names.recording(key)
        value: object = await self._link.call(lambda redis: redis.get(name), self._timeout)
        return None if value is None else self._opened(key, value)

    async def claim(
        self, key: bytes, *, anew: bool = False, instead_of: bytes = b"", max_bytes: int
    ) -> Claim:
        """Return the recording, the running answer of any process, or the lease.

        One round trip, whatever comes of it. See :class:`Cache`.

        Raises:
            CacheUnavailableError: Redis did not answer in time, or refused.
            CacheFullError: there is nothing yet, and Redis is at its ``maxmemory``.
            CorruptRecordingError: as :meth:`get`.
        """
        found = await self._answers.claim(
            key, anew=anew, instead_of=instead_of, max_bytes=max_bytes
        )
        return self._opened(key, found) if isinstance(found, bytes) else found

    async def find(self, key: bytes, generation: bytes) -> Running | None:
        """Return one certain answer, running or just ended, whoever gives or gave it.

        Raises:
            CacheUnavailableError: Redis did not answer in time, or refused.
        """
        return await self._answers.find(key, generation)

    async def stop(self, key: bytes, generation: bytes) -> None:
        """Ask for an answer to end, in whatever process it is given.

        The wish lasts: a process that does not hear it at once finds it at its next renewal.

        Raises:
            CacheUnavailableError: Redis did not answer in time, or refused.
        """
        await self._answers.stop(key, generation)

    async def put(
        self, key: bytes, recording: Recording, ttl: float, *, quota: int | None = None
    ) -> None:
        """Keep ``recording`` for ``ttl`` seconds, a year at the most.

        Raises:
            OverQuotaError: its scope would keep more than ``quota`` bytes.
            CacheFullError: Redis is at its ``maxmemory``, or the recording over 64 MiB.
            CacheUnavailableError: Redis did not answer in time, or refused.
        """
        if not ttl > 0:
            await self.delete(key)
            return
        name = self._names.recording(key)
        value = await self._answers.quota.admit(key, recording, ttl, quota)
        milliseconds = self._answers.milliseconds(ttl)
        await self._link.call(
            lambda redis: redis.set(name, value, px=milliseconds), self._write_timeout
        )

    async def delete(self, key: bytes) -> None:
        """Forget what is under ``key``, if anything.

        Raises:
            CacheUnavailableError: Redis did not answer in time, or refused.
        """
        name = self._names.recording(key)
        await self._link.call(lambda redis: redis.delete(name), self._timeout)

    async def epoch(self, scope: bytes) -> bytes:
        """Return a mark that changes whenever ``scope``, or everything, is purged.

        A mark that Redis has lost is made anew: then what it stood for counts as purged.

        Raises:
            CacheUnavailableError: Redis did not answer in time, or not with a mark.
            CacheFullError: there is no mark yet, and Redis is at its ``maxmemory``.
        """
        names = [self._names.epoch(None), await self._epoch_of(scope)]
        found = await self._link.call(lambda redis: agree_on_epochs(redis, names), self._timeout)
        if not all(isinstance(mark, bytes) and len(mark) == EPOCH_BYTES for mark in found):
            raise CacheUnavailableError("refused")
        return b"".join(found)

    async def purge(self, *, scope: bytes | None = None) -> None:
        """Make every recording of ``scope`` unservable at once, for all processes.

        With None, of all scopes. Their bytes stay in Redis until their time is up.

        Raises:
            CacheUnavailableError: Redis did not answer in time, or refused: nothing is certain.
            CacheFullError: Redis is at its ``maxmemory``: nothing was purged.
        """
        name = self._names.epoch(None) if scope is None else await self._epoch_of(scope)
        mark = secrets.token_bytes(EPOCH_BYTES)
        await self._link.call(
            lambda redis: redis.set(name, mark, px=YEAR_SECONDS * 1000), self._write_timeout
        )

    async def close(self) -> None:
        """Close the connections of the running loop; other loops keep theirs."""
        await self._answers.close()
        await self._link.close()

    def _stored(self, key: bytes, recording: Recording) -> bytes:
        stored = encode(recording)
        return key + (self._encryption.seal(key, stored) if self._encryption else stored)

    def _opened(self, key: bytes, value: object) -> Recording:
        if not isinstance(value, bytes) or not value.startswith(key):
            raise CorruptRecordingError("the entry belongs to another key")
        stored = value.removeprefix(key)
        return decode(self._encryption.open(key, stored) if self._encryption else stored)

    async def _epoch_of(self, scope: bytes) -> str:
        # Hashed with the secret: who sees the names cannot tell whose they are.
        return self._names.epoch(scope_id(await self.secret(), scope))

    def _shared_answers(self, tasks: Tasks) -> RedisAnswers:
        from .live.answers import RedisAnswers  # needs the extra, which is there by now

        return RedisAnswers(
            self._link,
            self._names,
            tasks,
            term=self._lease,
            timeout=self._timeout,
            write_timeout=self._write_timeout,
            encryption=self._encryption,
            stored=self._stored,
        )

    async def _agree_on_secret(self, redis: Redis) -> object:
        name = self._names.secret
        # Read first: a full Redis, or a replica, refuses to write but can still tell.
        found: object = await redis.get(name)
        if found is None:
            await redis.set(name, self._found_secret or secrets.token_bytes(32), nx=True)
            found = await redis.get(name)
        return found
