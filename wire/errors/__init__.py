"""Every error streamward raises, in one tree.

::

    StreamwardError
    ├── ConfigurationError (ValueError)   the caller's misuse, at construction
    │   └── MissingExtraError (ImportError)  an optional library is not installed
    ├── UpstreamError                     the application or its model misbehaved
    │   ├── UpstreamFailedError           it raised in the middle of the answer
    │   ├── UpstreamUnreachableError      a gateway could not connect to it
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
    ├── NotForwardedError                 a request that a gateway does not pass on
    ├── NotCachedError                    the client wanted a recording or nothing
    ├── ResumeError                       an answer cannot be gone on with
    ├── StoppedError                      somebody asked for the answer to end
    └── CacheError                        a store, or what it holds or is given, misbehaved
        ├── CacheFullError                the store has no room for a recording
        ├── CacheUnavailableError         the store did not answer, or not in time
        ├── CorruptRecordingError         the stored bytes are not a recording
        ├── OverQuotaError                a scope keeps as much as it may
        └── UncacheableRequestError       a request that gets no key

``code`` is stable and machine-readable: it is what clients find in the error frame.
``public_message`` is what they are told; it never quotes the stream, the prompt or an exception.
"""

from __future__ import annotations

from .cache import (
    CacheError,
    CacheFullError,
    CacheUnavailableError,
    CorruptRecordingError,
    NotCachedError,
    OverQuotaError,
    ResumeError,
    StoppedError,
    UncacheableRequestError,
)
from .guard import (
    ContentBlockedError,
    GuardError,
    GuardFailedError,
    HoldLimitError,
    PromptBlockedError,
    PromptUnreadableError,
)
from .root import (
    ConfigurationError,
    MissingExtraError,
    StreamwardError,
)
from .upstream import (
    FrameTooLargeError,
    LeaderLostError,
    NotForwardedError,
    UnreadableFrameError,
    UnsupportedEncodingError,
    UpstreamError,
    UpstreamFailedError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)

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
    "NotForwardedError",
    "OverQuotaError",
    "PromptBlockedError",
    "PromptUnreadableError",
    "ResumeError",
    "StoppedError",
    "StreamwardError",
    "UncacheableRequestError",
    "UnreadableFrameError",
    "UnsupportedEncodingError",
    "UpstreamError",
    "UpstreamFailedError",
    "UpstreamTimeoutError",
    "UpstreamUnreachableError",
]
