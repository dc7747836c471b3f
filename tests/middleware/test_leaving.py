"""An application that is stopped hangs up on its upstream at once, wherever it was."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import StreamingResponse
from support.asgi import ask, scope_of
from support.guard import WordGuard
from support.streams import chat, chat_frame, chat_text

from streamward import Policy, Report, Streamward, Timeouts
from streamward.cache import MemoryCache
from streamward.guardrails import Block

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

FRAMES = [chat_frame({"role": "assistant"}), *[chat_frame({"content": "word "})] * 400]


class Upstream:
    """What an application reads, as httpx gives it: a generator within a context manager."""

    def __init__(self, frames: list[bytes], pause: float | None = 0.0) -> None:
        self._frames = frames
        self._pause = pause
        self.open = False
        self.asked = False

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked = self.open = True
        try:
            await asyncio.sleep(0)
            yield self._pieces()
        finally:
            self.open = False

    async def _pieces(self) -> AsyncIterator[bytes]:
        for frame in self._frames:
            if self._pause is not None:
                await asyncio.sleep(self._pause)
            yield frame

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        async def relay() -> AsyncIterator[bytes]:
            async with self.stream() as pieces:
                async for piece in pieces:
                    yield piece

        response = StreamingResponse(relay(), media_type="text/event-stream")
        await response(scope, receive, send)


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """The garbage collector closes generators too, but nobody knows when."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Reader:
    """A client that takes some rounds of the event loop for each message, and may leave.

    Attributes:
        body: what it got.
    """

    def __init__(self, door: Any, spec: str = "2.3", rounds: int = 3) -> None:
        self._rounds = rounds
        self._left = asyncio.Event()
        self._asked: list[Any] = [{"type": "http.request", "body": b"{}", "more_body": False}]
        self.body = b""
        scope = scope_of(headers={"cookie": "session=1", "content-type": "application/json"})
        scope["asgi"]["spec_version"] = spec
        self.asking = asyncio.create_task(door(scope, self._receive, self._send))

    def leave(self) -> None:
        self._left.set()

    async def _receive(self) -> Any:
        if self._asked:
            return self._asked.pop()
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.body += message.get("body", b"")
        await rounds(self._rounds)


async def rounds(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("spec", ["2.3", "2.4"])  # what tells Starlette that a client has left
@pytest.mark.parametrize("steps", range(40))
async def test_a_client_may_leave_at_any_moment(steps, spec):
    upstream = Upstream(FRAMES)

    reports: list[Report] = []
    door = Streamward(upstream.app, guards=[WordGuard()], on_report=reports.append)

    reader = Reader(door, spec)
    await rounds(steps)
    reader.leave()
    await reader.asking

    assert not upstream.open
    assert {report.outcome for report in reports} == {"client_left"}


@pytest.mark.parametrize("stays", [True, False])
@pytest.mark.parametrize("policy", [{}, {"on_leave": "finish"}, {"grace": 0.01}], ids=str)
@pytest.mark.parametrize("behind", [0, 3, 8, 20])
async def test_a_reader_may_leave_whoever_else_reads(behind, policy, stays):
    """Who joins at the moment at which the answer is given up asks for himself."""
    words = [f"word{count} " for count in range(12)]
    for steps in range(0, 60, 2):
        upstream = Upstream(chat(words))
        door = Streamward(upstream.app, cache=MemoryCache(), policy=Policy(**policy))
        first = Reader(door, rounds=1)
        await rounds(behind)
        second = Reader(door, rounds=1)
        await rounds(steps)
        first.leave()
        await rounds(5)
        if not stays:
            second.leave()
        await asyncio.gather(first.asking, second.asking)

        assert not upstream.open
        assert chat_text(second.body) == "".join(words) or not stays
        assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
async def test_a_blocked_answer_is_not_read_on(spec):
    scope = scope_of()
    scope["asgi"]["spec_version"] = spec
    upstream = Upstream([*chat(["My key is S3CRET-12345 and "])[:2], *FRAMES])

    answer = await ask(Streamward(upstream.app, guards=[WordGuard(Block())]), scope)

    assert b"content_filter" in answer.body
    assert upstream.asked
    assert not upstream.open


async def test_an_answer_that_takes_too_long_is_not_read_on():
    upstream = Upstream(FRAMES, pause=0.2)
    policy = Policy(timeouts=Timeouts(first_token=0.05))

    answer = await ask(Streamward(upstream.app, policy=policy))

    assert answer.raised is not None
    assert upstream.asked
    assert not upstream.open


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("steps", range(0, 40, 3))
async def test_a_server_that_stops_stops_the_application(steps, times):
    upstream = Upstream(FRAMES)
    reader = Reader(Streamward(upstream.app, guards=[WordGuard()]))
    await rounds(steps)
    for _ in range(times):
        reader.asking.cancel()
        await rounds(1)
    await asyncio.wait({reader.asking})
    await rounds(10)

    assert reader.asking.cancelled()
    assert not upstream.open


async def test_an_application_that_never_waits_is_stopped_too():
    sent = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            sent += 1
            frame = chat_frame({"content": "S3CRET-12345 " if sent == 5 else "word "})
            await send({"type": "http.response.body", "body": frame, "more_body": True})

    answer = await ask(Streamward(app, guards=[WordGuard(Block())]))

    assert b"content_filter" in answer.body
    assert 5 < sent < 5000
