"""Ways to a Redis on which something is wrong."""

from __future__ import annotations

import asyncio

__all__ = ["BlackHole", "SlowRoad"]


class BlackHole:
    """Takes connections and bytes, counts them, and never answers."""

    connections = 0
    taken = 0
    url = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while data := await reader.read(1 << 16):
            self.taken += len(data)
        writer.close()


class SlowRoad:
    """Leads to a Redis, and lets all that comes back wait for ``seconds``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.seconds = 0.0
        self.url = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, on = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [self._carry(reader, on, late=False), self._carry(back, writer, late=True)]
        tasks = [asyncio.create_task(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        on.close()
        writer.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, late: bool
    ) -> None:
        while data := await reader.read(1 << 16):
            if late:
                await asyncio.sleep(self.seconds)
            writer.write(data)
