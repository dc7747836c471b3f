"""What a black-holed Redis costs the first frame, beside no cache at all, in one run.

python -m bench.cache.faults [--rounds 200]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

from bench.cache.store import SECRET, ask, frames, quantiles, scripted
from streamward import Streamward
from streamward.cache import RedisCache

TIMEOUT = 0.1


async def measure(rounds: int) -> dict[str, Any]:
    """Return the milliseconds to the first frame: without a cache, first request, later ones."""
    async with await asyncio.start_server(_swallow, "127.0.0.1", 0) as hole:
        port = hole.sockets[0].getsockname()[1]
        url = f"redis://127.0.0.1:{port}/0"
        app = scripted(frames(10))
        bare = Streamward(app, on_report=lambda report: None)
        firsts: list[float] = []
        for _ in range(5):
            cache, door = _door(url, app)
            firsts.append(await _first_frame(door))
            await cache.close()
        cache, door = _door(url, app)
        await _first_frame(door)
        none: list[float] = []
        later: list[float] = []
        for _ in range(rounds):
            none.append(await _first_frame(bare))
            later.append(await _first_frame(door))
        await cache.close()
    added = quantiles(later)["p50"] - quantiles(none)["p50"]
    return {
        "timeout_ms": TIMEOUT * 1000,
        "no_cache_ms": quantiles(none),
        "first_ms": quantiles(firsts),
        "later_ms": quantiles(later),
        "later_added_ms_p50": added,
    }


def _door(url: str, app: Any) -> tuple[RedisCache, Streamward]:
    cache = RedisCache(url, secret=SECRET, timeout=TIMEOUT, retry_after=3600.0)
    return cache, Streamward(app, cache=cache, on_report=lambda report: None)


async def _first_frame(door: Streamward) -> float:
    came: list[float] = []
    began = time.perf_counter()

    async def send(message: Any) -> None:
        if message.get("body") and not came:
            came.append(time.perf_counter())

    await ask(door, send)
    return (came[0] - began) * 1000


async def _swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1 << 16):
        pass
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    print(json.dumps(asyncio.run(measure(parser.parse_args().rounds)), indent=1))


if __name__ == "__main__":
    main()
