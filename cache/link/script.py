"""A script that runs inside Redis, called by its hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from redis.exceptions import NoScriptError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from redis.asyncio import Redis

__all__ = ["Script", "Value"]

Value: TypeAlias = bytes | str | int | float


class Script:
    """A Lua script. Redis keeps it by its hash, so a call sends 40 bytes instead of the text.

    Args:
        source: the text. It may touch what ``KEYS`` names and nothing else.
    """

    __slots__ = ("_sha", "_source")

    def __init__(self, source: str) -> None:
        self._source = source
        self._sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Redis, keys: Sequence[str], args: Sequence[Value]) -> Any:
        """Run it once, in one round trip where Redis knows it, else in two.

        Redis forgets scripts when it restarts, is flushed or hands over to a replica.

        Args:
            redis: what a command of ``RedisLink.call`` is given.
            keys: ``KEYS``; at least one, and all in one cluster slot.
            args: ``ARGV``.
        """
        execute: Callable[..., Awaitable[Any]] = cast("Any", redis).execute_command
        try:
            return await execute("EVALSHA", self._sha, len(keys), *keys, *args)
        except NoScriptError:
            return await execute("EVAL", self._source, len(keys), *keys, *args)
