"""What a recording, a running answer or their store did not give."""

from __future__ import annotations

from .root import StreamwardError

__all__ = [
    "CacheError",
    "CacheFullError",
    "CacheUnavailableError",
    "CorruptRecordingError",
    "NotCachedError",
    "OverQuotaError",
    "ResumeError",
    "StoppedError",
    "UncacheableRequestError",
]


class NotCachedError(StreamwardError):
    """The client asked for a recording or nothing (``only-if-cached``), and there is none."""

    code = "not_cached"
    public_message = "There is no recorded answer to this request."


class ResumeError(StreamwardError):
    """A link to an answer cannot be followed.

    Attributes:
        reason: ``"invalid"`` (not one of ours, or made for somebody else), ``"forbidden"``
            (``authorize`` says no), ``"expired"``, ``"gone"`` (the answer is not there any more),
            or ``"unavailable"`` (the store does not say).
    """

    code = "not_resumed"
    public_message = "The answer cannot be resumed."

    def __init__(self, reason: str) -> None:
        super().__init__(f"the answer cannot be resumed: {reason}")
        self.reason = reason


class StoppedError(StreamwardError):
    """Somebody who may asked for the answer to end."""

    code = "stopped"
    public_message = "The answer was stopped."


class CacheError(StreamwardError):
    """A store, or what it holds or is given, misbehaved. It never reaches a client (P10)."""

    code = "cache_error"


class CacheFullError(CacheError):
    """The store has no room for a recording; what it already holds can still be read."""

    code = "cache_full"


class OverQuotaError(CacheError):
    """A scope keeps as much as it may, so this recording was not kept."""

    code = "over_quota"


class CacheUnavailableError(CacheError):
    """The store did not answer, not in time, or not with what was asked.

    Attributes:
        reason: ``"timeout"``, ``"unreachable"``, ``"refused"`` (it answered with an error),
            ``"busy"`` (too many calls of our own are waiting for it), ``"paused"``
            (it failed a moment ago and is not asked again yet), or ``"closed"`` (by ourselves,
            while somebody was listening).
    """

    code = "cache_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the cache is not available: {reason}")
        self.reason = reason


class CorruptRecordingError(CacheError):
    """The stored bytes are not a recording that this version can read, or no key opens them."""

    code = "corrupt_recording"


class UncacheableRequestError(CacheError):
    """A request that must not be looked up or kept, because its key would be a guess.

    Attributes:
        reason: ``"duplicate_name"`` or ``"too_large"``; never a piece of the request.
    """

    code = "uncacheable_request"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the request has no cache key: {reason}")
        self.reason = reason
