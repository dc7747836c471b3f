"""The application, or the model behind it, misbehaved or is not asked."""

from __future__ import annotations

from .root import StreamwardError

__all__ = [
    "FrameTooLargeError",
    "LeaderLostError",
    "NotForwardedError",
    "UnreadableFrameError",
    "UnsupportedEncodingError",
    "UpstreamError",
    "UpstreamFailedError",
    "UpstreamTimeoutError",
    "UpstreamUnreachableError",
]


class UpstreamError(StreamwardError):
    """The application, or the model behind it, misbehaved."""

    code = "upstream_error"
    public_message = "The upstream failed before the answer was complete."


class UpstreamFailedError(UpstreamError):
    """The application raised in the middle of its answer; or a gateway's upstream broke off."""


class UpstreamUnreachableError(UpstreamError):
    """A gateway could not connect to its upstream: nobody got the request."""

    code = "upstream_unreachable"
    public_message = "The upstream cannot be reached."


class NotForwardedError(StreamwardError):
    """A request that a gateway does not pass on.

    Attributes:
        reason: ``"target"`` (no path of the upstream's), ``"method"`` (CONNECT and TRACE),
            ``"upgrade"`` (a WebSocket), or ``"malformed"``; never a piece of the request.
    """

    code = "not_forwarded"
    public_message = "This request is not passed on."

    def __init__(self, reason: str) -> None:
        super().__init__(f"the request is not passed on: {reason}")
        self.reason = reason


class LeaderLostError(UpstreamError):
    """The answer was being given to somebody else too, by a process that is gone."""

    code = "leader_lost"


class UpstreamTimeoutError(UpstreamError):
    """The application stayed silent for too long.

    Attributes:
        phase: ``"first_token"`` or ``"between_tokens"``; of a gateway's upstream ``"connect"``,
            ``"pool"``, ``"first_byte"`` or ``"between_bytes"``.
        seconds: the limit that ran out.
    """

    code = "upstream_timeout"
    public_message = "The upstream took too long to answer."

    def __init__(self, phase: str, seconds: float) -> None:
        super().__init__(f"silent for {seconds:g} s ({phase})")
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
