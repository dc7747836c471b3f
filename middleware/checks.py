"""What settings must be."""

from __future__ import annotations

import math

from ..cache import Cache
from ..wire.errors import ConfigurationError

__all__ = ["check_resume", "checked_cache", "positive", "positive_or_none"]


def positive(owner: str, name: str, value: object) -> None:
    """Check that a setting is a finite number above 0."""
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ConfigurationError(f"{owner}({name}=...) must be a finite number above 0")


def positive_or_none(owner: str, name: str, value: object) -> None:
    """Check that a setting is a finite number above 0, or None."""
    if value is not None:
        positive(owner, name, value)


def checked_cache(cache: object) -> Cache | None:
    """Check that a cache is one, and not its class."""
    if cache is None or (isinstance(cache, Cache) and not isinstance(cache, type)):
        return cache
    raise ConfigurationError("cache=... takes a cache: write MemoryCache() or RedisCache(url)")


def check_resume(cache: Cache | None, *, wanted: bool) -> None:
    """Check that there is a store where a route wants answers to be resumed."""
    if cache is None and wanted:
        raise ConfigurationError("Policy(resume=...) needs a cache: write cache=MemoryCache()")
