"""One question to several servers, asked by threads."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .blocking import DEADLINE, seconds_left
from .inquiry import INQUIRY_SECONDS, nobody_knows

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from .address import Host

__all__ = ["ThreadInquiry", "at_once"]

_T = TypeVar("_T")


class ThreadInquiry(Generic[_T]):
    """Asks each host in a daemon thread, which ends with its answer.

    Args:
        ask: returns what a host says, or None if it cannot tell; it never pauses.
        take: is given the first answer.
    """

    def __init__(
        self, ask: Callable[[Host], Coroutine[Any, Any, _T | None]], take: Callable[[_T], None]
    ) -> None:
        self._ask = ask
        self._take = take
        self._lock = threading.Lock()
        self._asked: Future[None] | None = None
        self._over_at = 0.0

    def begin(self, hosts: Iterable[Host]) -> None:
        """Ask, unless that is being done."""
        self._begun(hosts)

    async def answer(self, hosts: Iterable[Host]) -> None:
        """Wait in the calling thread, for as long as its call may take."""
        left = seconds_left()
        self._begun(hosts).result(INQUIRY_SECONDS if left is None else left)

    async def close(self) -> None:
        """Leave the threads to end by themselves."""

    def _begun(self, hosts: Iterable[Host]) -> Future[None]:
        with self._lock:
            now = time.monotonic()
            # A fork leaves the threads of a question behind, and its end too.
            if self._asked is None or self._asked.done() or now >= self._over_at:
                self._asked, self._over_at = Future(), now + INQUIRY_SECONDS
                silent = list(hosts)
                for host in list(silent):
                    threading.Thread(
                        target=self._one,
                        args=(host, self._asked, silent),
                        name="streamward-redis-inquiry",
                        daemon=True,
                    ).start()
            return self._asked

    def _one(self, host: Host, asked: Future[None], silent: list[Host]) -> None:
        DEADLINE.set(time.monotonic() + INQUIRY_SECONDS)
        found = None
        with contextlib.suppress(Exception):  # whatever it is, this one cannot tell
            found = at_once(self._ask(host))
        with self._lock:
            silent.remove(host)
            if asked.done():
                return
            if found is not None:
                self._take(found)
                asked.set_result(None)
            elif not silent:
                asked.set_exception(nobody_knows())


def at_once(work: Coroutine[Any, Any, _T]) -> _T:
    """Return what a coroutine returns that never pauses."""
    try:
        work.send(None)
    except StopIteration as ended:
        result: _T = ended.value
        return result
    raise RuntimeError("what runs in threads waits there")
