"""What is asked of each contestant: a hit, ten at once, a follower, and a leader that is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Any, cast
from urllib.request import urlopen

from redis import Redis

from bench.cache.peers import fronts
from bench.cache.peers.client import Answer, ask
from bench.cache.peers.fronts import Front
from bench.cache.peers.origin import question
from bench.cache.store import TOKENS, quantiles

GAP = 0.01
LIVE = 200
_AT_ONCE = 10
# Longer than any lease or lock of a contestant that tells its readers at all.
PATIENCE = 25.0

Start = Callable[[str], AbstractContextManager[tuple[Front, str]]]


def _library(name: str) -> Start:
    return lambda redis: fronts.library(name, redis)


CONTESTANTS: dict[str, Start] = {
    "nothing": _library("nothing"),
    "streamward": _library("streamward"),
    "litellm": _library("litellm"),
    "assistant-stream": _library("assistant-stream"),
    "resumable-stream": _library("resumable-stream"),
    "nginx": fronts.nginx,
    "varnish": fronts.varnish,
}


async def measure(redis: str, rounds: int, names: Collection[str] = CONTESTANTS) -> dict[str, Any]:
    """Return the figures of each contestant that is installed, and why others are not."""
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name in names:
        try:
            version = fronts.version(name)
        except fronts.MissingError as error:
            missing[name] = str(error)
            continue
        cast("Any", Redis).from_url(redis).flushall()
        with CONTESTANTS[name](redis) as (front, source):
            kept = await _kept(front, source, rounds)
            calls = await _at_once(front, source)
            shares = calls < _AT_ONCE
            found[name] = {
                "version": version,
                "method": front.method,
                **kept,
                "calls_for_10": calls,
                "following": await _following(front) if shares else None,
                "killed": await _killed(front) if shares else None,
            }
    return {"found": found, "missing": missing}


async def _kept(front: Front, source: str, rounds: int) -> dict[str, Any]:
    """Return times of first answers, of hits, and what is held of one."""
    first: list[float] = []
    for turn in range(max(5, rounds // 5)):
        answer = await ask(front.leader, question(f"new-{turn}", 0, TOKENS), method=front.method)
        first.append(_took(answer) / TOKENS * 1e6)
    empty = front.held()
    asked = question("kept", 0, TOKENS)
    await ask(front.leader, asked, method=front.method)
    await asyncio.sleep(1.0)
    held, calls = front.held() - empty, _calls(source)
    hits = [await ask(front.leader, asked, method=front.method) for _ in range(rounds)]
    served = _calls(source) == calls and all(hit.status == 200 for hit in hits)
    result: dict[str, Any] = {
        "new_us_per_token": statistics.median(first),
        "bytes_per_1000_tokens": held * 1000 // TOKENS,
        "hit": None,
    }
    if served:
        begun = quantiles([(hit.frames[0] - hit.asked) * 1e3 for hit in hits])
        whole = quantiles([_took(hit) * 1e3 for hit in hits])
        rate = TOKENS / whole["p50"] * 1e3
        result["hit"] = {"first_byte_ms": begun, "whole_ms": whole, "tokens_per_s": rate}
    return result


async def _at_once(front: Front, source: str) -> int:
    """Return how often ten identical requests at once ask the application."""
    calls = _calls(source)
    asked = question("ten", GAP, 50)
    urls = [front.leader, front.follower] * (_AT_ONCE // 2)
    await asyncio.gather(*(ask(url, asked, method=front.method) for url in urls))
    return _calls(source) - calls


async def _following(front: Front) -> dict[str, Any]:
    """Return how long who comes late waits, and how far it is behind from then on."""
    asked, led = question("follow", GAP, LIVE), Answer(0.0)
    leading = asyncio.create_task(ask(front.leader, asked, method=front.method, into=led))
    await asyncio.sleep(50 * GAP)
    late = await ask(front.follower, asked, method=front.method)
    await leading
    result: dict[str, Any] = {
        "first_byte_ms": (late.frames[0] - late.asked) * 1e3 if late.frames else None,
        "lag_ms": None,
    }
    pairs = zip(led.frames, late.frames, strict=False)
    lags = [(second - one) * 1e3 for one, second in pairs if late.frames and one > late.asked]
    if len(late.frames) == len(led.frames) and lags:
        result["lag_ms"] = quantiles(lags)
    return result


async def _killed(front: Front) -> dict[str, Any]:
    """Kill who leads in mid-answer; return what a follower gets, and after how many seconds."""
    asked, late = question("killed", GAP, 500), Answer(0.0)
    leading = asyncio.create_task(ask(front.leader, asked, method=front.method))
    await asyncio.sleep(30 * GAP)
    follower = asyncio.create_task(ask(front.follower, asked, method=front.method, into=late))
    await asyncio.sleep(50 * GAP)
    front.process.kill()
    killed = time.monotonic()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(leading, follower), PATIENCE)
    return {"gets": _ending(late), "after_s": late.ended - killed if late.ended else None}


def _ending(late: Answer) -> str:
    if late.ended is None:
        return "hangs"
    if late.status >= 400:
        return f"status {late.status}"
    if len(late.frames) > 500:
        return "a whole answer"
    if late.error:
        return "an error frame"
    if not late.clean:
        return "a cut connection"
    return "a clean end" if late.frames else "nothing"


def _took(answer: Answer) -> float:
    return (answer.ended or 0.0) - answer.asked


def _calls(source: str) -> int:
    with urlopen(f"{source}/calls") as answer:
        return int(json.loads(answer.read()))
