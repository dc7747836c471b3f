"""Two readers of one request: the application, and the watch for the client's leaving."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streamward.middleware.inbox import Inbox


@pytest.mark.parametrize("together", [True, False])
async def test_a_body_keeps_its_order_whoever_pulls_it(together):
    """An application may read while it answers; the watch is pulling then."""
    server: asyncio.Queue[Any] = asyncio.Queue()
    inbox = Inbox(server.get, [])
    watch = asyncio.create_task(inbox.client_left())
    await asyncio.sleep(0)

    async def read() -> list[bytes]:
        got = [await inbox.receive()]
        while got[-1].get("more_body"):
            got.append(await inbox.receive())
        return [message["body"] for message in got]

    reading = asyncio.create_task(read())
    for n in range(5):
        server.put_nowait({"type": "http.request", "body": b"%d" % n, "more_body": n < 4})
        if not together:
            await asyncio.sleep(0)
    server.put_nowait({"type": "http.disconnect"})
    async with asyncio.timeout(10):
        assert await reading == [b"0", b"1", b"2", b"3", b"4"]
        assert await inbox.receive() == {"type": "http.disconnect"}
        await watch
