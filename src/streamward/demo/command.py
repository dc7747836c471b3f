"""``streamward demo``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from ..errors import MissingExtraError

__all__ = ["demo"]

_NEEDED = ("fastapi", "uvicorn", "httpx", "rich")


def demo(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="On which port; 0 takes a free one.")] = 8000,
    redis: Annotated[
        str | None,
        typer.Option(help="Keep answers in this Redis (redis://…), not in memory."),
    ] = None,
) -> None:
    """Start a scripted model, a guarded app in front of it, and a page to try them."""
    if any(find_spec(name) is None for name in _NEEDED):
        raise MissingExtraError("demo", "streamward demo")
    from .run import run  # slow to load, and --help does not need it

    run(host, port, redis)
