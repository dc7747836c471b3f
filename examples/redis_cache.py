"""Answers shared by all processes of an app, through Redis.

Run it: ``uvicorn redis_cache:app --workers 2`` beside a ``redis-server``, then ask twice:

    curl -N -i http://127.0.0.1:8000/story -H 'authorization: Bearer me'
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from streamward import CachePolicy, Policy, Streamward
from streamward.cache import Original, RedisCache

app = FastAPI()
app.add_middleware(
    Streamward,
    cache=RedisCache(os.environ.get("REDIS_URL", "redis://localhost:6379/0")),
    policy=Policy(cache=CachePolicy(ttl=600, pace=Original(speed=4))),
)


@app.get("/story")
async def story() -> StreamingResponse:
    return StreamingResponse(words(), media_type="text/event-stream")


async def words() -> AsyncIterator[str]:
    for word in ["Once", "upon", "a", "time", "there", "was", "a", "stream"]:
        yield f"data: {word} \n\n"
        await asyncio.sleep(0.05)
