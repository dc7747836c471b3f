"""Drives a WebSocket application without a server: what a client says, hears, and when it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Client", "scope_of", "talk"]

Message = MutableMapping[str, Any]
Script = Callable[["Client"], Awaitable[None]]


def scope_of(path: str = "/ws") -> dict[str, Any]:
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "scheme": "ws",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"test")],
        "subprotocols": [],
    }


@dataclass
class Client:
    """What the client has heard, and how it speaks.

    Attributes:
        heard: texts and bytes, in their order.
        code: with which the server closed, if it did.
        reason: the reason that it gave.
        accepted: whether the server did.
        raised: what the application raised, as a server would see it.
        takes: cleared: the client takes nothing until it is set.
    """

    heard: list[str | bytes] = field(default_factory=list[str | bytes])
    code: int | None = None
    reason: str = ""
    accepted: bool = False
    raised: BaseException | None = None
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    _inbox: asyncio.Queue[Message] = field(default_factory=asyncio.Queue[Message])
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _left: bool = False

    def __post_init__(self) -> None:
        self.takes.set()

    @property
    def text(self) -> str:
        return "".join(one for one in self.heard if isinstance(one, str))

    async def say(self, said: str | bytes) -> None:
        kind = "text" if isinstance(said, str) else "bytes"
        await self._inbox.put({"type": "websocket.receive", kind: said})

    async def leave(self, code: int = 1001) -> None:
        self._left = True
        await self._inbox.put({"type": "websocket.disconnect", "code": code, "reason": ""})

    async def until(self, told: Callable[[Client], bool]) -> None:
        """Wait until something is true of what was heard."""
        async with asyncio.timeout(10):
            while not told(self):
                self._news.clear()
                await self._news.wait()

    async def receive(self) -> Message:
        return await self._inbox.get()

    async def send(self, message: Message) -> None:
        await self.takes.wait()
        if self._left:
            raise OSError
        assert self.code is None, "nothing comes after a close"
        if message["type"] == "websocket.accept":
            self.accepted = True
        elif message["type"] == "websocket.close":
            self.code, self.reason = message.get("code", 1000), message.get("reason") or ""
            await self._inbox.put({"type": "websocket.disconnect", "code": self.code, "reason": ""})
        else:
            text = message.get("text")
            self.heard.append(message["bytes"] if text is None else text)
        self._news.set()


async def talk(app: Any, script: Script | None = None, path: str = "/ws") -> Client:
    """Connect, follow the script, and stay until the application has ended."""
    client = Client()
    await client._inbox.put({"type": "websocket.connect"})  # pyright: ignore[reportPrivateUsage]

    async def serve() -> None:
        try:
            await app(scope_of(path), client.receive, client.send)
        except Exception as error:
            client.raised = error

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(serve())
        if script is not None:
            await script(client)
    return client
