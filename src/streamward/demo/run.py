"""The demo in the foreground, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal

from rich.console import Console

from .. import Report
from ..cache import Cache, MemoryCache, RedisCache
from .console import greet, report_line
from .servers import quiet, running

__all__ = ["run"]


def run(host: str, port: int, redis: str | None) -> None:
    """Run until Ctrl-C or SIGTERM, then stop both servers.

    Args:
        host: where the app listens.
        port: on which port; 0 takes a free one.
        redis: the address of a Redis, or None to keep answers in memory.
    """
    console = Console()
    store = RedisCache(redis) if redis else MemoryCache()
    with quiet(), contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_run(host, port, store, console))
    console.print("[dim]Stopped.[/dim]")


async def _run(host: str, port: int, store: Cache, console: Console) -> None:
    # asyncio.run cancels this task at Ctrl-C; a container's SIGTERM shall do the same.
    if (task := asyncio.current_task()) is not None:
        with contextlib.suppress(NotImplementedError):  # Windows has no such handler
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)

    def say(report: Report) -> None:
        console.print(report_line(report), soft_wrap=True)

    with console.status("Loading the guards …") as status:
        async with running(host, port, store=store, say=say) as demo:
            status.stop()
            greet(console, demo.url)
            await asyncio.Event().wait()
