"""Where every contestant gets its answers: an application that says how often it was asked.

A question holds ``ask-NAME~GAP~COUNT`` in its query or body: so many frames, so many seconds apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from typing import Any

from bench.cache.store import frames

_ASKED = re.compile(rb"ask-[\w-]+~([\d.]+)~(\d+)")


def question(name: str, gap: float, count: int) -> str:
    return f"ask-{name}~{gap}~{count}"


def body_of(question: str) -> bytes:
    """Return the chat request that asks it."""
    said = {"role": "user", "content": question}
    return json.dumps({"model": "m", "stream": True, "messages": [said]}).encode()


def app() -> Any:
    """Return the ASGI app; ``/calls`` is how often it was asked."""
    calls = 0
    answers: dict[int, list[bytes]] = {}

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        nonlocal calls
        body = (await receive()).get("body", b"")
        found = _ASKED.search(scope["query_string"] + body)
        kind = b"text/event-stream" if found else b"application/json"
        headers = [(b"content-type", kind), (b"cache-control", b"max-age=3600")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if found is None:
            await send({"type": "http.response.body", "body": json.dumps(calls).encode()})
            return
        calls += 1
        gap, count = float(found[1]), int(found[2])
        for frame in answers.setdefault(count, frames(count)):
            await send({"type": "http.response.body", "body": frame, "more_body": True})
            await asyncio.sleep(gap)
        await send({"type": "http.response.body", "body": b""})

    return serve


if __name__ == "__main__":
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    uvicorn.run(app(), port=options.port, log_level="critical", lifespan="off")
