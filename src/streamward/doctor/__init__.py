"""Finds the hop that holds, hides, replays or repeats a stream: ``streamward doctor URL``.

::

    wish ─ probe ─ reading ─ exchange   one request, and what came back
    echo ─ serve                        the other end of it
    series                              which requests are made: a `Case`
    measure ─ hops ─ rules ─ diagnosis  pure functions from a `Case` to its findings
    report ─ command                    table, JSON, exit code
"""

from __future__ import annotations

from .diagnosis import RULES, diagnose
from .echo import Echo
from .exchange import Case, Exchange, Moment, Seen, Trouble
from .finding import Finding

__all__ = [
    "RULES",
    "Case",
    "Echo",
    "Exchange",
    "Finding",
    "Moment",
    "Seen",
    "Trouble",
    "diagnose",
]
