"""The marks that tell whether something was purged, as all processes agree on them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from .names import EPOCH_BYTES, YEAR_SECONDS

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["agree_on_epochs"]


async def agree_on_epochs(redis: Redis, names: list[str]) -> list[Any]:
    """Return the marks under these names; what is missing is made anew."""
    found: list[Any] = await redis.mget(names)
    missing = [name for name, mark in zip(names, found, strict=True) if mark is None]
    for name in missing:
        mark = secrets.token_bytes(EPOCH_BYTES)
        await redis.set(name, mark, nx=True, px=YEAR_SECONDS * 1000)
    return await redis.mget(names) if missing else found
