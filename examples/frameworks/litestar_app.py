"""Litestar. Run it: ``uvicorn litestar_app:app``, then ``curl -N http://127.0.0.1:8000/story``."""

from litestar import Litestar, get
from litestar.middleware import DefineMiddleware
from litestar.response import Stream
from model import astream

from streamward import Streamward
from streamward.guardrails import PII


@get("/story")
async def story() -> Stream:
    return Stream(astream(), media_type="text/event-stream")


app = Litestar([story], middleware=[DefineMiddleware(Streamward, guards=[PII()])])
