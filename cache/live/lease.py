"""The right to answer, held in Redis; the log is written from here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from ...wire.errors import CacheError, CacheFullError, CacheUnavailableError
from ..follower import Follower
from .entry import Entry, EntryForm
from .scripts import APPEND, FINISH, RENEW

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ..link.script import Value
    from ..recording import RecordedFrame, Recording
    from ..running import Running
    from .answers import RedisAnswers
    from .tasks import Task

__all__ = ["RedisLease"]

# The most that those who follow elsewhere wait for a frame that came just after another. What
# comes in between is one command.
_FLUSH_SECONDS: Final = 0.005

# What Redis did not take is tried so many times as often as a renewal.
_HURRY: Final = 4


class RedisLease:
    """Holds the right, renews it by a timer, and writes the log once somebody wants it.

    Args:
        answers: of this process.
        key: of the request.
        running: the answer.
        holder: what stands in Redis: the generation, then who to call.
    """

    def __init__(self, answers: RedisAnswers, key: bytes, running: Running, holder: bytes) -> None:
        self.running = running
        self._answers = answers
        self._key = key
        self._holder = holder
        self._form = EntryForm(key, running.generation, answers.encryption)
        self._over = False
        self._place = answers.tasks.place()
        self._writing: Task | None = None
        self._renewing = answers.tasks.start(self._keep_renewing())

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Call ``stop`` when somebody asks for the answer to end, in whatever process."""
        self._answers.local.on_stop(self.running.generation, stop)

    async def readers(self) -> int:
        """Return how many follow: each here, and each other process for one."""
        elsewhere = 0
        if self._writing is not None:
            elsewhere = await self._answers.publish(self._news(), b"")
        return self.running.readers + elsewhere

    async def finish(
        self, recording: Recording | None, ttl: float, *, quota: int | None = None
    ) -> None:
        """Keep the answer, if it is one to keep, and let go of the right."""
        if self._over:
            return
        self._over = True
        self._renewing.cancel()
        self._answers.let_go(self._key, self.running)
        stored = b""
        try:
            if recording is not None and ttl > 0:
                quotas = self._answers.quota
                stored = await quotas.admit(self._key, recording, ttl, quota)
        finally:
            kept = await self._let_go_in_order(stored, ttl)
        if not kept:  # somebody else leads now, or has kept an answer since
            raise CacheUnavailableError("refused")

    async def _let_go_in_order(self, stored: bytes, ttl: float) -> bool:
        try:
            return await self._let_go(stored, ttl)
        finally:
            if self._writing is not None:  # a process that ends now must not take the end with it
                await self._answers.tasks.wait(self._writing, self._answers.renewal)

    async def _let_go(self, stored: bytes, ttl: float) -> bool:
        names, key = self._answers.names, self._key
        keys = [names.recording(key), names.lease(key)]
        keys.append(names.wishes(key, self.running.generation))
        args: list[Value] = [self._holder, self._answers.milliseconds(ttl), stored]
        return bool(await self._answers.run(FINISH, keys, args))

    def close(self, place: Hashable) -> list[Task]:
        """Renew no more, if it is done in this place; return the tasks to end."""
        return [self._renewing] if self._place == place else []

    def grant(self, wishes: list[bytes]) -> None:
        """Do what others want: write the log, or stop."""
        if b"follow" in wishes and self._writing is None:
            self._writing = self._answers.start_writing(self.running, self._write())
        if b"stop" in wishes:
            self._answers.local.stop(self.running.generation)

    def _news(self) -> str:
        return self._answers.names.news(self._key, self.running.generation)

    # Renewal

    async def _keep_renewing(self) -> None:
        pause = self._answers.renewal
        while not self._over:
            await self._answers.tasks.sleep(pause)
            if not self._over:
                # Without a lease somebody else may lead: what failed is tried again soon.
                pause = self._answers.renewal / (1 if await self._renew() else _HURRY)

    async def _renew(self) -> bool:
        names, key, generation = self._answers.names, self._key, self.running.generation
        keys = [names.lease(key), names.wishes(key, generation), names.log(key, generation)]
        answers = self._answers
        args: list[Value] = [self._holder, answers.milliseconds(answers.term), answers.verb]
        args.append(self._news())
        try:
            self.grant(await answers.run(RENEW, keys, args))
            if self._over:  # meanwhile: the right may have been taken again
                await self._let_go(b"", 0)
        except CacheError:
            return False
        return True

    # The log

    async def _write(self) -> None:
        """Read the answer like anybody who follows it, and write what was read into Redis."""
        running = self.running
        with Follower(running, counts=False, signal=self._answers.tasks.signal()) as reader:
            await reader.head()
            first, entries = 0, 0
            while True:
                frames = await reader.frames()
                ending = None if frames else running.ending
                if running.abandoned:  # its frames are freed: who comes now asks for himself
                    await self._append_at_last(Entry(0, None, (), "unshared"), 0)
                    return
                entry = Entry(
                    first,
                    None if first else running.head,
                    tuple(frames),
                    ending,
                    running.delivered,
                )
                entries = await self._append_at_last(entry, entries)
                if ending is not None:
                    return
                first += len(frames)
                await self._answers.tasks.sleep(_FLUSH_SECONDS)

    async def _append_at_last(self, entry: Entry, entries: int) -> int:
        """Write one entry, however often it takes; return how many there are.

        It is worth the while as long as those who follow wait for it. No try is in the way of
        anybody: the answer goes on, and the next entry has what came meanwhile.
        """
        answers = self._answers
        tries = math.ceil(2 * answers.term / (answers.renewal / _HURRY))
        for _ in range(tries):
            try:
                return await self._append(entry, entries)
            except CacheFullError:  # those who listen have heard it all the same
                return 0
            except CacheError:
                await answers.tasks.sleep(answers.renewal / _HURRY)
                entries = 0  # nobody knows what was written
        return 0

    async def _append(self, entry: Entry, entries: int) -> int:
        """Write one entry; where Redis has lost the others, all of them in one."""
        count = await self._push(entry, entries)
        if count < 0:
            frames = self._frames_before(entry.first) + entry.frames
            whole = Entry(0, self.running.head, frames, entry.ending, entry.delivered)
            count = await self._push(whole, -1)
        return count

    def _frames_before(self, position: int) -> tuple[RecordedFrame, ...]:
        frames: list[RecordedFrame] = []
        while rest := self.running.since(len(frames)):
            frames += rest
        return tuple(frames[:position])

    async def _push(self, entry: Entry, entries: int) -> int:
        answers = self._answers
        log = answers.names.log(self._key, self.running.generation)
        seconds = answers.linger if entry.ending else 10 * answers.term
        args: list[Value] = [entries, answers.milliseconds(seconds), answers.verb, self._news()]
        args.append(self._form.encode(entry))
        count: int = await answers.run(APPEND, [log], args)
        return count
