"""The demo, running once for all tests: both servers on free loopback ports, in a thread."""

from __future__ import annotations

import asyncio
import threading
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest

from streamward.demo.servers import Demo, quiet, running

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPO = 20.0  # the model speaks this much faster; its silences keep their length


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    up: Queue[Any] = Queue()
    thread = threading.Thread(target=lambda: asyncio.run(_until_told(up)))
    thread.start()
    started, loop, stop = up.get(timeout=60)
    try:
        yield started
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=10)
    assert not thread.is_alive()


async def _until_told(up: Queue[Any]) -> None:
    stop = asyncio.Event()
    with quiet():
        async with running(tempo=TEMPO) as started:
            up.put((started, asyncio.get_running_loop(), stop))
            await stop.wait()
