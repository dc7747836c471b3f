"""What a rule finds, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .advice import Code
from .hops import Kind

__all__ = ["Finding", "Found", "Severity"]

Severity = Literal["fault", "risk"]
"""``fault``: readers suffer from it. ``risk``: today something else makes up for it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one rule found.

    Attributes:
        evidence: sentences that say what was measured.
        severity: how bad it is.
        at: the hop, where the evidence itself says which; None: the likeliest of those there.
        change: the line to change, where it depends on the evidence; empty: that of the table.
    """

    evidence: tuple[str, ...]
    severity: Severity = "fault"
    at: Kind | None = None
    change: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault on the way.

    Attributes:
        code: stable and machine-readable.
        severity: how bad it is.
        says: what is wrong, in one sentence.
        hop: where, most likely; ``"unknown"`` where no header says who stands there.
        evidence: sentences that say what was measured.
        change: the line to change.
    """

    code: Code
    severity: Severity
    says: str
    hop: Kind
    evidence: tuple[str, ...]
    change: str
