"""Streaming LLM answers made safe, replayable and unbreakable, by one line of middleware.

::

    from streamward import Streamward
    from streamward.guardrails import PII
    from streamward.cache import MemoryCache

    app.add_middleware(Streamward, guards=[PII()], cache=MemoryCache())
"""

from __future__ import annotations

from .middleware import (
    CachePolicy,
    Limits,
    Policy,
    Progress,
    Report,
    Resume,
    Sockets,
    Streamward,
    StreamwardWSGI,
    Timeouts,
    guard_stream,
    opt_out,
)

__all__ = [
    "CachePolicy",
    "Limits",
    "Policy",
    "Progress",
    "Report",
    "Resume",
    "Sockets",
    "Streamward",
    "StreamwardWSGI",
    "Timeouts",
    "__version__",
    "guard_stream",
    "opt_out",
]

__version__ = "0.1.0"
