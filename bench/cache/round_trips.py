"""A claim and a hit beside a plain ``GET``, and a replay beside ``GET`` and one send."""

from __future__ import annotations

import time
from typing import Any, cast

from redis.asyncio import Redis

from bench.cache.store import SECRET, TOKENS, ask, frames, quantiles, scripted, swallow
from streamward import Streamward
from streamward.cache import Instant, RecordedFrame, Recording, RedisCache, schedule

KEY = bytes(range(32))


async def measure(url: str, rounds: int) -> dict[str, Any]:
    """Return latencies in µs, each pair of calls side by side, and their ratios."""
    redis: Any = cast("Any", Redis).from_url(url, max_connections=1, protocol=2)
    cache = RedisCache(url, secret=SECRET, prefix="bench", timeout=5.0)
    body = frames()
    recorded = tuple(RecordedFrame(at, data) for at, data in enumerate(body))
    recording = Recording(200, (), recorded, "openai_chat", time.time())
    await cache.put(KEY, recording, 3600)
    (stored,) = [name async for name in redis.scan_iter("bench:*")]
    await redis.set("raw", b"".join(body))

    times: dict[str, list[float]] = {name: [] for name in ("get_miss", "claim_miss", "get", "hit")}
    for turn in range(rounds):
        key = turn.to_bytes(32, "big")
        times["get_miss"].append(await _timed(redis.get(f"none{turn}")))
        began = time.perf_counter()
        lease: Any = await cache.claim(key, max_bytes=1 << 20)
        times["claim_miss"].append(time.perf_counter() - began)
        await lease.finish(None, 0)
        times["get"].append(await _timed(redis.get(stored)))
        times["hit"].append(await _timed(_first_byte(cache)))
    replays = await _replays(redis, cache, rounds)
    await redis.aclose()
    await cache.close()
    found = {name: quantiles([at * 1e6 for at in values]) for name, values in times.items()}
    return {
        "us": found,
        "claim_to_get": found["claim_miss"]["p50"] / found["get_miss"]["p50"],
        "hit_to_get": found["hit"]["p50"] / found["get"]["p50"],
        **replays,
    }


async def _first_byte(cache: RedisCache) -> None:
    """Claim an answer that is kept, and make ready the first bytes that leave."""
    found: Any = await cache.claim(KEY, max_bytes=1 << 20)
    next(iter(schedule(found, Instant())))


async def _replays(redis: Any, cache: RedisCache, rounds: int) -> dict[str, float]:
    """Return tokens a second through the door, and for a body that is got and sent as it is."""
    door = Streamward(scripted(frames()), cache=cache, on_report=lambda report: None)
    await ask(door, swallow)
    replayed: list[float] = []
    plain: list[float] = []
    for _ in range(max(20, rounds // 10)):
        replayed.append(await _timed(ask(door, swallow)))
        plain.append(await _timed(_plain(redis)))
    replay, bare = quantiles(replayed)["p50"], quantiles(plain)["p50"]
    return {
        "replayed_tokens_per_s": TOKENS / replay,
        "get_and_send_tokens_per_s": TOKENS / bare,
        "replay_to_get_and_send": replay / bare,
    }


async def _plain(redis: Any) -> None:
    await swallow({"type": "http.response.start", "status": 200, "headers": []})
    await swallow({"type": "http.response.body", "body": await redis.get("raw")})


async def _timed(call: Any) -> float:
    began = time.perf_counter()
    await call
    return time.perf_counter() - began
