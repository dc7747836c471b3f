"""A Starlette app with different rules for different routes, and a report hook of its own.

Run it: ``uvicorn starlette_app:app``, then ``curl -N http://127.0.0.1:8000/words``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from streamward import Policy, Report, Streamward
from streamward.guardrails import PII

seen: list[Report] = []


async def words(request: Request) -> StreamingResponse:
    del request
    return StreamingResponse(model(), media_type="text/event-stream")


async def model() -> AsyncIterator[str]:
    for token in ("Write to ", "ada.sample", "@example.com", " today."):
        yield f"data: {token}\n\n"


def note(report: Report) -> None:
    """Get the report of every stream. It must not block, so it only puts it aside."""
    seen.append(report)


app = Starlette(
    routes=[Route("/words", words), Route("/staff/words", words)],
    middleware=[
        Middleware(
            Streamward,
            guards=[PII(entities=["EMAIL_ADDRESS"])],
            routes={"/staff/*": Policy(guards=())},
            on_report=note,
        )
    ],
)
