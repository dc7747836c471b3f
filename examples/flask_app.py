"""A chat endpoint in Flask, guarded and replayed.

Run it: ``gunicorn --worker-class gthread --threads 16 flask_app:app``, then

    curl -N -X POST http://127.0.0.1:8000/v1/chat/completions -H 'authorization: Bearer me'
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from flask import Flask, Response, stream_with_context

from streamward import StreamwardWSGI
from streamward.cache import MemoryCache, RedisCache
from streamward.guardrails import PII

app = Flask(__name__)
redis_url = os.environ.get("REDIS_URL")
app.wsgi_app = StreamwardWSGI(
    app.wsgi_app,
    guards=[PII(entities=["EMAIL_ADDRESS"])],
    cache=RedisCache(redis_url) if redis_url else MemoryCache(),
)


@app.post("/v1/chat/completions")
def chat() -> Response:
    """Stream an answer."""
    return Response(stream_with_context(model()), mimetype="text/event-stream")


def model() -> Iterator[str]:
    """Stand in for a model that streams."""
    for token in ("Her mail ", "is ada.sample", "@example.com. ", "Anything else?"):
        yield frame({"content": token})
    yield frame({}, "stop")
    yield "data: [DONE]\n\n"


def frame(delta: dict[str, str], finish: str | None = None) -> str:
    """Write one frame."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"
