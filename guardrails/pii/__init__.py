"""Personal data, found in a stream exactly as Presidio finds it in the whole text.

Read :mod:`.guard` first (what a user configures), then :mod:`.scanner` (one run of text),
:mod:`.barriers` (where a run may be cut) and :mod:`.engine` (Presidio itself).
"""

from __future__ import annotations

from .guard import PII

__all__ = ["PII"]
