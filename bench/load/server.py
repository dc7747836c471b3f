"""The measured side: an app that streams like a model, and a meter inside the same process.

``/stream`` answers with a chat completion, one token a frame, each due at its own time; a late one
does not move those behind it. ``created``, the same in all frames of a stream as with a real model,
says when the first token is due, in µs on the monotonic clock that all processes of a machine
share. ``/start`` opens a window of measurement, ``/stop`` closes it, tells what it saw and ends the
streams. They stand beside the middleware, not behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import json
import os
import pstats
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from bench.texts import dense, prose, tokens

VARIANTS = ("bare", "plain", "pii")
TEXTS: dict[str, Callable[[int], str]] = {"prose": prose, "dense": dense}
_SENTENCES = 1_000
_NAP = 0.005  # of the coroutine that measures the loop
_FRAME = (
    b'data: {"id":"chatcmpl-CXs0mE2bWq","object":"chat.completion.chunk","created":%d,'
    b'"model":"model-1","choices":[{"index":0,"delta":%b,"finish_reason":%b}]}\n\n'
)


class Model:
    """Streams pieces of a text, each stream from another place and in another phase."""

    def __init__(self, text: str) -> None:
        pieces = (json.dumps(piece, ensure_ascii=False) for piece in tokens(text))
        self._deltas = [b'{"content":%b}' % piece.encode() for piece in pieces]
        self._round = 0

    def end(self) -> None:
        """Let every stream come to its end."""
        self._round += 1

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        query = parse_qs(scope["query_string"].decode())
        rate, most = (float(query[name][0]) for name in ("rate", "tokens"))
        chance = random.Random(query["number"][0])
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        clock = time.monotonic
        due = clock() + chance.random() / rate
        began = int(due * 1e6)
        at = chance.randrange(len(self._deltas))
        await send(_body(began, b'{"role":"assistant","content":""}'))
        mine = self._round
        sent = 0
        while sent < most and mine == self._round:
            await asyncio.sleep(max(due - clock(), 0))
            await send(_body(began, self._deltas[(at + sent) % len(self._deltas)]))
            due += 1 / rate
            sent += 1
        await send(_body(began, b"{}", b'"stop"'))
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


def _body(began: int, delta: bytes, finish: bytes = b"null") -> dict[str, Any]:
    frame = _FRAME % (began, delta, finish)
    return {"type": "http.response.body", "body": frame, "more_body": True}


class Meter:
    """What the server sees of itself between ``start`` and ``stop``."""

    def __init__(self, *, profiled: bool) -> None:
        self._profile = cProfile.Profile() if profiled else None
        self._lags: list[float] = []
        self._began = (0.0, 0.0, 0.0)
        self._sampling: asyncio.Task[None] | None = None
        self._collecting = 0.0
        self._longest_collection = 0.0
        gc.callbacks.append(self._collected)

    def start(self) -> dict[str, Any]:
        self._lags = []
        self._longest_collection = 0.0
        self._sampling = asyncio.create_task(self._sample())
        self._began = _times()
        if self._profile is not None:
            self._profile.enable()
        return {"rss": rss()}

    def stop(self) -> dict[str, Any]:
        wall, cpu, waited = (now - then for now, then in zip(_times(), self._began, strict=True))
        if self._profile is not None:
            self._profile.disable()
        if self._sampling is not None:
            self._sampling.cancel()
        lags = sorted(self._lags) or [0.0]
        return {
            "wall": wall,
            "cpu": cpu / wall,
            "waited": waited / wall,
            "lag_p50_ms": lags[len(lags) // 2] * 1e3,
            "lag_p99_ms": lags[int(len(lags) * 0.99)] * 1e3,
            "lag_max_ms": lags[-1] * 1e3,
            "gc_max_ms": self._longest_collection * 1e3,
            "rss": rss(),
            "loop": type(asyncio.get_running_loop()).__module__.partition(".")[0],
            "top": [] if self._profile is None else top(self._profile),
        }

    async def _sample(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + _NAP
            await asyncio.sleep(_NAP)
            self._lags.append(max(clock() - due, 0.0))

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            took = time.perf_counter() - self._collecting
            self._longest_collection = max(self._longest_collection, took)


def rss() -> int:
    """Return the memory of this process in bytes: now on Linux, at its peak elsewhere."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _times() -> tuple[float, float, float]:
    """Return the clock, CPU time used, and time spent waiting for a core (0 where unknown)."""
    status = Path("/proc/self/schedstat")
    waited = int(status.read_text().split()[1]) / 1e9 if status.exists() else 0.0
    return time.monotonic(), time.process_time(), waited


def top(profile: cProfile.Profile, count: int = 30) -> list[tuple[str, float]]:
    """Return the functions that took most time themselves, and their share of all."""
    stats: dict[tuple[str, int, str], Any] = vars(pstats.Stats(profile))["stats"]
    total = sum(row[2] for row in stats.values())
    rows = sorted(stats.items(), key=lambda item: -item[1][2])[:count]
    return [
        (f"{'/'.join(Path(f).parts[-2:])}:{name}", row[2] / total) for (f, _, name), row in rows
    ]


def app(variant: str, text: str, *, profiled: bool = False) -> Any:
    """Return the ASGI app that a variant serves."""
    model = Model(TEXTS[text](_SENTENCES))
    meter = Meter(profiled=profiled)
    served = _guarded(model, variant)

    async def door(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/stream":
            await served(scope, receive, send)
            return
        if scope["path"] == "/start":
            seen = meter.start()
        else:
            seen = meter.stop()
            model.end()
        body = json.dumps(seen).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return door


def _guarded(model: Model, variant: str) -> Any:
    if variant == "bare":
        return model
    from streamward import Streamward  # not imported by the bare server: its memory counts

    if variant == "plain":
        return Streamward(model, on_report=lambda report: None)
    from streamward.guardrails import PII

    return Streamward(model, guards=[PII()], on_report=lambda report: None)


def main() -> None:
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("--text", choices=TEXTS, default="prose")
    parser.add_argument("--loop", default="auto")
    parser.add_argument("--core", type=int)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    uvicorn.run(
        app(options.variant, options.text, profiled=options.profile),
        port=options.port,
        http="httptools",
        loop=options.loop,
        log_level="critical",
        lifespan="off",
    )


if __name__ == "__main__":
    main()
