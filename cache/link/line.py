"""One connection that listens, for any number of channels."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from .redirection import redirection

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .connection import ListeningConnection
    from .subscription import Readers

__all__ = [
    "CONNECT_SECONDS",
    "PING",
    "PLAIN",
    "SHARDED",
    "SILENCE_SECONDS",
    "Channels",
    "Line",
    "Verbs",
]

CONNECT_SECONDS: Final = 5.0

# A line that heard nothing for so long asks; if it hears nothing after that, it is dead. Nobody
# else would notice: a dropped route, or a stopped Redis, closes no socket.
SILENCE_SECONDS: Final = 5.0

# Between two attempts to connect: the first pause, and the longest.
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0

PING: Final = b"ping"


class Verbs(NamedTuple):
    """What the commands and messages of one kind of channel are called."""

    subscribe: bytes
    unsubscribe: bytes
    message: bytes


PLAIN: Final = Verbs(b"subscribe", b"unsubscribe", b"message")
SHARDED: Final = Verbs(b"ssubscribe", b"sunsubscribe", b"smessage")


class Channels:
    """Which channels are wanted, and what one connection was told about them.

    Args:
        verbs: plain channels, or those of a cluster.
        readers: who is told what is heard.
        lost: told of channels that cannot be heard, for now or for good.
    """

    def __init__(
        self, verbs: Verbs, readers: Readers, lost: Callable[[Collection[bytes]], None]
    ) -> None:
        self._verbs = verbs
        self._readers = readers
        self._lost = lost
        self._wanted: set[bytes] = set()
        self._changed: dict[bytes, None] = {}  # channels to look at again, in order
        # Of the present connection:
        self._asked: set[bytes] = set()  # subscribed, as far as what was sent says
        self._confirmed: set[bytes] = set()  # as far as what was answered says
        self._unanswered: deque[tuple[bytes, bytes]] = deque()  # verb and channel
        self._heard = False

    def hears(self, channel: bytes) -> bool:
        """Say whether messages of ``channel`` come in at present."""
        return channel in self._confirmed

    def _commands(self) -> list[tuple[bytes, bytes]]:
        """Return what subscribes to what is wanted, and unsubscribes from what is not."""
        commands: list[tuple[bytes, bytes]] = []
        for channel in self._changed:
            if channel in self._wanted and channel not in self._asked:
                self._asked.add(channel)
                commands.append((self._verbs.subscribe, channel))
            elif channel not in self._wanted and channel in self._asked:
                self._asked.discard(channel)
                commands.append((self._verbs.unsubscribe, channel))
        self._changed.clear()
        return commands

    def _next_pause(self, pause: float) -> float:
        """Forget a connection that was lost; return how long to wait for the next."""
        longer = min(2 * pause + _FIRST_PAUSE, _LONGEST_PAUSE)
        pause = _FIRST_PAUSE if self._confirmed else longer
        self._asked.clear()
        self._confirmed.clear()
        self._unanswered.clear()
        self._changed = dict.fromkeys(self._wanted)
        self._lost(list(self._wanted))
        return pause

    def _refused(self, error: ResponseError) -> None:
        """Take an error for an answer."""
        self._heard = True
        verb, channel = self._unanswered.popleft()
        if redirection(error) is not None:
            self._move(channel)
        elif verb == self._verbs.subscribe:
            self._asked.discard(channel)
            self._readers.fail(channel, "refused")

    def _take(self, answer: list[bytes]) -> None:
        self._heard = True
        kind, channel = answer[0], answer[1]
        if kind == self._verbs.message:
            self._readers.hear(channel, answer[2])
        elif kind == self._verbs.subscribe:
            self._unanswered.popleft()
            self._confirmed.add(channel)
            self._readers.miss(channel)
        elif kind == self._verbs.unsubscribe:
            self._confirmed.discard(channel)
            if self._unanswered and self._unanswered[0] == (kind, channel):
                self._unanswered.popleft()
            else:  # nobody asked for it: the slot has gone to another node
                self._move(channel)
        else:
            self._unanswered.popleft()

    def _move(self, channel: bytes) -> None:
        self._asked.discard(channel)
        if channel in self._wanted:
            self._lost([channel])


class Line(Channels):
    """Connects when the first channel is wanted, and again whenever the connection is lost.

    All work is done in one task of the running loop, which ends by :meth:`close` or when the
    loop cancels its tasks.

    Args:
        connection: makes a connection that is not open yet.
        verbs: plain channels, or those of a cluster.
        readers: who is told what is heard.
        lost: told of channels that this line cannot hear, for now or for good. It may call
            :meth:`leave` and :meth:`want`.
    """

    def __init__(
        self,
        connection: Callable[[], ListeningConnection],
        verbs: Verbs,
        readers: Readers,
        lost: Callable[[Collection[bytes]], None],
    ) -> None:
        super().__init__(verbs, readers, lost)
        self._connection = connection
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def want(self, channel: bytes) -> None:
        """Listen to ``channel``, from some moment on that the readers are told."""
        self._wanted.add(channel)
        self._look_at(channel)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="streamward-redis-line")

    def leave(self, channel: bytes) -> None:
        """Listen to ``channel`` no more."""
        self._wanted.discard(channel)
        self._look_at(channel)

    async def close(self) -> None:
        """Close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _look_at(self, channel: bytes) -> None:
        self._changed[channel] = None
        self._wake.set()

    async def _run(self) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            await self._until_wanted()
            with contextlib.suppress(Exception):  # whatever it was: connect again
                await self._connected()
            pause = self._next_pause(pause)
            self._wake.set()

    async def _until_wanted(self) -> None:
        while not self._wanted:
            self._wake.clear()
            await self._wake.wait()

    async def _connected(self) -> None:
        connection = self._connection()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.connect()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(connection))
                tasks.create_task(self._tell(connection))
                tasks.create_task(self._watch(connection))
        finally:
            await connection.disconnect(nowait=True)

    async def _tell(self, connection: ListeningConnection) -> None:
        """Subscribe to what is wanted, unsubscribe from what is not."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if commands := self._commands():
                await self._send(connection, commands)

    async def _send(
        self, connection: ListeningConnection, commands: list[tuple[bytes, bytes]]
    ) -> None:
        self._unanswered.extend(commands)
        await connection.send_packed_command(connection.pack_commands(commands), check_health=False)

    async def _watch(self, connection: ListeningConnection) -> None:
        """Notice a connection on which nothing comes any more."""
        while True:
            self._heard = False
            await asyncio.sleep(SILENCE_SECONDS)
            if self._heard:
                continue
            await self._send(connection, [(PING, b"")])
            await asyncio.sleep(SILENCE_SECONDS)
            if not self._heard:
                raise RedisConnectionError("silence")

    async def _listen(self, connection: ListeningConnection) -> None:
        while True:
            try:
                answer = await connection.read_response()
            except ResponseError as error:
                self._refused(error)
            else:
                self._take(answer)
