"""Text in, decided text out: guards, what they find, and what happens to it."""

from __future__ import annotations

from .action import Action, ActionLike, Block, Flag, Hash, Mask, Redact, Replace
from .guard import Finding, Guard, OnError, Scanner
from .pii import PII
from .pseudonyms import Pseudonyms
from .ward import MAX_HELD, Ward

__all__ = [
    "MAX_HELD",
    "PII",
    "Action",
    "ActionLike",
    "Block",
    "Finding",
    "Flag",
    "Guard",
    "Hash",
    "Mask",
    "OnError",
    "Pseudonyms",
    "Redact",
    "Replace",
    "Scanner",
    "Ward",
]
