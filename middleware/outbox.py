"""The response side of an exchange: one sender at a time, and a note of what left when."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from ..cache import Recorder, Running
from .headers import Headers
from .inbox import Message
from .resume import Place, stamped

__all__ = ["Outbox", "Send"]

Send = Callable[[Message], Awaitable[None]]


class Outbox:
    """Stands between a stream and the server's ``send``.

    The application's task and the heartbeat's both send; a lock keeps their messages apart. The
    server's ``send`` is awaited in place, so a slow client slows the application, as it must:
    unless others read the same answer. Then what waits for the client waits here, never more than
    is recorded, and slows nobody.

    Args:
        send: the server's ``send``.
        beside: True where what waits for the client can be sent beside the application's call.

    Attributes:
        started: True once the response has started; its status cannot change any more.
        finished: True once the last message was sent.
        client_gone: True once the client has left: everything is swallowed from then on.
        last_sent: when something last left, on a clock that does not go backwards.
        bytes_out: how many bytes of body left.
        heartbeats: how many signs of life were among them.
        recorder: notes every frame, or None.
        ids: True writes an id into each frame that a running answer takes.
    """

    def __init__(self, send: Send, *, beside: bool = True) -> None:
        self._send = send
        self._beside = beside
        self._lock = asyncio.Lock()
        self._clock = time.monotonic
        self.started = False
        self.finished = False
        self.client_gone = False
        self.last_sent = self._clock()
        self.bytes_out = 0
        self.heartbeats = 0
        self.recorder: Recorder | None = None
        self.ids = False
        self._behind: deque[bytes] = deque()
        self._catching_up: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a send is under way: the client, not the application, is the slow one."""
        return self._lock.locked()

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers, at once."""
        self.started = True
        await self._pass({"type": "http.response.start", "status": status, "headers": headers})

    async def frames(self, frames: Sequence[bytes]) -> None:
        """Send frames, in one message; none is no message."""
        if not frames:
            return
        if self.recorder is not None:
            now = self._clock()
            if self.ids and isinstance(self.recorder, Running) and not self.recorder.abandoned:
                frames = _with_ids(frames, self.recorder)
            for frame in frames:
                self.recorder.add(frame, now)
        await self._body(b"".join(frames))

    async def heartbeat(self, beat: bytes) -> None:
        """Send a sign of life, unless something is leaving anyway."""
        if not self.busy and not self.finished:
            self.heartbeats += 1
            await self._body(beat)

    async def prelude(self, comment: bytes) -> None:
        """Send bytes that are not part of the answer and not recorded."""
        await self._body(comment)

    async def finish(self) -> None:
        """Send the last message: the transfer is complete."""
        if not self.finished:
            await self._caught_up()
            self.finished = True
            await self._pass({"type": "http.response.body", "body": b"", "more_body": False})

    async def hand_over(self, hint: bytes) -> None:
        """End the transfer before the answer has ended; the client will come back."""
        await self._body(hint)
        await self._caught_up()
        await self._pass({"type": "http.response.body", "body": b"", "more_body": False})
        self.client_gone = True

    async def _body(self, body: bytes) -> None:
        if not self.client_gone:
            self.bytes_out += len(body)
        if self._beside and isinstance(self.recorder, Running) and self.recorder.followed:
            self._behind.append(body)
            if self._catching_up is None or self._catching_up.done():
                self._catching_up = asyncio.create_task(self._catch_up())
            return
        await self._caught_up()
        await self._pass({"type": "http.response.body", "body": body, "more_body": True})

    async def _catch_up(self) -> None:
        while self._behind:
            body = b"".join(self._behind)
            self._behind.clear()
            await self._pass({"type": "http.response.body", "body": body, "more_body": True})

    async def _caught_up(self) -> None:
        """Wait until the client has what was kept for it."""
        if self._catching_up is not None:
            await asyncio.shield(self._catching_up)
            self._catching_up = None

    def close(self) -> None:
        """Send nothing more."""
        if self._catching_up is not None:
            self._catching_up.cancel()

    async def _pass(self, message: Message) -> None:
        async with self._lock:
            if not self.client_gone:
                try:
                    await self._send(message)
                except OSError:  # ASGI 2.4: the client has left
                    self.client_gone = True
            self.last_sent = self._clock()


def _with_ids(frames: Sequence[bytes], running: Running) -> list[bytes]:
    first = running.count + 1
    return [
        stamped(frame, Place(running.generation, count))
        for count, frame in enumerate(frames, first)
    ]
