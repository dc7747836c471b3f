"""The contestants that are Python libraries, each in front of the origin, as its pages say."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import sys
import types
from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench.cache.store import SECRET

_STREAM = [(b"content-type", b"text/event-stream")]


def nothing(origin: str, redis: str) -> Any:
    del redis
    return _served(lambda body: _asked(origin, body))


def streamward(origin: str, redis: str) -> Any:
    from streamward import Streamward
    from streamward.cache import RedisCache

    cache = RedisCache(redis, secret=SECRET, prefix="streamward", timeout=5.0)
    relaying = _served(lambda body: _asked(origin, body))
    return Streamward(relaying, cache=cache, on_report=lambda report: None)


def litellm(origin: str, redis: str) -> Any:
    # A hit of a stream imports what only its proxy installs.
    sys.modules.setdefault("soundfile", types.ModuleType("soundfile"))
    library: Any = importlib.import_module("litellm")
    caching: Any = importlib.import_module("litellm.caching.caching")
    parts = urlsplit(redis)
    library.cache = caching.Cache(type="redis", host=parts.hostname, port=str(parts.port), ttl=3600)
    library.suppress_debug_info = True

    async def answer(body: bytes) -> AsyncGenerator[bytes]:
        said = json.loads(body)["messages"]
        target = {"model": "openai/m", "api_base": f"{origin}/v1", "api_key": "x"}
        chunks = await library.acompletion(**target, messages=said, stream=True, caching=True)
        async for chunk in chunks:
            yield b"data: " + chunk.model_dump_json(exclude_none=True).encode() + b"\n\n"
        yield b"data: [DONE]\n\n"

    return _served(answer)


def assistant_stream(origin: str, redis: str) -> Any:
    resumable: Any = importlib.import_module("assistant_stream.resumable")
    client: Any = importlib.import_module("redis.asyncio").Redis.from_url(redis)
    store = resumable.create_redis_resumable_stream_store(client)
    context = resumable.create_resumable_stream_context(store=store)

    async def answer(body: bytes) -> AsyncGenerator[bytes]:
        name = hashlib.sha256(body).hexdigest()
        async for chunk in await context.run(name, lambda: _asked(origin, body)):
            yield chunk

    return _served(answer)


def _served(answer: Callable[[bytes], AsyncGenerator[bytes]]) -> Any:
    """Return the ASGI app that sends what ``answer`` yields for a request's body."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": _STREAM})
        async for part in answer(body):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


async def _asked(origin: str, body: bytes) -> AsyncGenerator[bytes]:
    url = f"{origin}/v1/chat/completions"
    async with (
        httpx.AsyncClient(timeout=60) as client,
        client.stream("POST", url, content=body) as r,
    ):
        async for part in r.aiter_raw():
            yield part


APPS: dict[str, Callable[[str, str], Any]] = {
    "nothing": nothing,
    "streamward": streamward,
    "litellm": litellm,
    "assistant-stream": assistant_stream,
}

if __name__ == "__main__":
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("--app", choices=APPS, required=True)
    parser.add_argument("--origin", required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    served = APPS[options.app](options.origin, options.redis)
    uvicorn.run(served, port=options.port, log_level="critical", lifespan="off")
