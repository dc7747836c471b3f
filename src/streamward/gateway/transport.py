"""The connections to the upstream, and what goes wrong with them."""

from __future__ import annotations

import ssl
from typing import Literal

import httpx

from ..errors import (
    NotForwardedError,
    StreamwardError,
    UpstreamFailedError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from .settings import UpstreamTimeouts

__all__ = ["as_ours", "open_transport"]

# Servers close what is idle; uvicorn after 5 s. Whoever waits less never asks just then.
_IDLE_SECONDS = 3.0
_IDLE_CONNECTIONS = 100

_PHASES: dict[type[Exception], str] = {
    httpx.ConnectTimeout: "connect",
    httpx.PoolTimeout: "pool",
    httpx.WriteTimeout: "between_bytes",
}
_UNREACHED = (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol)


def open_transport(trust: ssl.SSLContext | None = None) -> httpx.AsyncHTTPTransport:
    """Return what connects to the upstream, as often as there are requests at a time.

    Args:
        trust: the certificates to believe; default: those of httpx.
    """
    limits = httpx.Limits(
        max_connections=None,
        max_keepalive_connections=_IDLE_CONNECTIONS,
        keepalive_expiry=_IDLE_SECONDS,
    )
    return httpx.AsyncHTTPTransport(verify=trust or True, limits=limits)


def as_ours(
    error: httpx.TransportError,
    timeouts: UpstreamTimeouts,
    reading: Literal["first_byte", "between_bytes"],
) -> StreamwardError:
    """Return the error of our own for one of httpx's, whose message may quote the upstream.

    Args:
        error: what httpx raised.
        timeouts: those that it had.
        reading: what it was waiting for when it read.
    """
    if isinstance(error, httpx.TimeoutException):
        phase: str = _PHASES.get(type(error), reading)
        return UpstreamTimeoutError(phase, getattr(timeouts, phase))
    if isinstance(error, httpx.LocalProtocolError):
        return NotForwardedError("malformed")
    kind = type(error).__name__
    if isinstance(error, _UNREACHED):
        return UpstreamUnreachableError(f"the upstream cannot be reached ({kind})")
    return UpstreamFailedError(f"the upstream broke off ({kind})")
