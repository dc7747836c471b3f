"""Text in, decided text out: guards, what they find, and what happens to it."""

from __future__ import annotations

from .action import Action, ActionLike, Block, Flag, Hash, Mask, Redact, Replace
from .blocking import Blocking, BlockingLike, blocking_of
from .channels import Channels
from .fakes import Fake
from .guard import Finding, Guard, OnError, Scanner
from .hold import Hold, HoldLike
from .pattern import Pattern
from .pii import PII
from .pseudonyms import Pseudonyms
from .secrets import SecretScan
from .sentences import Sentences
from .stream_actions import PerStream, StreamActions
from .terms import Terms
from .toxicity import Batch, Toxicity, ToxicityScreen
from .ward import MAX_HELD, Ward

__all__ = [
    "MAX_HELD",
    "PII",
    "Action",
    "ActionLike",
    "Batch",
    "Block",
    "Blocking",
    "BlockingLike",
    "Channels",
    "Fake",
    "Finding",
    "Flag",
    "Guard",
    "Hash",
    "Hold",
    "HoldLike",
    "Mask",
    "OnError",
    "Pattern",
    "PerStream",
    "Pseudonyms",
    "Redact",
    "Replace",
    "Scanner",
    "SecretScan",
    "Sentences",
    "StreamActions",
    "Terms",
    "Toxicity",
    "ToxicityScreen",
    "Ward",
    "blocking_of",
]
