"""Quart. Run it: ``hypercorn quart_app:app``, then ``curl -N http://127.0.0.1:8000/story``."""

from collections.abc import AsyncIterator

from model import astream
from quart import Quart

from streamward import Streamward
from streamward.guardrails import PII

app = Quart(__name__)
app.config["RESPONSE_TIMEOUT"] = None  # else Quart ends every answer after a minute
app.asgi_app = Streamward(app.asgi_app, guards=[PII()])


@app.get("/story")
async def story() -> tuple[AsyncIterator[str], dict[str, str]]:
    return astream(), {"content-type": "text/event-stream"}
