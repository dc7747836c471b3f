"""The cache's part in one exchange: look up, record, keep, and say so in headers (RFC 9211)."""

from __future__ import annotations

import asyncio
import math
import time
from urllib.parse import parse_qs, quote

import structlog

from ..cache import Cache, Head, Lease, Pace, Recorder, Recording, Running, scope_id
from ..wire.errors import CacheError, NotCachedError, OverQuotaError, ResumeError
from .beside import Begin
from .cache_policy import CachePolicy
from .headers import Headers, replayable
from .inbox import Inbox
from .lookup import Lookup, Loss, age_of
from .paths import Paths
from .pipeline import Pipeline
from .policy import Policy, Scope
from .report import CacheUse, NotKept, Outcome
from .resume import PARAMETER, Link, sign
from .turns import Turns

__all__ = ["CacheSide"]

Found = Recording | Running | None


class CacheSide:
    """What the cache does in one exchange. It never fails the exchange (promise P10).

    Args:
        cache: the store; None: no caching at all.
        policy: the rules of the route.
        fingerprint: of the guards.
        scope: the ASGI scope of the request.
        turns: the door's, for routes that keep several answers.
        paths: the door's, which knows where streams come from.
        begin: begins what goes on side by side.

    Attributes:
        use: what the cache did, for the report.
    """

    def __init__(
        self,
        cache: Cache | None,
        policy: Policy,
        fingerprint: str,
        scope: Scope,
        turns: Turns,
        paths: Paths,
        *,
        begin: Begin = asyncio.ensure_future,
    ) -> None:
        self._cache = cache
        self._policy = policy.cache or CachePolicy()
        self._limits = limits = policy.limits
        self._place = scope["method"], scope["path"]
        self._paths = paths
        join = self._policy.join and paths.streams(*self._place)
        self._resume = resume = policy.resume
        self._scope = scope
        self._lookup = Lookup(
            self._policy, limits, fingerprint, scope, turns, join=join, resume=resume, begin=begin
        )
        self._generation = b""
        self._why: NotKept | None = None
        self.use: CacheUse = "off" if cache is None or policy.cache is None else "bypass"

    @property
    def lease(self) -> Lease | None:
        """The right to give the answer that others join, where this exchange has it."""
        return self._lookup.lease

    @property
    def refusal(self) -> NotCachedError | ResumeError | None:
        """Why the request gets no answer at all, if it is so."""
        return self._lookup.refusal

    @property
    def position(self) -> int:
        """How many frames of the answer the client has."""
        return self._lookup.position

    @property
    def reset(self) -> bool:
        """Whether the client has frames of another answer than the one that comes."""
        return self._lookup.reset

    @property
    def finished(self) -> bool:
        """Whether there is nothing to send: the client has all, or wanted the end."""
        return self._lookup.finished

    @property
    def pace(self) -> Pace:
        """Return how a recording is replayed."""
        return self._policy.pace

    # Before the answer

    async def look_up(self, inbox: Inbox) -> Found:
        """Return what answers this very request; None: the application does."""
        if self._cache is None or self.use == "off":
            return None
        if self._resume is not None and (token := _token_in(self._scope)):
            stop = self._scope["method"] == "DELETE"
            return self._note(await self._lookup.by_link(self._cache, token, stop=stop))
        return self._note(await self._lookup.first(self._cache, inbox))

    async def look_up_again(self, why: Loss) -> Found:
        """Return what answers it now that the answer that was followed came to nothing."""
        if self._cache is None:
            return None
        return self._note(await self._lookup.again(self._cache, why))

    def accepts(self, head: Head) -> bool:
        """Say whether a running answer may be followed: it was not purged meanwhile."""
        return head.epoch == self._lookup.epoch

    def _note(self, found: Found) -> Found:
        if self._lookup.key is None or (found is None and self._lookup.finished):
            self.use = "bypass"
        elif found is None:
            self.use = "miss"
        else:
            self.use = "hit" if isinstance(found, Recording) else "joined"
        made = self.lease.running if found is None and self.lease else found
        self._generation = made.generation if made else b""
        return found

    def headers(self) -> Headers:
        """Return ``Cache-Status`` for an answer that is no replay."""
        if self.use == "off":
            return []
        if self.refusal is not None:  # nothing was forwarded
            only = "only-if-cached" if isinstance(self.refusal, NotCachedError) else ""
            return [_cache_status("", only)]
        collapsed = "; collapsed" if self.use == "joined" else ""
        status = _cache_status(f"; fwd={self._lookup.forward}{collapsed}", self._lookup.detail)
        return [status, *self._location()]

    def hit_headers(self, recording: Recording) -> Headers:
        """Return ``Cache-Status`` and ``Age`` (RFC 9111 §5.1) for a replay."""
        age = age_of(recording)
        ttl = max(0, math.floor(self._policy.lifetime(self._lookup.key or b"") - age))
        status = _cache_status(f"; hit; ttl={ttl}", "")
        return [status, (b"age", b"%d" % math.floor(age)), *self._location()]

    def link(self) -> str | None:
        """Return where this very answer can be read again, if it can."""
        lookup = self._lookup
        if self._resume is None or lookup.key is None or not self._generation:
            return None
        expires_at = time.time() + self._resume.expires
        token = sign(lookup.secret, Link(lookup.key, self._generation), lookup.whose, expires_at)
        path: bytes = self._scope.get("raw_path") or quote(self._scope["path"]).encode()
        return f"{path.decode('latin-1')}?{PARAMETER}={token}"

    def _location(self) -> Headers:
        link = self.link()
        return [(b"content-location", link.encode("latin-1"))] if link else []

    # While it is given

    def recorder(self, status: int, headers: Headers, *, wanted: bool) -> Recorder | None:
        """Return a recorder, if the answer may be kept, as far as its beginning tells."""
        self._paths.note(*self._place, stream=True)
        self._why = "status" if status != 200 else None if wanted else "opted_out"
        if self.use != "miss" or self._why is not None:
            self._unshared()
            return None
        if self.lease is None:
            return Recorder(max_bytes=self._limits.recording)
        head = Head(status, replayable(headers), self._lookup.epoch)
        self.lease.running.begin(head)
        return self.lease.running

    def is_no_stream(self) -> None:
        """Say that the answer is no stream of ours."""
        self._paths.note(*self._place, stream=False)
        self._unshared()

    def _unshared(self) -> None:
        if self.lease is not None:
            self.lease.running.end("unshared")

    # Once it has ended

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
            epoch=self._lookup.epoch,
            scope=scope_id(self._lookup.secret, self._lookup.whose),
        )
        if recording is None:
            self._why = "too_large"
        elif not self._passes(recording):
            self._why = "keep_if"
        elif self._cache is not None and self._lookup.key is not None:
            await self._put(self._cache, self._lookup.key, recording)

    async def _put(self, cache: Cache, key: bytes, recording: Recording) -> None:
        lifetime, quota = self._policy.lifetime(key), self._policy.quota
        try:
            if self.lease is None:
                await cache.put(key, recording, lifetime, quota=quota)
            else:
                await self.lease.finish(recording, lifetime, quota=quota)
            self.use = "stored"
        except OverQuotaError:
            self._why = "quota"
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

    async def release(self) -> None:
        """Let go of the right to answer, if it is still held. Called once the exchange is over."""
        if self.lease is None or self.use == "stored":
            return
        try:
            await self.lease.finish(None, 0)
        except CacheError as error:
            structlog.get_logger("streamward").warning("not_released", code=error.code)


def _token_in(scope: Scope) -> str:
    if scope["method"] not in ("GET", "DELETE"):
        return ""
    query: str = scope.get("query_string", b"").decode("latin-1")
    (token, *_) = parse_qs(query).get(PARAMETER, [""])
    return token


def _cache_status(what: str, detail: str) -> tuple[bytes, bytes]:
    suffix = f"; detail={detail}" if detail else ""
    return b"cache-status", f"streamward{what}{suffix}".encode("latin-1")
