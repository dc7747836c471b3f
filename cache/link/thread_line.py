"""One connection that listens, for any number of channels, in a thread."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from redis import exceptions

from .line import CONNECT_SECONDS, PING, SILENCE_SECONDS, Channels

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .line import Verbs
    from .subscription import Readers

__all__ = ["ThreadLine"]


class ThreadLine(Channels):
    """Connects when the first channel is wanted, and again whenever the connection is lost.

    One daemon thread reads; whoever wants or leaves a channel, holding ``changes``, writes.

    Args:
        connection: makes a connection (RESP2) of redis-py that is not open yet.
        verbs: plain channels, or those of a cluster.
        readers: who is told what is heard.
        lost: told of channels that this line cannot hear, for now or for good. It may call
            :meth:`leave` and :meth:`want`.
        changes: guards the readers and all lines that share them.
    """

    def __init__(
        self,
        connection: Callable[[], Any],
        verbs: Verbs,
        readers: Readers,
        lost: Callable[[Collection[bytes]], None],
        changes: threading.Condition,
    ) -> None:
        super().__init__(verbs, readers, lost)
        self._connection = connection
        self._changes = changes
        self._open: Any = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def want(self, channel: bytes) -> None:
        """Listen to ``channel``, from some moment on that the readers are told."""
        self._wanted.add(channel)
        self._changed[channel] = None
        if self._thread is None or not self._thread.is_alive():  # a fork leaves it behind
            self._thread = threading.Thread(
                target=self._run, name="streamward-redis-line", daemon=True
            )
            self._thread.start()
        self._changes.notify_all()
        self._tell()

    def leave(self, channel: bytes) -> None:
        """Listen to ``channel`` no more."""
        self._wanted.discard(channel)
        self._changed[channel] = None
        self._tell()

    async def close(self) -> None:
        """Close the connection for good."""
        with self._changes:
            self._closed = True
            self._wanted.clear()
            self._changes.notify_all()
            if self._open is not None:
                self._open.disconnect()

    def _tell(self) -> None:
        if self._open is None:
            return
        if commands := self._commands():
            # Where it fails, the connection is closed, and the thread that reads opens another.
            with contextlib.suppress(exceptions.RedisError, OSError):
                self._send(self._open, commands)

    def _send(self, connection: Any, commands: list[tuple[bytes, bytes]]) -> None:
        self._unanswered.extend(commands)
        connection.send_packed_command(connection.pack_commands(commands), check_health=False)

    def _run(self) -> None:
        pause = 0.0
        while not self._closed:
            time.sleep(pause)
            with self._changes:
                self._changes.wait_for(lambda: self._wanted or self._closed)
            if self._closed:
                return
            with contextlib.suppress(Exception):  # whatever it was: connect again
                self._listen()
            with self._changes:
                self._open = None
                pause = self._next_pause(pause)

    def _listen(self) -> None:
        connection = self._connection()
        connection.socket_connect_timeout = CONNECT_SECONDS
        connection.socket_timeout = SILENCE_SECONDS
        try:
            connection.connect()
            with self._changes:
                if self._closed:
                    return
                self._open = connection
                self._tell()
            while True:
                self._hear(connection)
        finally:
            with self._changes:
                self._open = None
            connection.disconnect()

    def _hear(self, connection: Any) -> None:
        """Take what comes; ask after a silence, and give up after another."""
        try:
            answer = connection.read_response(disconnect_on_error=False)
        except exceptions.ResponseError as error:
            with self._changes:
                self._refused(error)
        except exceptions.TimeoutError:
            if not self._heard:
                raise
            with self._changes:
                self._heard = False
                self._send(connection, [(PING, b"")])
        else:
            with self._changes:
                self._take(answer)
