"""The cache's part in one exchange: look up, record, keep, and say so in headers (RFC 9211)."""

from __future__ import annotations

import math
import time

import structlog

from ..cache import Cache, Pace, Recorder, Recording
from ..wire.errors import CacheError, CorruptRecordingError, UncacheableRequestError
from .headers import Headers, replayable
from .identity import identify, is_cacheable
from .inbox import Inbox
from .policy import CachePolicy, Limits, Scope
from .report import CacheUse

__all__ = ["CacheSide"]


class CacheSide:
    """What the cache does in one exchange. It never fails the exchange (promise P10).

    Args:
        cache: the store; None: no caching at all.
        policy: how the route caches; None: not at all.
        limits: the size of the buffers.
        fingerprint: of the guards.
        scope: the ASGI scope of the request.

    Attributes:
        use: what the cache did, for the report.
    """

    def __init__(
        self,
        cache: Cache | None,
        policy: CachePolicy | None,
        limits: Limits,
        fingerprint: str,
        scope: Scope,
    ) -> None:
        self._cache = cache
        self._policy = policy or CachePolicy()
        self._limits = limits
        self._fingerprint = fingerprint
        self._scope = scope
        self._key: bytes | None = None
        self._detail = ""
        self.use: CacheUse = "off" if cache is None or policy is None else "bypass"

    async def look_up(self, inbox: Inbox) -> Recording | None:
        """Return the recording of this very request, if there is one."""
        if self._cache is None or self.use == "off":
            return None
        try:
            self._key = await self._make_key(self._cache, inbox)
            recording = None if self._key is None else await self._cache.get(self._key)
        except UncacheableRequestError as error:
            self._detail = error.reason.replace("_", "-")
            return None
        except CorruptRecordingError as error:
            # As if nothing were there; the answer that comes now takes its place.
            self._detail = error.code.replace("_", "-")
            self.use = "miss"
            return None
        except CacheError as error:
            self._detail = error.code.replace("_", "-")
            self._key = None
            return None
        if self._key is not None:
            self.use = "miss" if recording is None else "hit"
        return recording

    def recorder(self) -> Recorder | None:
        """Return a recorder, if this answer may be kept."""
        return Recorder(max_bytes=self._limits.recording) if self._key is not None else None

    async def keep(self, recorder: Recorder, *, headers: Headers, dialect: str) -> None:
        """Store a finished stream. Called when the client has been served."""
        recording = recorder.finish(
            status=200,
            headers=replayable(headers),
            dialect=dialect,
            created_at=time.time(),
        )
        if recording is None or self._cache is None or self._key is None:
            return
        try:
            await self._cache.put(self._key, recording, self._policy.ttl)
            self.use = "stored"
        except CacheError as error:
            structlog.get_logger("streamward").warning("not_kept", code=error.code)

    def headers(self) -> Headers:
        """Return ``Cache-Status`` for an answer that the application gives."""
        if self.use == "off":
            return []
        forwarded = "uri-miss" if self.use == "miss" else "bypass"
        return [_cache_status(f"fwd={forwarded}", self._detail)]

    def hit_headers(self, recording: Recording) -> Headers:
        """Return ``Cache-Status`` and ``Age`` (RFC 9111 §5.1) for a replay."""
        age = max(0, math.floor(time.time() - recording.created_at))
        ttl = math.floor(self._policy.ttl) - age
        return [_cache_status(f"hit; ttl={ttl}", ""), (b"age", str(age).encode())]

    @property
    def pace(self) -> Pace:
        """Return how a recording is replayed."""
        return self._policy.pace

    async def _make_key(self, cache: Cache, inbox: Inbox) -> bytes | None:
        if not is_cacheable(self._scope, self._limits.request_body):
            self._detail = "request"
            return None
        body = await inbox.read_body(self._limits.request_body)
        if body is None:
            self._detail = "too-large"
            return None
        identity = identify(self._scope, body, self._policy, self._fingerprint)
        if identity is None:
            self._detail = "no-principal"
            return None
        return identity.key(await cache.secret())


def _cache_status(what: str, detail: str) -> tuple[bytes, bytes]:
    suffix = f"; detail={detail}" if detail else ""
    return b"cache-status", f"streamward; {what}{suffix}".encode("latin-1")
