"""The demo's application: a chat endpoint in front of a model, and one line of streamward."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from importlib.resources import files
from secrets import token_urlsafe
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from .. import Policy, Streamward
from ..cache import Cache
from ..guardrails import PII
from .journal import Journal, Visits, current_visit
from .scenes import SCENES

__all__ = ["create_app"]

_COOKIE = "streamward_demo"
_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_app(upstream: str, store: Cache, journal: Journal) -> FastAPI:
    """Return the application.

    Args:
        upstream: the address of the model.
        store: where finished answers are kept.
        journal: what the page reads.
    """
    # The model may think for as long as it likes: how long is too long, streamward's policy says.
    client = httpx.AsyncClient(base_url=upstream, timeout=httpx.Timeout(None, connect=5.0))
    app = FastAPI(title="streamward demo", lifespan=_closing(client))
    app.add_middleware(
        Streamward,
        guards=[PII()],
        cache=store,
        policy=Policy(heartbeat=1.0),  # 15 s is the default; nobody wants to wait for that here
        on_report=journal.note,
    )
    app.add_middleware(Visits)
    _add_chat(app, client)
    _add_page(app, journal)
    return app


def _add_chat(app: FastAPI, client: httpx.AsyncClient) -> None:
    @app.post("/v1/chat/completions")
    async def chat(body: dict[str, Any]) -> Response:  # pyright: ignore[reportUnusedFunction]
        if body.get("stream"):
            return StreamingResponse(_relay(client, body), media_type="text/event-stream")
        return await _forward(client, body)


async def _relay(client: httpx.AsyncClient, body: dict[str, Any]) -> AsyncIterator[bytes]:
    """Pass the model's stream on. Cancelled, it leaves the block, which hangs up on the model."""
    async with client.stream(
        "POST", "/v1/chat/completions", json=body, headers=_named()
    ) as upstream:
        upstream.raise_for_status()
        async for piece in upstream.aiter_raw():
            yield piece


async def _forward(client: httpx.AsyncClient, body: dict[str, Any]) -> Response:
    """Pass a whole answer on. It is no stream, so streamward does not touch it."""
    try:
        upstream = await client.post("/v1/chat/completions", json=body, headers=_named())
    except httpx.HTTPError:
        error = {"message": "The model did not answer.", "type": "server_error", "code": None}
        return JSONResponse({"error": error}, 502)
    return Response(upstream.content, upstream.status_code, media_type="application/json")


def _named() -> dict[str, str]:
    return {"x-request-id": current_visit()}


def _add_page(app: FastAPI, journal: Journal) -> None:
    @app.get("/", response_class=HTMLResponse)
    async def page(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        headers = {"content-security-policy": _CSP, "cache-control": "no-store"}
        response = HTMLResponse(_page(), headers=headers)
        if _COOKIE not in request.cookies:
            _become_somebody(response)
        return response

    @app.post("/demo/visitor", status_code=204)
    async def visitor() -> Response:  # pyright: ignore[reportUnusedFunction]
        response = Response(status_code=204)
        _become_somebody(response)
        return response

    @app.get("/demo/scenes")
    async def scenes() -> list[dict[str, Any]]:  # pyright: ignore[reportUnusedFunction]
        names = ("key", "title", "watch", "prompt", "repeat")
        return [{name: getattr(scene, name) for name in names} for scene in SCENES]

    @app.get("/demo/status")
    async def status(visit: str | None = None) -> Any:  # pyright: ignore[reportUnusedFunction]
        return {"streams": journal.latest()} if visit is None else journal.entry(visit)


def _become_somebody(response: Response) -> None:
    """Set a session cookie: whose requests these are, and so whose recordings."""
    response.set_cookie(_COOKIE, token_urlsafe(16), httponly=True, samesite="strict")


@cache
def _page() -> str:
    return (files(__package__ or __name__) / "page.html").read_text(encoding="utf-8")


def _closing(client: httpx.AsyncClient) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with client:
            yield

    return lifespan
