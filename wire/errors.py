"""Every error streamward raises, in one tree.

::

    StreamwardError
    ├── ConfigurationError (ValueError)   the caller's misuse, at construction
    │   └── MissingExtraError (ImportError)  an optional library is not installed
    ├── UpstreamError                     the application or its model misbehaved
    │   ├── UpstreamFailedError           it raised in the middle of the answer
    │   ├── LeaderLostError               whoever gave the answer that was joined is gone
    │   ├── UpstreamTimeoutError          no first token, or no next one, in time
    │   ├── FrameTooLargeError            one frame is over the limit
    │   ├── UnreadableFrameError          guards are on and a frame cannot be read
    │   └── UnsupportedEncodingError      the body is compressed in a way nobody here can undo
    ├── GuardError                        the verdict or the state of a guard
    │   ├── ContentBlockedError           a finding whose action is *block*
    │   ├── HoldLimitError                more had to be held than the limit allows
    │   ├── GuardFailedError              a guard raised and its policy is *closed*
    │   ├── PromptBlockedError            a finding in a prompt, where none is allowed
    │   └── PromptUnreadableError         a prompt that cannot be looked at
    ├── NotCachedError                    the client wanted a recording or nothing
    ├── StoppedError                      somebody asked for the answer to end
    └── CacheError                        a store, or what it holds or is given, misbehaved
        ├── CacheFullError                the store has no room for a recording
        ├── CacheUnavailableError         the store did not answer, or not in time
        ├── CorruptRecordingError         the stored bytes are not a recording
        └── UncacheableRequestError       a request that gets no key

``code`` is stable and machine-readable: it is what clients find in the error frame.
``public_message`` is what they are told; it never quotes the stream, the prompt or an exception.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CacheError",
    "CacheFullError",
    "CacheUnavailableError",
    "ConfigurationError",
    "ContentBlockedError",
    "CorruptRecordingError",
    "FrameTooLargeError",
    "GuardError",
    "GuardFailedError",
    "HoldLimitError",
    "LeaderLostError",
    "MissingExtraError",
    "NotCachedError",
    "PromptBlockedError",
    "PromptUnreadableError",
    "StoppedError",
    "StreamwardError",
    "UncacheableRequestError",
    "UnreadableFrameError",
    "UnsupportedEncodingError",
    "UpstreamError",
    "UpstreamFailedError",
    "UpstreamTimeoutError",
]


class StreamwardError(Exception):
    """The root of every error of this package."""

    code: ClassVar[str] = "streamward_error"
    public_message: ClassVar[str] = "The answer could not be completed."


class ConfigurationError(StreamwardError, ValueError):
    """A setting that cannot work; the message says what to write instead."""

    code = "configuration_error"


class MissingExtraError(ConfigurationError, ImportError):
    """An optional library is missing.

    Attributes:
        extra: the extra to install, as in ``pip install 'streamward[extra]'``.
    """

    def __init__(self, extra: str, needed_by: str) -> None:
        super().__init__(
            f"{needed_by} needs the extra {extra!r}: pip install 'streamward[{extra}]'",
        )
        self.extra = extra


class UpstreamError(StreamwardError):
    """The application, or the model behind it, misbehaved after the first byte."""

    code = "upstream_error"
    public_message = "The upstream failed before the answer was complete."


class UpstreamFailedError(UpstreamError):
    """The application raised in the middle of its answer."""


class LeaderLostError(UpstreamError):
    """The answer was being given to somebody else too, by a process that is gone."""

    code = "leader_lost"


class UpstreamTimeoutError(UpstreamError):
    """The application stayed silent for too long.

    Attributes:
        phase: ``"first_token"`` or ``"between_tokens"``.
        seconds: the limit that ran out.
    """

    code = "upstream_timeout"
    public_message = "The upstream took too long to answer."

    def __init__(self, phase: str, seconds: float) -> None:
        super().__init__(f"no token for {seconds:g} s ({phase})")
        self.phase = phase
        self.seconds = seconds


class FrameTooLargeError(UpstreamError):
    """One frame is larger than the limit.

    Attributes:
        limit: the limit, in bytes.
    """

    code = "frame_too_large"
    public_message = "The upstream sent a frame that is too large."

    def __init__(self, limit: int) -> None:
        super().__init__(f"a frame is larger than {limit} bytes")
        self.limit = limit


class UnreadableFrameError(UpstreamError):
    """Guards are on, and a frame cannot be read as what the stream says it is.

    Attributes:
        reason: which rule it broke; never a piece of the frame.
    """

    code = "unreadable_frame"
    public_message = "The upstream sent something that could not be checked."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnsupportedEncodingError(UpstreamError):
    """The body has a content coding that cannot be undone here.

    Attributes:
        encoding: the value of ``Content-Encoding``.
    """

    code = "unsupported_encoding"
    public_message = "The upstream compressed its answer in a way that cannot be undone."

    def __init__(self, encoding: str) -> None:
        super().__init__(f"cannot decode Content-Encoding: {encoding[:40]}")
        self.encoding = encoding


class GuardError(StreamwardError):
    """The verdict, or the state, of a guard."""

    code = "guard_error"


class ContentBlockedError(GuardError):
    """A finding whose action is *block*.

    Attributes:
        entity: what was found (``"CREDIT_CARD"``), never its text.
        guard: the name of the guard that found it.
    """

    code = "content_blocked"
    public_message = "The answer was stopped by a content policy."

    def __init__(self, entity: str, guard: str) -> None:
        super().__init__(f"{guard} blocked {entity}")
        self.entity = entity
        self.guard = guard


class HoldLimitError(GuardError):
    """More had to be held back than the limit allows.

    Attributes:
        limit: the limit, in bytes of waiting frames.
    """

    code = "hold_limit"
    public_message = "Too much of the answer had to be held back to be checked."

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes had to wait")
        self.limit = limit


class GuardFailedError(GuardError):
    """A guard raised, and its policy is *closed*.

    Attributes:
        guard: the name of the guard.
    """

    code = "guard_failed"
    public_message = "The answer could not be checked."

    def __init__(self, guard: str) -> None:
        super().__init__(f"{guard} failed")
        self.guard = guard


class PromptBlockedError(GuardError):
    """A finding in a prompt, on a route that allows none.

    Attributes:
        entity: what was found, never its text.
        guard: the name of the guard that found it.
    """

    code = "prompt_blocked"
    public_message = "The request was stopped by a content policy."

    def __init__(self, entity: str, guard: str) -> None:
        super().__init__(f"{guard} blocked {entity} in a prompt")
        self.entity = entity
        self.guard = guard


class PromptUnreadableError(GuardError):
    """A prompt that cannot be looked at, on a route whose prompts are guarded.

    Attributes:
        reason: which rule it broke; never a piece of the prompt.
    """

    code = "prompt_unreadable"
    public_message = "The request could not be checked."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotCachedError(StreamwardError):
    """The client asked for a recording or nothing (``only-if-cached``), and there is none."""

    code = "not_cached"
    public_message = "There is no recorded answer to this request."


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
