"""The door for those who hold a stream in their hands: any iterator, in a worker or a notebook."""

from __future__ import annotations

from .guard_stream import guard_stream
from .guarded import AsyncGuardedStream, GuardedStream

__all__ = ["AsyncGuardedStream", "GuardedStream", "guard_stream"]
