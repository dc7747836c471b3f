"""Answers that stores give and follow without a door: what tests of them have in common."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from streamward.cache import Follower, Head, Recording, RedisCache, Running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

__all__ = [
    "HEAD",
    "KEY",
    "LIMIT",
    "RECORDING",
    "SECRET",
    "add",
    "claimed",
    "flush",
    "processes",
    "read",
]

KEY = bytes(range(32))
SECRET = bytes(32)
HEAD = Head(200, (), b"")
LIMIT = 1 << 20
RECORDING = Recording(200, (), (), "openai_chat", 1.0)


@contextlib.asynccontextmanager
async def processes(url: str) -> AsyncGenerator[Callable[..., RedisCache]]:
    """Make stores with links of their own: each stands for a process."""
    stores: list[RedisCache] = []

    def make(**settings: Any) -> RedisCache:
        given: dict[str, Any] = {
            "secret": SECRET,
            "timeout": 20.0,
            "write_timeout": 20.0,
            **settings,
        }
        stores.append(RedisCache(url, **given))
        return stores[-1]

    yield make
    for store in stores:
        await store.close()


async def claimed(store: RedisCache, key: bytes = KEY) -> Any:
    return await store.claim(key, max_bytes=LIMIT)


async def read(running: Running, count: int | None = None) -> bytes:
    """Return what a reader gets until the end, or ``count`` bytes."""
    got = b""
    with Follower(running) as follower:
        async with asyncio.timeout(30):
            await follower.head()
            while count is None or len(got) < count:
                if not (frames := await follower.frames()):
                    break
                got += b"".join(frame.data for frame in frames)
    return got


def add(running: Running, *frames: bytes) -> None:
    for frame in frames:
        running.add(frame, time.monotonic())


async def flush(store: Any) -> None:
    """Let Redis forget everything."""

    async def forget(redis: Any) -> None:
        await redis.flushall()

    await store._link.call(forget, 20.0)
