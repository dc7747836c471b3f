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
from support.streams import chat, chat_frame

from streamward import Policy, Report, Streamward, Timeouts
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


async def leave_after(door: Any, steps: int, spec: str) -> None:
    """Ask, and leave so many rounds of the event loop later, while the last piece is being sent."""
    scope = scope_of()
    scope["asgi"]["spec_version"] = spec
    left = asyncio.Event()
    body = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    asking = asyncio.create_task(door(scope, receive, send))
    for _ in range(steps):
        await asyncio.sleep(0)
    left.set()
    await asking


@pytest.mark.parametrize("spec", ["2.3", "2.4"])  # what tells Starlette that a client has left
@pytest.mark.parametrize("steps", range(40))
async def test_a_client_may_leave_at_any_moment(steps: int, spec: str):
    upstream = Upstream(FRAMES)

    reports: list[Report] = []
    door = Streamward(upstream.app, guards=[WordGuard()], on_report=reports.append)

    await leave_after(door, steps, spec)

    assert not upstream.open
    assert {report.outcome for report in reports} == {"client_left"}


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
async def test_a_blocked_answer_is_not_read_on(spec: str):
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
