"""The cache's part in one exchange: look up, record, keep, and say so in headers (RFC 9211)."""

from __future__ import annotations

import asyncio
import inspect
import math
import time

import structlog

from ..cache import Cache, Pace, Recorder, Recording, request_key
from ..wire.errors import (
    CacheError,
    CorruptRecordingError,
    NotCachedError,
    UncacheableRequestError,
)
from .cache_policy import CachePolicy
from .directives import wishes_in
from .headers import Headers, replayable
from .identity import identify, is_cacheable
from .inbox import Inbox
from .pipeline import Pipeline
from .policy import Limits, Scope
from .report import CacheUse, NotKept, Outcome
from .turns import Turns

__all__ = ["CacheSide"]


class CacheSide:
    """What the cache does in one exchange. It never fails the exchange (promise P10).

    Args:
        cache: the store; None: no caching at all.
        policy: how the route caches; None: not at all.
        limits: the size of the buffers.
        fingerprint: of the guards.
        scope: the ASGI scope of the request.
        turns: the door's, for routes that keep several answers.

    Attributes:
        use: what the cache did, for the report.
        refusal: why the application must not be asked: the client did not want that.
    """

    def __init__(
        self,
        cache: Cache | None,
        policy: CachePolicy | None,
        limits: Limits,
        fingerprint: str,
        scope: Scope,
        turns: Turns,
    ) -> None:
        self._cache = cache
        self._policy = policy or CachePolicy()
        self._limits = limits
        self._fingerprint = fingerprint
        self._scope = scope
        self._turns = turns
        self._wishes = wishes_in(scope["headers"], self._policy.obey)
        self._key: bytes | None = None
        self._whose = b""
        self._epoch = b""
        self._forward = "bypass"
        self._detail = ""
        self._why: NotKept | None = None
        self.refusal: NotCachedError | None = None
        self.use: CacheUse = "off" if cache is None or policy is None else "bypass"

    async def look_up(self, inbox: Inbox) -> Recording | None:
        """Return the recording of this very request, if there is one."""
        if self._cache is None or self.use == "off":
            return None
        recording = None
        try:
            self._key = await self._make_key(self._cache, inbox)
            if self._key is not None:
                recording = await self._find(self._cache, self._key)
        except UncacheableRequestError as error:
            self._detail = error.reason.replace("_", "-")
        except CacheError as error:
            self._detail = error.code.replace("_", "-")
            self._key, self._forward = None, "bypass"
        if recording is not None and not await self._allowed():
            recording = self._key = None
        if self._key is not None:
            self.use = "miss" if recording is None else "hit"
        if recording is None and self._wishes.only_cached:
            self.refusal = NotCachedError()
        return recording

    def recorder(self, status: int, *, wanted: bool) -> Recorder | None:
        """Return a recorder, if the answer may be kept, as far as its beginning tells."""
        self._why = "status" if status != 200 else None if wanted else "opted_out"
        if self._key is None or self._why is not None:
            return None
        return Recorder(max_bytes=self._limits.recording)

    def wants(self, ended: Pipeline, *, guarded: bool) -> bool:
        """Say whether an answer may be kept, now that it has ended (promise P8).

        Args:
            ended: what carried it.
            guarded: whether every guard has looked at it.
        """
        unwanted = ended.early - self._policy.keep
        if not guarded:
            self._why = "guard_failed"
        elif unwanted:
            reasons: list[NotKept] = [
                "incomplete" if word == "other" else word for word in unwanted
            ]
            self._why = min(reasons)
        elif not ended.complete and not ended.early:
            self._why = "incomplete"
        return self._why is None

    def not_kept(self, outcome: Outcome) -> NotKept | None:
        """Return why the answer to a request with a key was not kept."""
        if self.use != "miss" or self.refusal is not None:
            return None
        return self._why or (None if outcome == "complete" else outcome)

    async def keep(self, recorder: Recorder, headers: Headers, dialect: str) -> None:
        """Store a finished stream. Called when the client has been served."""
        recording = recorder.finish(
            status=200,
            headers=replayable(headers),
            dialect=dialect,
            created_at=time.time(),
            epoch=self._epoch,
        )
        if recording is None:
            self._why = "too_large"
        elif not self._passes(recording):
            self._why = "keep_if"
        elif self._cache is not None and self._key is not None:
            await self._put(self._cache, self._key, recording)

    async def _put(self, cache: Cache, key: bytes, recording: Recording) -> None:
        try:
            await cache.put(key, recording, self._policy.lifetime(key))
            self.use = "stored"
        except CacheError as error:
            self._why = "store"
            structlog.get_logger("streamward").warning("not_kept", code=error.code)

    def _passes(self, recording: Recording) -> bool:
        if self._policy.keep_if is None:
            return True
        try:
            return self._policy.keep_if(recording) is True
        except Exception as error:  # noqa: BLE001 - the client has its answer; only the store goes without
            name = type(error).__name__
            structlog.get_logger("streamward").error("keep_if_failed", error=name)
            return False

    def headers(self) -> Headers:
        """Return ``Cache-Status`` for an answer that is no replay."""
        if self.use == "off":
            return []
        if self.refusal is not None:  # nothing was forwarded
            return [_cache_status("", "only-if-cached")]
        return [_cache_status(f"; fwd={self._forward}", self._detail)]

    def hit_headers(self, recording: Recording) -> Headers:
        """Return ``Cache-Status`` and ``Age`` (RFC 9111 §5.1) for a replay."""
        age = _age(recording)
        ttl = max(0, math.floor(self._policy.lifetime(self._key or b"") - age))
        return [_cache_status(f"; hit; ttl={ttl}", ""), (b"age", b"%d" % math.floor(age))]

    @property
    def pace(self) -> Pace:
        """Return how a recording is replayed."""
        return self._policy.pace

    async def _allowed(self) -> bool:
        """Ask whether this request may have what was found. Whoever may not learns nothing."""
        if self._policy.authorize is None:
            return True
        try:
            answer = self._policy.authorize(self._scope)
            return (await answer if inspect.isawaitable(answer) else answer) is True
        except Exception as error:  # noqa: BLE001 - the application can still say what it thinks
            name = type(error).__name__
            structlog.get_logger("streamward").error("authorize_failed", error=name)
            return False

    async def _make_key(self, cache: Cache, inbox: Inbox) -> bytes | None:
        if self._wishes.bypass:
            self._detail = "no-store"
            return None
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
        self._whose = identity.scope
        secret = await cache.secret()
        key = identity.key(secret)
        if self._policy.samples == 1:
            return key
        turn = self._turns.take(key, self._policy.samples)
        return request_key(secret, [b"sample", key, b"%d" % turn]) if turn else key

    async def _find(self, cache: Cache, key: bytes) -> Recording | None:
        """Return the recording under a key, unless it was purged or is too old."""
        if self._wishes.refresh:
            self._forward = "request"
            self._epoch = await cache.epoch(self._whose)
            return None
        self._forward = "uri-miss"
        # Side by side: a hit then costs one round trip, not two.
        recording, self._epoch = await asyncio.gather(
            self._stored(cache, key), cache.epoch(self._whose)
        )
        if recording is None or recording.epoch != self._epoch:
            return None
        age = _age(recording)
        if age >= self._policy.lifetime(key):
            # Stored when the route still gave a longer life.
            self._forward = "stale"
            return None
        if age > self._wishes.max_age:
            self._forward = "request"
            return None
        return recording

    async def _stored(self, cache: Cache, key: bytes) -> Recording | None:
        try:
            return await cache.get(key)
        except CorruptRecordingError as error:
            # As if nothing were there; the answer that comes now takes its place.
            self._detail = error.code.replace("_", "-")
            return None


def _age(recording: Recording) -> float:
    # The clocks of two machines differ: what seems to come from the future is new.
    return max(0.0, time.time() - recording.created_at)


def _cache_status(what: str, detail: str) -> tuple[bytes, bytes]:
    suffix = f"; detail={detail}" if detail else ""
    return b"cache-status", f"streamward{what}{suffix}".encode("latin-1")
