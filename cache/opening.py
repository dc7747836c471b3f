"""From a URL to a link, or a message that says which URL would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.errors import ConfigurationError, MissingExtraError

if TYPE_CHECKING:
    from .breaker import Breaker
    from .link.link import Link
    from .live.tasks import Tasks
    from .redis_link import RedisLink

__all__ = ["link_of_threads", "open_link"]


def open_link(url: str, breaker: Breaker, setting: str) -> RedisLink:
    """Return a link that connects at its first call.

    Args:
        url: of a Redis; see :class:`RedisCache`.
        breaker: of the link.
        setting: what the URL was given as, for messages.

    Raises:
        ConfigurationError: the URL, or one of its parameters, cannot be used.
        MissingExtraError: redis-py is not installed.
    """
    try:
        from .redis_link import RedisLink
    except ImportError as error:
        raise MissingExtraError("redis", setting.partition("(")[0]) from error
    try:
        return RedisLink(url, breaker)
    except ValueError as error:
        # No quoting: the URL may hold a password.
        raise ConfigurationError(
            f"{setting} wants an address such as 'redis://localhost:6379/0', "
            "'rediss://user:password@host:6380/0', 'unix:///run/redis.sock', "
            "'redis+sentinel://host:26379,host2:26379/mymaster/0' or "
            "'redis+cluster://host:7000,host2:7001'"
        ) from error


def link_of_threads(url: str, breaker: Breaker) -> tuple[Link, Tasks]:
    """Return what serves threads, for a URL that :func:`open_link` has taken."""
    from .link.threads import ThreadLink
    from .live.thread import ThreadTasks
    from .redis_link import MAX_CONNECTIONS

    tasks = ThreadTasks()
    return ThreadLink(url, breaker, MAX_CONNECTIONS, tasks), tasks
