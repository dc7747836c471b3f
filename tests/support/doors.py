"""One way to ask through either door, for what both of them promise."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from streamward import Report, Streamward, StreamwardWSGI, opt_out

from .asgi import Answer, ask, scope_of
from .streams import ScriptedApp
from .wsgi import ScriptedWSGI, ask_wsgi, environ_of, linted

__all__ = ["ALICE", "DOORS", "AsgiDoor", "Door", "WsgiDoor"]

ALICE = {"authorization": "Bearer alice"}
Script = Sequence[bytes | float | Exception]


@dataclass(frozen=True)
class Asked:
    """One request."""

    headers: Mapping[str, str]
    body: bytes
    method: str
    url: str
    leave_when: Callable[[Answer], bool] | None

    @property
    def parts(self) -> tuple[str, str]:
        """Path and query."""
        path, _, query = self.url.partition("?")
        return path, query


class Door(ABC):
    """An application behind streamward.

    Attributes:
        app: the application.
        reports: of every stream.
    """

    def __init__(self, app: ScriptedApp | ScriptedWSGI) -> None:
        self.app = app
        self.reports: list[Report] = []

    @property
    def calls(self) -> int:
        """How often the application was asked."""
        return self.app.calls

    @property
    def sent(self) -> int:
        """How many chunks of its last answer were taken."""
        return self.app.sent

    def ask(
        self,
        count: int = 1,
        *,
        headers: Mapping[str, str] = ALICE,
        body: bytes = b"",
        method: str = "POST",
        url: str = "/v1/chat/completions",
        leave_when: Callable[[Answer], bool] | None = None,
    ) -> list[Answer]:
        """Send so many equal requests at the same time."""
        return self._answers(count, Asked(headers, body, method, url, leave_when))

    @abstractmethod
    def _answers(self, count: int, asked: Asked) -> list[Answer]: ...


class AsgiDoor(Door):
    """The ASGI door, in a loop of its own for each round of requests, or in a lasting one."""

    loop: asyncio.AbstractEventLoop | None = None

    def __init__(
        self, script: Script, *, content_type: str = "text/event-stream", status: int = 200,
        private: bool = False, **settings: Any,
    ) -> None:  # fmt: skip
        inner = ScriptedApp(script, content_type=content_type, status=status)
        super().__init__(inner)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if private:
                opt_out(scope, only="cache")
            await inner(scope, receive, send)

        self.door = Streamward(app, on_report=self.reports.append, **settings)

    def _answers(self, count: int, asked: Asked) -> list[Answer]:
        async def together() -> list[Answer]:
            path, query = asked.parts
            scope = partial(
                scope_of, path, method=asked.method, headers=asked.headers, query=query.encode()
            )
            asking = (
                ask(self.door, scope(), body=asked.body, leave_when=asked.leave_when)
                for _ in range(count)
            )
            return await asyncio.gather(*asking)

        if self.loop is None:
            return asyncio.run(together())
        return asyncio.run_coroutine_threadsafe(together(), self.loop).result()


class WsgiDoor(Door):
    """The WSGI door between two lint middlewares, in a thread for each request."""

    def __init__(
        self, script: Script, *, content_type: str = "text/event-stream", status: int = 200,
        private: bool = False, **settings: Any,
    ) -> None:  # fmt: skip
        scripted = ScriptedWSGI(script, content_type=content_type, status=status)
        super().__init__(scripted)

        def app(environ: Any, start_response: Any) -> Any:
            if private:
                opt_out(environ, only="cache")
            return scripted(environ, start_response)

        def make(inner: Any) -> StreamwardWSGI:
            return StreamwardWSGI(inner, on_report=self.reports.append, **settings)

        self.door = linted(make, app)

    def _answers(self, count: int, asked: Asked) -> list[Answer]:
        def one() -> Answer:
            path, query = asked.parts
            environ = environ_of(
                path, method=asked.method, headers=asked.headers, body=asked.body, query=query
            )
            return ask_wsgi(self.door, environ, leave_when=asked.leave_when)

        if count == 1:
            return [one()]
        with ThreadPoolExecutor(count) as threads:
            asking = [threads.submit(one) for _ in range(count)]
            return [answer.result() for answer in asking]


DOORS = [AsgiDoor, WsgiDoor]
