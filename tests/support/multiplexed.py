"""An application whose streams share a connection, as HTTP/2 and HTTP/3 have them.

``support.multiplexed:app`` runs in the server's process. Its paths are ``/edited``, ``/fails`` and
``/endless/NAME``, and ``/silent/NAME``, which says one word only. The last two note in the server's
folder when they were cancelled.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from streamward import Policy, Streamward

from .guard import WordGuard
from .streams import ScriptedApp, chat, chat_frame

__all__ = ["app", "cancelled"]

_PIECES = ["My key is ", "S3C", "RET-12", "345 and ", "more."]
# sse-starlette sends the first one; HTTP/2 and HTTP/3 forbid both.
_HEADERS = [(b"Connection", b"keep-alive"), (b"Keep-Alive", b"timeout=5")]


def cancelled(folder: Path) -> set[str]:
    """Return the names of the endless streams that were cancelled."""
    return {path.name.removeprefix("cancelled-") for path in folder.glob("cancelled-*")}


def _note(name: str) -> None:
    Path(f"cancelled-{name}").touch()


async def _for_ever(kind: str, name: str, send: Any) -> None:
    headers = [(b"content-type", b"text/event-stream"), *_HEADERS]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        while True:
            body = chat_frame({"content": f"{name} "})
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(0.01 if kind == "endless" else 3600)
    except asyncio.CancelledError:
        _note(name)
        raise


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
    elif len(parts := scope["path"].split("/")) == 3:
        await _for_ever(parts[1], parts[2], send)
    elif scope["path"] == "/version":
        body = json.dumps(scope["http_version"]).encode()
        await ScriptedApp([body], content_type="application/json")(scope, receive, send)
    else:
        frames = chat(_PIECES)
        broken = (frames[1], RuntimeError("a secret reason"))
        script = broken if scope["path"] == "/fails" else tuple(frames)
        await ScriptedApp(script, headers=_HEADERS)(scope, receive, send)


app = Streamward(_answer, guards=[WordGuard()], policy=Policy(heartbeat=0.1))
