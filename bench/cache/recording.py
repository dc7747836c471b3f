"""What recording adds to a token, on the path of whoever leads: µs of the server's CPU time.

Each variant is a uvicorn process of its own with the PII guard, asked in turn, round after round,
as in :mod:`bench.overhead`; every request is a new one, so every answer is recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from bench.cache.store import SECRET, TOKENS, frames
from bench.serving import serving

STREAMS = 16
# In `way` every answer is recorded on its way to the client, and then forgotten.
VARIANTS = ("bare", "no_cache", "way", "memory", "redis")
# What is kept is compressed and written when the client has its answer already.
_SETTLE = 0.1


def app(variant: str, url: str) -> Any:
    """Return the ASGI app that a variant serves; ``/cpu`` is the CPU time of its process."""
    body = frames()

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        asked = scope["path"] == "/cpu"
        kind = b"application/json" if asked else b"text/event-stream"
        headers = [(b"content-type", kind)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if asked:
            used = json.dumps(time.process_time()).encode()
            await send({"type": "http.response.body", "body": used})
            return
        for frame in body:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
            await asyncio.sleep(0)  # as from a model: one token, then somebody else's turn
        await send({"type": "http.response.body", "body": b""})

    if variant == "bare":
        return bare
    from streamward import CachePolicy, Policy, Streamward
    from streamward.cache import MemoryCache, RedisCache
    from streamward.guardrails import PII

    cache: Any = MemoryCache() if variant in ("way", "memory") else None
    if variant == "redis":
        cache = RedisCache(url, secret=SECRET, prefix="cost", timeout=5.0)
    forgets = CachePolicy(keep_if=lambda recording: False)
    policy = Policy(cache=forgets) if variant == "way" else Policy()
    return Streamward(
        bare, guards=[PII()], cache=cache, policy=policy, on_report=lambda report: None
    )


async def measure(url: str, rounds: int) -> dict[str, Any]:
    """Return the cost of a token in each variant, in µs, and what a cache adds to it.

    What it adds is the median of the differences within each round, and as a share of the cost
    without a cache, with the server and the guard.
    """
    samples: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    with contextlib.ExitStack() as stack:
        urls = {one: stack.enter_context(_served(one, url)) for one in VARIANTS}
        for turn in range(rounds + 1):
            # Which goes first has its turn, too: the machine is shared.
            first = turn % len(VARIANTS)
            for variant in VARIANTS[first:] + VARIANTS[:first]:
                cost = await _cost(urls[variant], turn)
                if turn:  # the first round warms up
                    samples[variant].append(cost)
    costs = {variant: statistics.median(values) for variant, values in samples.items()}
    added = {one: _difference(samples[one], samples["no_cache"]) for one in VARIANTS[2:]}
    return {
        "us_per_token": costs,
        "added_us": added,
        "added_share": {one: value / costs["no_cache"] for one, value in added.items()},
    }


def _served(variant: str, url: str) -> contextlib.AbstractContextManager[str]:
    return serving("bench.cache.recording", "--serve", variant, "--redis", url)


def _difference(values: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(one - other for one, other in zip(values, others, strict=True))


async def _cost(url: str, turn: int) -> float:
    before = await asyncio.to_thread(_used, url)
    await asyncio.gather(*(_answer(url, f"{turn}-{n}") for n in range(STREAMS)))
    await asyncio.sleep(_SETTLE)
    return (await asyncio.to_thread(_used, url) - before) / TOKENS / STREAMS * 1e6


def _used(url: str) -> float:
    with urlopen(f"{url}/cpu") as answer:
        return float(answer.read())


async def _answer(url: str, query: str) -> None:
    """Read one answer to its end, as cheaply as can be: the client shares the machine."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST /v1/chat/completions?{query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n"
    kind = "content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
    writer.write((head + kind).encode())
    while await reader.read(1 << 16):
        pass
    writer.close()
    await writer.wait_closed()


if __name__ == "__main__":
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", choices=VARIANTS, required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    served = app(options.serve, options.redis)
    uvicorn.run(served, port=options.port, log_level="critical", lifespan="off")
