"""The doors: where streams enter, and what a route may ask for."""

from __future__ import annotations

from .asgi import Streamward
from .controls import opt_out
from .policy import CachePolicy, Limits, Policy, Progress, Timeouts
from .report import Report, log_report

__all__ = [
    "CachePolicy",
    "Limits",
    "Policy",
    "Progress",
    "Report",
    "Streamward",
    "Timeouts",
    "log_report",
    "opt_out",
]
