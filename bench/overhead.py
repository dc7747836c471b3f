"""What streamward adds to a token: µs of CPU over the bare app, and delay in tokens.

Every variant is a uvicorn process of its own; they are asked in turn, round after round, and the
server tells how much CPU time an answer took. So the figures are differences within one run, and
do not see the client's cost or another process on the machine.

    python -m bench.overhead [--rounds 9] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench.serving import serving
from bench.texts import dense, prose, tokens

SENTENCES = 60
# Streams at a time: the loop is busy, as on a server that is worth measuring.
STREAMS = 16
VARIANTS = ("bare", "no_guards", "pii")
TEXTS = {"prose": prose(SENTENCES), "dense": dense(SENTENCES)}


def app(variant: str) -> Any:
    """Return the ASGI app that a variant serves; ``/prose``, ``/dense`` and ``/cpu``."""
    streams = {f"/{name}": frames(text) for name, text in TEXTS.items()}

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        kind = b"text/event-stream" if scope["path"] in streams else b"application/json"
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]}
        await send(start)
        if scope["path"] == "/cpu":
            body = json.dumps(time.process_time()).encode()
            await send({"type": "http.response.body", "body": body})
            return
        for frame in streams[scope["path"]]:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
            await asyncio.sleep(0)  # as from a model: one token, then somebody else's turn
        await send({"type": "http.response.body", "body": b""})

    if variant == "bare":
        return bare
    from streamward import Streamward
    from streamward.guardrails import PII

    guards = [PII()] if variant == "pii" else []
    return Streamward(bare, guards=guards, on_report=lambda report: None)


def frames(text: str) -> list[bytes]:
    """Return a chat completion stream."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def frame(delta: dict[str, str], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return b"data: " + json.dumps({**head, "choices": [choice]}).encode() + b"\n\n"

    said = [frame({"content": token}, None) for token in tokens(text)]
    return [*said, frame({}, "stop"), b"data: [DONE]\n\n"]


async def answer(url: str) -> None:
    """Read one answer to its end, as cheaply as can be: the client shares the machine."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    while await reader.read(1 << 16):
        pass
    writer.close()
    await writer.wait_closed()


async def answers(url: str) -> None:
    await asyncio.gather(*(answer(url) for _ in range(STREAMS)))


def cost(client: httpx.Client, url: str, name: str) -> float:
    """Return the server's CPU time for an answer, in µs per token."""
    before = float(client.get(f"{url}/cpu").json())
    asyncio.run(answers(f"{url}/{name}"))
    after = float(client.get(f"{url}/cpu").json())
    return (after - before) / len(tokens(TEXTS[name])) / STREAMS * 1e6


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Ask every variant in turn; return the median cost of each, and what it adds to the bare."""
    with contextlib.ExitStack() as stack:
        urls = {v: stack.enter_context(serving("bench.overhead", "--serve", v)) for v in VARIANTS}
        client = stack.enter_context(httpx.Client(timeout=60))
        samples: dict[tuple[str, str], list[float]] = {}
        for turn in range(rounds + 1):
            for name in TEXTS:
                for variant, url in urls.items():
                    value = cost(client, url, name)
                    if turn:  # the first round warms up
                        samples.setdefault((variant, name), []).append(value)
    result: dict[str, dict[str, float]] = {}
    for (variant, name), values in samples.items():
        pairs = zip(values, samples["bare", name], strict=True)
        added = statistics.median(value - bare for value, bare in pairs)
        result[f"{variant} on {name}"] = {"us_per_token": statistics.median(values), "added": added}
    return result


def delays(name: str) -> dict[str, float]:
    """Return how many further tokens each token waits for before it leaves."""
    from streamward import Limits
    from streamward.guardrails import PII
    from streamward.middleware.pipeline import Pipeline
    from streamward.wire import SSE

    pipeline = Pipeline(SSE, headers={}, path="/", guards=[PII()], limits=Limits())
    stream = frames(TEXTS[name])
    waited: list[int] = []
    for step, frame in enumerate(stream):
        left = sum(out.count(b"\n\n") for out in pipeline.feed(frame))
        waited += [step - len(waited) - n for n in range(left)]
    waited.sort()
    return {
        "mean": statistics.fmean(waited),
        "median": statistics.median(waited),
        "p99": waited[int(len(waited) * 0.99)],
        "max": waited[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", choices=VARIANTS)
    parser.add_argument("--port", type=int)
    options = parser.parse_args()
    if options.serve:
        import uvicorn

        uvicorn.run(app(options.serve), port=options.port, log_level="critical", lifespan="off")
        return
    costs = measure(options.rounds)
    waits = {name: delays(name) for name in TEXTS}
    print(f"{'':22}{'µs/token':>10}{'added':>8}   (server CPU, median of {options.rounds})")
    for row, figures in costs.items():
        print(f"{row:22}{figures['us_per_token']:10.1f}{figures['added']:8.1f}")
    print("\ndelay in tokens       mean  median   p99   max")
    for name, wait in waits.items():
        row = "".join(f"{wait[key]:8.2f}" for key in ("mean", "median", "p99", "max"))
        print(f"PII on {name:10}{row}")
    if options.json:
        options.json.write_text(json.dumps({"cost": costs, "delay": waits}, indent=1) + "\n")


if __name__ == "__main__":
    main()
