"""An answer that another process gives, as it is read out of Redis."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ...wire.errors import CacheError, CacheUnavailableError, CorruptRecordingError
from ..running import GENERATION_BYTES
from .entry import EntryForm
from .scripts import READ

if TYPE_CHECKING:
    from ..link.subscription import Subscription
    from ..running import Running
    from .answers import RedisAnswers

__all__ = ["Mirror"]

# Between being told to follow and reading there may be a slow question: is it allowed?
_PATIENCE: Final = 30.0

# Messages can get lost: then the log is looked at again after this long at the most.
_LOOK_AGAIN: Final = 1.0


class Mirror:
    """Fills a running answer of this process with what the log says, however many read it.

    Args:
        answers: of this process.
        key: of the request.
        running: the answer, empty.
        process: whom to call to get the log written; empty: it is written.
    """

    def __init__(self, answers: RedisAnswers, key: bytes, running: Running, process: bytes) -> None:
        self.running = running
        self._answers = answers
        self._key = key
        self._process = process
        self._form = EntryForm(key, running.generation, answers.encryption)
        self._entries = 0
        self._clock = time.monotonic
        self._look_again = min(_LOOK_AGAIN, answers.renewal / 2)
        self._silence = 0.0  # seconds without a lease or a word
        self._blind = 0.0  # seconds without an answer of Redis
        self._looked_at = self._clock()
        self._waited = 0.0
        self._seen_alive = False
        self.expect()

    def expect(self) -> None:
        """Wait some time for a reader that has just been told to follow."""
        self._wanted_until = self._clock() + _PATIENCE

    async def run(self) -> None:
        """Read until the answer has ended, its leader is dead, or nobody wants it any more."""
        names = self._answers.names
        try:
            news = names.news(self._key, self.running.generation)
            async with self._answers.link.subscribe(news) as events:
                while self.running.ending is None and self._is_wanted():
                    await self._step(events)
        except CorruptRecordingError:
            # Whoever asked again would be told to follow the same answer again.
            self.running.end("unshared")
        finally:
            self.running.end("lost")

    async def _step(self, events: Subscription) -> None:
        item = None
        try:
            item = await events.within(self._look_again)
        except TimeoutError:
            self._waited = self._look_again
        except CacheUnavailableError:  # nothing will be heard: look from time to time
            await self._answers.tasks.sleep(self._look_again)
            self._waited = self._look_again
        if item == b"":
            self._silence = 0.0
        elif item is None:
            await self._look()
        elif not self._take(item):
            self._entries = 0  # some are missing; which, only the log can say
            await self._look()

    def _take(self, item: bytes) -> bool:
        """Take an entry; return False when some before it are missing."""
        self._silence = 0.0
        entry = self._form.decode(item)
        running = self.running
        headless = running.head is None and entry.head is None and entry.ending is None
        if entry.first > running.count or headless:
            return False
        self._entries += 1
        if running.head is None and entry.head is not None:
            running.begin(entry.head)
        if new := entry.frames[running.count - entry.first :]:
            running.extend(list(new))
        if entry.ending is not None:
            running.delivered = entry.delivered
            running.end(entry.ending)
        return True

    async def _look(self) -> None:
        names, generation = self._answers.names, self.running.generation
        keys = [names.log(self._key, generation), names.lease(self._key)]
        try:
            if self._process and not self._entries:
                await self._answers.wish(self._key, generation, b"follow", self._process)
            count, entries, holder = await self._answers.run(READ, keys, [self._entries])
        except CacheError:
            self._blind += self._since_last_look(self._look_again + self._answers.write_timeout)
            # Nobody can tell whether the leader lives: it may come back with Redis.
            if self._blind > 1.5 * self._answers.term:
                self.running.end("lost")
            return
        self._blind = 0.0
        for entry in entries:
            self._take(entry)
        self._entries = count
        self._note_holder(holder, is_written=count > 0)

    def _note_holder(self, holder: bytes, *, is_written: bool) -> None:
        """Take a leader for dead that holds no lease and says nothing."""
        passed = self._since_last_look(self._look_again)
        if holder.startswith(self.running.generation):
            self._process = holder[GENERATION_BYTES:]
            self._silence, self._seen_alive = 0.0, True
            return
        self._silence += passed
        over = self.running.head is None and not is_written and not self._seen_alive
        if over or self._silence > 1.5 * self._answers.renewal:
            self.running.end("lost")  # ``over``: before anything was written

    def _since_last_look(self, most: float) -> float:
        """Return the seconds since then, ``most`` seconds at the most.

        Whatever is more, this very process was kept from working: it is no silence of the leader.
        """
        now = self._clock()
        passed, self._looked_at = now - self._looked_at, now
        waited, self._waited = self._waited, 0.0
        return max(waited, min(passed, most))

    def _is_wanted(self) -> bool:
        now = self._clock()
        if self.running.readers:
            self._wanted_until = now  # once the last one leaves, nobody is waited for
            return True
        return now < self._wanted_until
