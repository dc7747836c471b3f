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

# Messages can get lost: then the log is looked at again after this long.
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
        self._heard = self._clock()
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
            item = await events.within(_LOOK_AGAIN)
        except TimeoutError:
            pass
        except CacheUnavailableError:  # nothing will be heard: look from time to time
            await self._answers.tasks.sleep(_LOOK_AGAIN)
        if item == b"":
            self._heard = self._clock()
        elif item is None:
            await self._look()
        elif not self._take(item):
            self._entries = 0  # some are missing; which, only the log can say
            await self._look()

    def _take(self, item: bytes) -> bool:
        """Take an entry; return False when some before it are missing."""
        self._heard = self._clock()
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
            self._note_silence(alive=False)
            return
        for entry in entries:
            self._take(entry)
        self._entries = count
        if alive := holder.startswith(generation):
            self._process = holder[GENERATION_BYTES:]
        elif not count and self.running.head is None:
            self.running.end("lost")  # it was over before anything was written
        self._note_silence(alive=alive)

    def _note_silence(self, *, alive: bool) -> None:
        """Take a leader for dead that holds no lease and says nothing."""
        if alive:
            self._heard = self._clock()
        elif self._clock() - self._heard > 1.5 * self._answers.renewal:
            self.running.end("lost")

    def _is_wanted(self) -> bool:
        now = self._clock()
        if self.running.readers:
            self._wanted_until = now  # once the last one leaves, nobody is waited for
            return True
        return now < self._wanted_until
