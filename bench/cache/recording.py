"""What recording adds to a token, on the path of whoever leads."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

from bench.cache.store import SECRET, TOKENS, ask, frames, scripted, swallow
from streamward import Streamward
from streamward.cache import MemoryCache, RedisCache

STREAMS = 16


async def measure(url: str, rounds: int) -> dict[str, Any]:
    """Return CPU time per token of this process, in µs, without a cache and with one."""
    app = scripted(frames())
    redis = RedisCache(url, secret=SECRET, prefix="cost", timeout=5.0)
    doors = {
        "no_cache": Streamward(app, on_report=lambda report: None),
        "memory": Streamward(app, cache=MemoryCache(), on_report=lambda report: None),
        "redis": Streamward(app, cache=redis, on_report=lambda report: None),
    }
    times: dict[str, list[float]] = {name: [] for name in doors}
    for turn in range(rounds + 1):
        for name, door in doors.items():
            began = time.process_time()
            await asyncio.gather(*(ask(door, swallow, query=f"{turn}-{n}") for n in range(STREAMS)))
            used = (time.process_time() - began) / STREAMS / TOKENS * 1e6
            if turn:
                times[name].append(used)
    await redis.close()
    costs = {name: statistics.median(values) for name, values in times.items()}
    bare = costs["no_cache"]
    return {
        "us_per_token": costs,
        "added_share": {name: cost / bare - 1 for name, cost in costs.items()},
    }
