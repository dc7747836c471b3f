"""One direction of a connection: messages in, decided messages out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ...guardrails import Guard
from ...wire import MESSAGE
from ...wire.errors import StreamwardError
from ..inbox import Message
from ..policy import Policy, Sockets
from ..stream import Stream

__all__ = ["Direction"]

_TEXT, _BYTES = b"\n", b"\0"
Kind = Literal["websocket.send", "websocket.receive"]


class Direction:
    """Carries what one side says.

    Args:
        kind: the type of its ASGI messages.
        path: the path of the connection, a hint at the dialect.
        policy: the rules.
        guards: who decides; none: messages are read and leave as they came.

    Attributes:
        stream: the way through the guards.
        dropped: how many messages of bytes were dropped.
    """

    def __init__(self, kind: Kind, path: str, policy: Policy, guards: Sequence[Guard]) -> None:
        self._kind = kind
        monitor = policy.mode == "monitor"
        sockets = policy.sockets or Sockets()
        self._drops = bool(guards) and not monitor and sockets.binary == "drop"
        self.dropped = 0
        self.stream = Stream(
            MESSAGE,
            headers=(),
            path=path,
            guards=guards,
            limits=policy.limits,
            channels=policy.channels,
            monitor=monitor,
            dialects=policy.dialects,
        )

    @property
    def failure(self) -> StreamwardError | None:
        """Why the connection has to end, once it has to."""
        return self.stream.failure

    @property
    def findings(self) -> dict[str, int]:
        """How often each thing was found; ``channels.BINARY.edit`` counts dropped messages."""
        dropped = {"channels.BINARY.edit": self.dropped} if self.dropped else {}
        return self.stream.pipeline.findings | dropped

    async def carry(self, message: Message) -> list[dict[str, Any]]:
        """Take a message; return those that leave now. See ``failure`` afterwards."""
        text = message.get("text")
        if text is None and self._drops:
            self.dropped += 1
            return []
        # A lone surrogate has no UTF-8, and a peer that gets one must close (RFC 6455 §5.6).
        chunk = (
            message["bytes"] + _BYTES if text is None else text.encode("utf-8", "replace") + _TEXT
        )
        frames: list[bytes] = []
        async for leaving in self.stream.carry(chunk, ended=False):
            frames += leaving
        return self._messages(frames)

    async def pause(self) -> list[dict[str, Any]]:
        """Say that all texts are whole; return the messages that waited, decided."""
        return self._messages(await self.stream.pause())

    async def finish(self) -> list[dict[str, Any]]:
        """Say that nothing more comes; return the messages that waited, decided."""
        frames: list[bytes] = []
        async for leaving in self.stream.carry(b"", ended=True):
            frames += leaving
        return self._messages(frames)

    async def fail(self, error: StreamwardError) -> list[dict[str, Any]]:
        """End with an error; return what may still leave."""
        return self._messages(await self.stream.give_up(error))

    def last_words(self) -> list[dict[str, Any]]:
        """Return the messages that tell the reader why, in the dialect that was spoken."""
        pipeline = self.stream.pipeline
        return self._messages(pipeline.last_words()) if pipeline.frames else []

    def _messages(self, frames: Sequence[bytes]) -> list[dict[str, Any]]:
        return [self._message(frame) for frame in frames]

    def _message(self, frame: bytes) -> dict[str, Any]:
        data = frame[:-1]
        if frame.endswith(_BYTES):
            return {"type": self._kind, "bytes": data}
        return {"type": self._kind, "text": data.decode("utf-8", "replace")}
