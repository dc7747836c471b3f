"""What a gateway was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .headers import Forwarded
from .settings import Retries, UpstreamTimeouts
from .upstream import Upstream

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The configuration of a gateway; :class:`~.app.Gateway` says what it means."""

    upstream: Upstream
    headers: Mapping[bytes, bytes] = field(repr=False)
    keep_host: bool
    forwarded: Forwarded
    timeouts: UpstreamTimeouts
    retries: Retries
