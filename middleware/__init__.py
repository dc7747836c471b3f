"""The doors: where streams enter, and what a route may ask for."""

from __future__ import annotations

from .asgi import Streamward
from .controls import opt_out
from .policy import CachePolicy, Limits, Policy, Progress, Timeouts
from .report import Report, log_report
from .resume import Resume

__all__ = [
    "CachePolicy",
    "Limits",
    "Policy",
    "Progress",
    "Report",
    "Resume",
    "Streamward",
    "Timeouts",
    "log_report",
    "opt_out",
]
