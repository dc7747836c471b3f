"""What answers a request: a recording, a running answer that it joins, or the application."""

from __future__ import annotations

import inspect
import time
from functools import partial
from typing import Literal

import structlog

from ..cache import Cache, Claim, Lease, Recording, Running, request_key
from ..wire.errors import (
    CacheError,
    CorruptRecordingError,
    NotCachedError,
    ResumeError,
    UncacheableRequestError,
)
from .beside import Begin, drop
from .cache_policy import CachePolicy
from .directives import wishes_in
from .identity import identify, is_cacheable, whose_is
from .inbox import Inbox
from .policy import Limits, Scope
from .resume import Link, Place, Resume, place_in, read_link
from .turns import Turns

__all__ = ["Lookup", "Loss", "age_of"]

Loss = Literal["lost", "unshared", "purged"]
"""Why an answer that was followed came to nothing before its first frame."""


class Lookup:
    """Finds out what answers one request. What the store cannot say, the application does (P10).

    Args:
        policy: how the route caches.
        limits: the size of the buffers.
        fingerprint: of the guards.
        scope: the ASGI scope of the request.
        turns: the door's, for routes that keep several answers.
        join: whether the answer may be shared while it is given.
        resume: how clients go on after a cut; None: they do not.
        begin: begins what goes on side by side.

    Attributes:
        key: of the request; None while it has none, or may not use it.
        whose: the scope of the key.
        epoch: the store's mark for that scope, as it was when the request was looked up.
        lease: the right to give the answer that others join, where the request got it.
        secret: the store's.
        refusal: why the request gets no answer at all, if it is so.
        position: how many frames of what was found the client has.
        reset: True when the client has frames of another answer than the one that comes.
        finished: True when there is nothing more to send.
        forward: why the application is asked, as ``Cache-Status`` says it (RFC 9211).
        detail: and more precisely.
    """

    def __init__(
        self,
        policy: CachePolicy,
        limits: Limits,
        fingerprint: str,
        scope: Scope,
        turns: Turns,
        *,
        join: bool,
        resume: Resume | None,
        begin: Begin,
    ) -> None:
        self._policy = policy
        self._limits = limits
        self._fingerprint = fingerprint
        self._scope = scope
        self._turns = turns
        self._join = join
        self._begin = begin
        self._place = place_in(scope) if resume else None
        self._resumes = resume is not None
        self._linked = False
        self._followed = self._instead_of = b""  # generations
        self._wishes = wishes_in(scope["headers"], policy.obey)
        self.key: bytes | None = None
        self.whose = b""
        self.epoch = b""
        self.lease: Lease | None = None
        self.secret = b""
        self.refusal: NotCachedError | ResumeError | None = None
        self.position = 0
        self.reset = False
        self.finished = False
        self.forward = "bypass"
        self.detail = ""

    async def first(self, cache: Cache, inbox: Inbox) -> Recording | Running | None:
        """Return what answers the request; None: the application does."""
        try:
            self.key = await self._make_key(cache, inbox)
        except UncacheableRequestError as error:
            self.detail = error.reason.replace("_", "-")
        except CacheError as error:
            self._do_without(error)
        return await self._find(cache, anew=self._wishes.refresh)

    async def by_link(self, cache: Cache, token: str, *, stop: bool) -> Recording | Running | None:
        """Return the answer that a link leads to, or stop it."""
        self._linked = True
        try:
            link = await self._link(cache, token)
            if not stop:
                return await self._at(cache, link)
            await cache.stop(link.key, link.generation)
            self.finished = True
        except CacheError:
            self.key, self.refusal = None, ResumeError("unavailable")
        except ResumeError as error:
            self.key, self.refusal = None, error
        return None

    async def _link(self, cache: Cache, token: str) -> Link:
        self.secret = await cache.secret()
        whose = whose_is(self._scope, self._policy)
        link = read_link(self.secret, token, whose, time.time())
        if not await self._allowed():
            raise ResumeError("forbidden")
        self.key, self.whose = link.key, whose or b""
        return link

    async def _at(self, cache: Cache, link: Link) -> Recording | Running:
        place = self._place
        if place is None or place.generation != link.generation:
            place = Place(link.generation, 0)
        self.epoch = await cache.epoch(self.whose)
        if (found := await self._resumed(cache, link.key, place)) is not None:
            return found
        recording = await self._stored(cache, link.key)
        if recording is None or recording.epoch != self.epoch:
            raise ResumeError("gone")
        self._go_on(recording, place)
        return recording

    async def again(self, cache: Cache, why: Loss) -> Recording | Running | None:
        """Return what answers it now, after the answer that it followed came to nothing.

        What was for one reader alone is asked for by each; of those who lost it, one takes over.
        """
        if self._linked:
            self.key, self.refusal = None, ResumeError("gone")
            return None
        if self.position:
            self.position, self.reset = 0, True
        if why == "purged":
            self._instead_of = self._followed
        if why == "unshared":
            self.key, self.forward, self.detail = None, "bypass", "unshared"
        return await self._find(cache, anew=why == "purged")

    async def _find(self, cache: Cache, *, anew: bool) -> Recording | Running | None:
        if self.key is None:
            self._refuse_if_only_cached()
            return None
        place, self._place = self._place, None
        found: Recording | Running | None = None
        try:
            if place is not None:
                self.epoch = await cache.epoch(self.whose)
                found = await self._resumed(cache, self.key, place)
            if found is None:
                found = await self._claimed(cache, self.key, anew=anew)
                if place is not None:
                    self._go_on(found, place)
        except CacheError as error:
            self._do_without(error)
        if found is not None and not await self._allowed():
            found = self.key = None
            self.position, self.finished = 0, False
        if found is None:
            self._refuse_if_only_cached()
        return found

    async def _resumed(self, cache: Cache, key: bytes, place: Place) -> Running | None:
        """Return the running answer that the client has a part of, if it is still known."""
        running = await cache.find(key, place.generation)
        if running is None or running.ending in ("lost", "unshared"):
            return None
        self.position, self.forward = place.frames, "uri-miss"
        # Who has no id, and was there to the end, has it all.
        self.finished = not place.frames and running.ending == "complete" and running.delivered
        return running

    def _go_on(self, found: Recording | Running | None, place: Place) -> None:
        """Go on in a recording where the client was; anything else it gets as a whole."""
        if isinstance(found, Recording) and found.generation == place.generation:
            self.position = place.frames
            self.finished = place.frames >= len(found.frames)
        else:
            self.reset = place.frames > 0

    def _refuse_if_only_cached(self) -> None:
        if self._wishes.only_cached:
            self.refusal = NotCachedError()

    def _do_without(self, error: CacheError) -> None:
        self.key, self.forward = None, "bypass"
        self.detail = error.code.replace("_", "-")

    async def _make_key(self, cache: Cache, inbox: Inbox) -> bytes | None:
        if self._wishes.bypass:
            self.detail = "no-store"
            return None
        if not is_cacheable(self._scope, self._limits.request_body):
            self.detail = "request"
            return None
        body = await inbox.read_body(self._limits.request_body)
        if body is None:
            self.detail = "too-large"
            return None
        identity = identify(
            self._scope, body, self._policy, self._fingerprint, resuming=self._place is not None
        )
        if identity is None:
            self.detail = "no-principal"
            return None
        self.whose = identity.scope
        secret = self.secret = await cache.secret()
        key = identity.key(secret)
        if self._policy.samples == 1:
            return key
        turn = self._turns.take(key, self._policy.samples)
        return request_key(secret, [b"sample", key, b"%d" % turn]) if turn else key

    async def _claimed(self, cache: Cache, key: bytes, *, anew: bool) -> Recording | Running | None:
        self.forward = "request" if anew else "uri-miss"
        claim = await self._claim(cache, key, anew=anew)
        if isinstance(claim, Recording) and not self._fresh(claim, key):
            claim = await self._claim(cache, key, anew=True)
        if isinstance(claim, Running):
            self._followed = claim.generation
        if claim is None or isinstance(claim, Recording | Running):
            return claim
        self.lease = claim
        return None

    async def _claim(self, cache: Cache, key: bytes, *, anew: bool) -> Claim | None:
        """Claim the answer, and take the mark of the scope: side by side, in one round trip."""
        epoch = self._begin(cache.epoch(self.whose))
        try:
            claim = await self._ask(cache, key, anew=anew)
        except BaseException:
            drop(epoch)
            raise
        try:
            self.epoch = await epoch
        except BaseException:
            if claim is not None and not isinstance(claim, Recording | Running):
                await claim.finish(None, 0)
            raise
        return claim

    async def _ask(self, cache: Cache, key: bytes, *, anew: bool) -> Claim | None:
        if self._wishes.only_cached or not self._join:
            return None if anew else await self._stored(cache, key)
        claim = partial(
            cache.claim, key, instead_of=self._instead_of, max_bytes=self._limits.recording
        )
        try:
            return await claim(anew=anew)
        except CorruptRecordingError as error:
            self._replace(error)
            return await claim(anew=True)

    async def _stored(self, cache: Cache, key: bytes) -> Recording | None:
        try:
            return await cache.get(key)
        except CorruptRecordingError as error:
            self._replace(error)
            return None

    def _replace(self, error: CorruptRecordingError) -> None:
        """Go on as if nothing were there; the answer that comes now takes its place."""
        self.detail = error.code.replace("_", "-")

    def _fresh(self, recording: Recording, key: bytes) -> bool:
        if recording.epoch != self.epoch:
            return False
        age = age_of(recording)
        if age >= self._policy.lifetime(key):
            # Stored when the route still gave a longer life.
            self.forward = "stale"
            return False
        if age > self._wishes.max_age:
            self.forward = "request"
            return False
        return True

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


def age_of(recording: Recording) -> float:
    """Return how many seconds ago a recording was made."""
    # The clocks of two machines differ: what seems to come from the future is new.
    return max(0.0, time.time() - recording.created_at)
