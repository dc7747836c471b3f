"""One measurement of every dialect; JSON to standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial

import msgspec
import orjson

from bench.dialects.streams import STREAMS, TOKENS, Stream
from streamward import Limits
from streamward.middleware.pipeline import Pipeline
from streamward.wire import framing_of

_REPEATS = 9
_PARSERS: tuple[Callable[[bytes], object], ...] = (orjson.loads, msgspec.json.Decoder().decode)


def figures(stream: Stream) -> dict[str, float]:
    """Return µs per token: to parse, and to read."""
    framing = framing_of(stream.kind, stream.path, dict(stream.headers))
    assert framing is not None
    said = [stream.said(token) for token in TOKENS]
    payloads = [msgspec.json.encode(payload) for _, payload in said]
    chunks = [framing.build(payloads[at], event) for at, (event, _) in enumerate(said)]

    def read() -> None:
        pipeline = Pipeline(
            framing, headers=dict(stream.headers), path=stream.path, guards=(), limits=Limits()
        )
        out = [frame for chunk in chunks for frame in pipeline.feed(chunk)]
        assert out == chunks
        assert pipeline.dialect == stream.dialect, (stream.dialect, pipeline.dialect)
        assert pipeline.tokens == len(chunks) or stream.dialect in _NO_TEXT, pipeline.tokens

    def parse(parser: Callable[[bytes], object]) -> None:
        for payload in payloads:
            parser(payload)

    if stream.dialect == "raw_sse":  # its payload is no JSON
        return {"read": least(read)}
    return {"parse": min(least(partial(parse, one)) for one in _PARSERS), "read": least(read)}


def least(work: Callable[[], None]) -> float:
    """Return the µs per token of the fastest of several runs."""
    taken: list[float] = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken) / len(TOKENS) * 1e6


_NO_TEXT = frozenset({"mcp", "unknown_json"})  # whole texts, which are no pieces of a channel

if __name__ == "__main__":
    json.dump({stream.dialect: figures(stream) for stream in STREAMS}, sys.stdout)
