"""Both kinds of link to one Redis, to be held to the same.

The link of threads waits where it is called, so that it serves a test that has a loop as well.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from streamward.cache.breaker import Breaker
from streamward.cache.link.threads import ThreadLink
from streamward.cache.live.tasks import LoopTasks
from streamward.cache.redis_link import MAX_CONNECTIONS, RedisLink

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from streamward.cache.link.link import Link

__all__ = ["KINDS", "linked"]

KINDS = ["loop", "threads"]


@contextlib.asynccontextmanager
async def linked(url: str, kind: str, pause: float = 60.0) -> AsyncGenerator[Link]:
    """Open a link whose breaker waits ``pause`` seconds, until the block ends."""
    link: Link = RedisLink(url, Breaker(pause))
    if kind == "threads":
        link = ThreadLink(url, Breaker(pause), MAX_CONNECTIONS, LoopTasks())
    try:
        yield link
    finally:
        await link.close()
