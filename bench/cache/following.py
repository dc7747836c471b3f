"""How far who follows is behind who leads, in one process and in another; what Redis holds."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any, cast

from redis.asyncio import Redis

from bench.cache.store import SECRET, ask, frames, quantiles, scripted
from streamward import Streamward
from streamward.cache import RedisCache

STREAMED = 200
GAP = 0.01


async def measure(url: str) -> dict[str, Any]:
    """Return the lag of each frame behind the leader's own client, in ms."""
    return {
        "same_process_ms": await _lag(url, elsewhere=False),
        "other_process_ms": await _lag(url, elsewhere=True),
        "bytes_per_1000_tokens": await _size(url),
    }


async def _lag(url: str, *, elsewhere: bool) -> dict[str, Any]:
    name = "follow-else" if elsewhere else "follow-here"
    cache = RedisCache(url, secret=SECRET, prefix=name, timeout=5.0)
    door = _door(cache)
    command = [sys.executable, "-m", "bench.cache.following", "--follow", url, "--name", name]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    await process.stdout.readline()  # it has imported what it needs, which can take seconds
    led: list[float] = []
    leading = asyncio.create_task(_read(door, led))
    await asyncio.sleep(20 * GAP)
    followed: list[float] = []
    asked = time.monotonic()
    if elsewhere:
        out, _ = await process.communicate(b"\n")
        asked, followed = json.loads(out)
    else:
        await _read(door, followed)
        process.kill()
        await process.wait()
    await leading
    await cache.close()
    lags = [(late - early) * 1000 for early, late in zip(led, followed, strict=True)]
    live = [lag for lag, at in zip(lags, led, strict=True) if at > followed[0]]
    return {
        "first_byte_after_asking": (followed[0] - asked) * 1000,
        "live_frames": len(live),
        **quantiles(live),
    }


async def _size(url: str) -> dict[str, int]:
    """Return what Redis holds of an answer that is kept, and how much was sent."""
    cache = RedisCache(url, secret=SECRET, prefix="size", timeout=5.0)
    redis: Any = cast("Any", Redis).from_url(url)
    await _read(_door(cache, gap=0.0), [])
    await asyncio.sleep(0.5)  # it is written when the client has it all
    names: list[bytes] = [name async for name in redis.scan_iter("size:*")]
    held: dict[bytes, int] = {name: await redis.memory_usage(name) or 0 for name in names}
    raw = sum(map(len, frames(STREAMED)))
    await redis.aclose()
    await cache.close()
    kept = max(held.values(), default=0)
    return {"raw": raw * 1000 // STREAMED, "kept": kept * 1000 // STREAMED}


def _door(cache: RedisCache, gap: float = GAP) -> Streamward:
    app = scripted(frames(STREAMED), gap)
    return Streamward(app, cache=cache, on_report=lambda report: None)


async def _read(door: Streamward, times: list[float]) -> None:
    """Ask, and note when each frame comes."""

    async def send(message: Any) -> None:
        times.extend([time.monotonic()] * message.get("body", b"").count(b"\n\n"))

    await ask(door, send)


async def _follow(url: str, name: str) -> None:
    cache = RedisCache(url, secret=SECRET, prefix=name, timeout=5.0)
    times: list[float] = []
    print("ready", flush=True)
    sys.stdin.readline()
    asked = time.monotonic()
    await _read(_door(cache), times)
    await cache.close()
    print(json.dumps([asked, times]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--follow", required=True)
    parser.add_argument("--name", required=True)
    options = parser.parse_args()
    asyncio.run(_follow(options.follow, options.name))
