"""The doors: where streams enter, and what a route may ask for."""

from __future__ import annotations

from .asgi import Streamward
from .controls import opt_out
from .iterators import AsyncGuardedStream, GuardedStream, guard_stream
from .policy import CachePolicy, Limits, Policy, Progress, Sockets, Timeouts
from .report import Report, log_report
from .resume import Resume
from .wsgi import StreamwardWSGI

__all__ = [
    "AsyncGuardedStream",
    "CachePolicy",
    "GuardedStream",
    "Limits",
    "Policy",
    "Progress",
    "Report",
    "Resume",
    "Sockets",
    "Streamward",
    "StreamwardWSGI",
    "Timeouts",
    "guard_stream",
    "log_report",
    "opt_out",
]
