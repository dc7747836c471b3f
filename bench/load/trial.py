"""One load on one server, and what came of it; and the search for the load it just bears."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import Any

from .client import Reading, Tally, ask, open_stream

_OPENED_PER_SECOND = 400.0
_SETTLE = 1.0
_PROBES_PER_SECOND = 10.0
_PROBE_TOKENS = 12
# How much of what was asked has to arrive, or the server only looks calm.
_ENOUGH = 0.99


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a server.

    Attributes:
        streams: how many at the same time.
        rate: tokens a second of each stream.
        seconds: how long it is measured, once all streams flow.
    """

    streams: int
    rate: float
    seconds: float


async def trial(url: str, load: Load) -> dict[str, Any]:
    """Put a load on a server and measure it; afterwards the server is idle again."""
    tally = Tally()
    empty = (await ask(url, "/start"))["rss"]
    await ask(url, "/stop")
    readings = await _open_all(url, tally, load)
    await asyncio.sleep(min(_SETTLE, load.seconds))
    await ask(url, "/start")
    frames, cpu, began = tally.frames, time.process_time(), time.monotonic()
    tally.noting = True
    probes = await _probe(url, load)
    tally.noting = False
    wall = time.monotonic() - began
    frames, cpu = tally.frames - frames, time.process_time() - cpu
    seen = await ask(url, "/stop")
    await asyncio.gather(*(reading.over for reading in readings))
    tokens = frames / wall
    memory = seen.pop("rss") - empty
    us_per_token = seen["cpu"] / tokens * 1e6
    return {
        "streams": load.streams,
        "tokens_per_s": tokens,
        "achieved": tokens / load.streams / load.rate,
        **seen,
        "us_per_token": us_per_token,
        "streams_by_cpu": 1e6 / us_per_token / load.rate,
        "client_cpu": cpu / wall,
        "memory_kb_per_stream": memory / load.streams / 1024,
        "whole": tally.whole,
        "delay_p50_ms": spread(tally.delays, 0.5) * 1e3,
        "delay_p99_ms": spread(tally.delays, 0.99) * 1e3,
        "ttft_ms": [probe * 1e3 for probe in probes],
    }


async def _open_all(url: str, tally: Tally, load: Load) -> list[Reading]:
    """Open the streams one after the other; return when each of them has begun."""
    readings: list[Reading] = []
    began = time.monotonic()
    for number in range(load.streams):
        wait = began + number / _OPENED_PER_SECOND - time.monotonic()
        await asyncio.sleep(max(wait, 0))
        readings.append(await open_stream(url, tally, number, load.rate, math.inf))
    await asyncio.gather(*(reading.begun for reading in readings))
    return readings


async def _probe(url: str, load: Load) -> list[float]:
    """Spend the time of the measurement; return the times to the first token of short streams."""
    aside = Tally()
    readings: list[Reading] = []
    began = time.monotonic()
    while time.monotonic() < began + load.seconds:
        name = f"probe-{len(readings)}"
        readings.append(await open_stream(url, aside, name, load.rate, _PROBE_TOKENS))
        await asyncio.sleep(1 / _PROBES_PER_SECOND)
    await asyncio.gather(*(reading.over for reading in readings))
    return [reading.ttft for reading in readings if reading.ttft is not None]


def spread(values: list[float], part: float) -> float:
    """Return a quantile; 0 where there is nothing."""
    return sorted(values)[int(len(values) * part)] if values else 0.0


def bears(row: dict[str, Any], lag_ms: float) -> bool:
    """Whether the loop stayed quick and every token came."""
    return bool(row["lag_p99_ms"] < lag_ms and row["achieved"] >= _ENOUGH)


async def search(url: str, load: Load, lag_ms: float, step: int) -> dict[str, Any]:
    """Return the row of the highest number of streams, a multiple of ``step``, that is borne.

    ``load.streams`` is the most that is tried. A load has two tries: another process on the machine
    can spoil one.
    """
    best: dict[str, Any] = {"streams": 0}
    low, high = 0, load.streams // step + 1
    while high - low > 1:
        middle = (low + high) // 2
        tried = Load(middle * step, load.rate, load.seconds)
        row = await trial(url, tried)
        if not bears(row, lag_ms):
            row = await trial(url, tried)
        if bears(row, lag_ms):
            low, best = middle, row
        else:
            high = middle
    return best
