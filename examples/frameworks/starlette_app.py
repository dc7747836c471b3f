"""Starlette. Run it: ``uvicorn starlette_app:app``, then ``curl -N http://127.0.0.1:8000/story``."""

from model import astream
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from streamward import Streamward
from streamward.guardrails import PII


async def story(_request: Request) -> StreamingResponse:
    return StreamingResponse(astream(), media_type="text/event-stream")


app = Starlette(routes=[Route("/story", story)])
app.add_middleware(Streamward, guards=[PII()])
