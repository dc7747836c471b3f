"""Everything that may happen to shared answers, as rules in any order. Needs a store."""

from __future__ import annotations

import asyncio
import secrets
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streamward.cache import Head, Recording, Running
from streamward.errors import CacheError

from .shared_answers import Given, Question, Reader, SkippingLoop

if TYPE_CHECKING:
    from collections.abc import Coroutine

QUESTIONS = [Question(b"alice", 0), Question(b"alice", 1), Question(b"bob", 0)]
ENDINGS = ["complete", "complete", "incomplete", "cut", "lost", "unshared"]
# In seconds. Nothing runs out while an example runs, except where a rule says so.
LEASE = 15.0
# Less than a connection may take to be made.
LEAP = 2

questions = st.sampled_from(QUESTIONS)
numbers = st.integers(min_value=0, max_value=99)


class SharedAnswers(RuleBasedStateMachine):
    """The rules that hold for every store."""

    processes = 1

    def __init__(self) -> None:
        super().__init__()
        self.loop = SkippingLoop()
        self.given: list[Given] = []
        self.readers: list[Reader] = []
        self.away: set[int] = set()
        self.stores: list[Any] = [self.open() for _ in range(self.processes)]

    @abstractmethod
    def open(self) -> Any:
        """Return a store, as one process has it."""

    # What a request does

    @rule(question=questions, where=numbers, anew=st.booleans(), count=st.integers(1, 3))
    def claim(self, *, question: Question, where: int, anew: bool, count: int) -> None:
        """One or some at once; of those, all but the first in other processes."""
        alone = count == 1
        self.run(self.claims(question, range(where, where + count), anew=anew and alone))

    async def claims(self, question: Question, where: Any, *, anew: bool) -> None:
        asked = [n % self.processes for n in where]
        told = await asyncio.gather(*(self.claimed(n, question, anew=anew) for n in asked))
        answers = [(process, *one) for process, one in zip(asked, told, strict=True) if one]
        # Those who lead first: the others follow them.
        for process, claim, epoch in answers:
            if not isinstance(claim, Recording | Running):
                self.lead(question, claim, process, epoch, anew=anew)
        for process, claim, epoch in answers:
            if isinstance(claim, Running):
                self.follow(question, claim, process, 0, epoch)
            elif isinstance(claim, Recording) and self.checked(question, claim, epoch).purged:
                await self.claims(question, [process], anew=True)

    async def claimed(
        self, process: int, question: Question, *, anew: bool
    ) -> tuple[Any, bytes] | None:
        store = self.stores[process]
        try:
            epoch = await store.epoch(question.scope)
            return await store.claim(question.key, anew=anew, max_bytes=64 << 20), epoch
        except CacheError:
            assert process in self.away
            return None

    def lead(
        self, question: Question, lease: Any, process: int, epoch: bytes, *, anew: bool
    ) -> None:
        others = [one for one in self.leads() if one.question == question]
        assert anew or not any(one.alone for one in others), "two lead at once"
        for one in others:
            one.alone = False
        head = Head(200, ((b"x-answer", lease.running.generation),), epoch)
        given = Given(question, lease, process, head)
        self.given.append(given)

        def note() -> None:
            given.stopped = True

        lease.on_stop(note)

    def checked(self, question: Question, recording: Recording, epoch: bytes) -> Given:
        """Return the answer that is served: one whole answer to this request."""
        given = self.of(recording.generation)
        assert given.question == question
        assert given.owns(recording)
        assert (recording.epoch != epoch) is given.purged
        return given

    def of(self, generation: bytes) -> Given:
        (given,) = [one for one in self.given if one.generation == generation]
        return given

    def follow(
        self, question: Question, running: Running, process: int, position: int, epoch: bytes
    ) -> None:
        given = self.of(running.generation)
        assert given.question == question
        reader = Reader(given, running, process, position, epoch)
        reader.hurt = process in self.away
        self.readers.append(reader)

    @rule(which=numbers, where=numbers, back=st.integers(0, 3), other=st.booleans())
    def resume(self, *, which: int, where: int, back: int, other: bool) -> None:
        """By position, in any process; with the key of another request there is nothing."""
        if not self.given:
            return
        given = self.given[which % len(self.given)]
        question = given.question
        if other:
            question = QUESTIONS[(QUESTIONS.index(question) + 1) % len(QUESTIONS)]
        self.run(self.resumed(given, question, where % self.processes, back))

    async def resumed(self, given: Given, question: Question, process: int, back: int) -> None:
        store = self.stores[process]
        try:
            epoch = await store.epoch(question.scope)
            found = await store.find(question.key, given.generation)
        except CacheError:
            assert process in self.away
            return
        if question != given.question:
            assert found is None, "the answer to another request"
        elif found is not None:
            position = max(0, len(given.frames) - back)
            self.follow(question, found, process, position, epoch)
        else:
            assert given.ending or given.hurt or not given.alone

    @rule(which=numbers, where=numbers, other=st.booleans())
    def stop(self, *, which: int, where: int, other: bool) -> None:
        """From any process; whoever has the key of another request stops nothing."""
        if not self.given:
            return
        given = self.given[which % len(self.given)]
        key = given.question.key if not other else secrets.token_bytes(32)
        process = where % self.processes
        given.wanted |= not other

        async def stopped() -> None:
            try:
                await self.stores[process].stop(key, given.generation)
            except CacheError:
                assert process in self.away
                return
            for turn in range(200 if self.hears_stops(given) and not other else 0):
                if given.stopped:
                    return
                if 5 <= turn < 10:  # it does not listen yet: its next renewal tells it
                    self.loop.skipped += LEAP
                await asyncio.sleep(0.01)
            assert other or not self.hears_stops(given), "nobody heard the stop"

        self.run(stopped())

    def hears_stops(self, given: Given) -> bool:
        return given.ending is None and given.alone and not given.hurt

    # What a leader does

    def leads(self) -> list[Given]:
        return [one for one in self.given if one.ending is None]

    @rule(which=numbers, count=st.integers(0, 4), size=st.sampled_from([0, 5, 70_000]))
    def append(self, which: int, count: int, size: int) -> None:
        """The beginning, if nothing came yet, and some frames."""
        if not (leads := self.leads()):
            return
        given = leads[which % len(leads)]
        given.begin()
        for _ in range(count):
            given.add(size)
        self.run(asyncio.sleep(0))

    @rule(which=numbers, ending=st.sampled_from(ENDINGS), kept=st.booleans())
    def finish(self, *, which: int, ending: str, kept: bool) -> None:
        if leads := self.leads():
            self.run(self.finished(leads[which % len(leads)], ending, kept=kept))

    async def finished(self, given: Given, ending: str, *, kept: bool) -> None:
        if not given.begun and ending not in ("lost", "unshared"):
            given.begin()
        try:
            await given.finish(ending, kept=kept and ending == "complete")
        except CacheError:
            if not given.hurt:
                raise

    # What happens to them

    @rule(question=questions, everything=st.booleans(), where=numbers)
    def purge(self, *, question: Question, everything: bool, where: int) -> None:
        scope = None if everything else question.scope
        process = where % self.processes
        try:
            self.run(self.stores[process].purge(scope=scope))
        except CacheError:
            assert process in self.away
            return
        for one in self.given:
            one.purged |= scope in (None, one.question.scope)

    @rule(seconds=st.sampled_from([1, 6, 12]))
    def wait(self, seconds: int) -> None:
        """Let timers run: as in real time, one renewal after the other."""
        self.run(asyncio.sleep(0.005))
        for _ in range(0, seconds, LEAP):
            self.loop.skipped += min(seconds, LEAP)
            self.run(asyncio.sleep(0.005))

    @rule(which=numbers)
    def leave(self, which: int) -> None:
        if self.readers:
            self.run(gone([self.readers.pop(which % len(self.readers))]))

    @invariant()
    def nobody_sees_what_is_not_so(self) -> None:
        for reader in self.readers:
            reader.check()
        for given in self.given:
            assert given.wanted or not given.stopped

    def teardown(self) -> None:
        """In the end everybody has a whole answer, or was told; nobody waits for ever."""
        try:
            self.calm()
            for given in self.leads():
                self.run(self.finished(given, "complete", kept=False))
            end = time.monotonic() + 20  # a busy machine and a real server take their time
            while time.monotonic() < end and not all(one.task.done() for one in self.readers):
                self.wait(LEAP)
            hanging = [reader for reader in self.readers if not reader.task.done()]
            assert not hanging, [(one.given.question, len(one.got), one.process) for one in hanging]
            self.nobody_sees_what_is_not_so()
        finally:
            self.run(self.close())
            self.loop.close()

    def calm(self) -> None:
        """Let no dead leader be waited for."""

    async def close(self) -> None:
        await gone(self.readers)
        for store in self.stores:
            await store.close()

    def run(self, work: Coroutine[Any, Any, Any] | Any) -> Any:
        return self.loop.run_until_complete(work)


async def gone(readers: list[Reader]) -> None:
    for reader in readers:
        reader.task.cancel()
    await asyncio.gather(*(reader.task for reader in readers), return_exceptions=True)
