"""A guard from a function that is asked about each sentence: a plain one, or an ``async`` one."""

from __future__ import annotations

from .awaiting import LOOP
from .guard import Answer, Sentences

__all__ = ["LOOP", "Answer", "Sentences"]
