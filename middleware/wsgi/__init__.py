"""The WSGI door.

Strategy: what the ASGI door does is written in coroutines. Here they run without a loop, in the
thread that the server gave: nothing in them waits for a loop, and where they send, they pause and
hand out what the server is to get next. So both doors are one piece of code, and differ in who
waits, and how.
"""

from __future__ import annotations

from .door import StreamwardWSGI

__all__ = ["StreamwardWSGI"]
