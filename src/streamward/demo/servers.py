"""Both servers on one event loop, started and stopped together."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from .. import Report
from ..cache import Cache, MemoryCache
from ..errors import StreamwardError
from ..listening import listen, url_of
from .app import create_app
from .journal import Journal
from .model import ModelDiedError, ScriptedModel

__all__ = ["Demo", "quiet", "running"]

# What open streams get to end by themselves after Ctrl-C, in whole seconds.
_GRACE = 1


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo.

    Attributes:
        url: where the page is.
        model: the scripted model, with its log.
        journal: the reports.
    """

    url: str
    model: ScriptedModel
    journal: Journal


@asynccontextmanager
async def running(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    store: Cache | None = None,
    say: Callable[[Report], None] | None = None,
    tempo: float = 1.0,
) -> AsyncGenerator[Demo]:
    """Run the model and the app; stop both on leaving.

    Args:
        host: where the app listens; the model always listens on loopback.
        port: of the app; 0 takes a free one.
        store: where answers are kept; default: in memory.
        say: gets the report of every stream.
        tempo: how many times faster than in life the model speaks.

    Raises:
        ConfigurationError: nobody can listen there.
    """
    model = ScriptedModel(tempo=tempo)
    journal = Journal(model, say)
    with listen(host, port) as own, listen("127.0.0.1", 0) as upstream:
        app = create_app(url_of(upstream), store or MemoryCache(), journal)
        async with _serving(model, upstream, "off"), _serving(app, own, "on"):
            yield Demo(url_of(own), model, journal)


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def _serving(app: Any, sock: socket.socket, lifespan: Any) -> AsyncGenerator[None]:
    config = uvicorn.Config(
        app,
        lifespan=lifespan,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([sock]))
    ready = asyncio.create_task(server.listening.wait())
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        ready.cancel()
        server.should_exit = True
        await task


@contextmanager
def quiet() -> Generator[None]:
    """Keep uvicorn from printing tracebacks of what the scenes break on purpose."""
    logger = logging.getLogger("uvicorn.error")
    logger.addFilter(_unexpected)
    try:
        yield
    finally:
        logger.removeFilter(_unexpected)


_STAGED = (StreamwardError, ModelDiedError, httpx.HTTPError, asyncio.CancelledError)


def _unexpected(record: logging.LogRecord) -> bool:
    staged = record.exc_info is not None and isinstance(record.exc_info[1], _STAGED)
    return not staged and not record.getMessage().startswith("Cancel ")
