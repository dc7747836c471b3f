"""The WebSocket door: frames are messages, and both sides speak."""

from __future__ import annotations

from .connection import Connection

__all__ = ["Connection"]
