"""Anything that may happen to shared answers, in any order: what a reader sees stays true.

Nobody sees bytes of two generations, of another request or of another scope; nobody takes for
complete what is not; a recording that is served is the whole of one answer that was to be kept;
and two never lead at once unless somebody was cut off, a lease was lost, or one asked anew.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from support.answers_machine import LEASE, QUESTIONS, SharedAnswers, gone, numbers, questions
from support.silence import cut_off, mend

from streamward.cache import MemoryCache, Recording, RedisCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.redis_servers import RedisServer
    from support.shared_answers import Given, Question

# The clock of the loop leaps while commands are under way: that is no time-out.
PATIENT = 3600.0


class InMemory(SharedAnswers):
    """One process, whose recordings grow old by the clock of its loop."""

    def open(self) -> Any:
        return MemoryCache(clock=self.loop.time)

    def checked(self, question: Question, recording: Recording, epoch: bytes) -> Given:
        given = super().checked(question, recording, epoch)
        assert self.loop.time() < given.until, "too old"
        return given


class InRedis(SharedAnswers):
    """Three processes, which die, or cannot reach Redis, which forgets."""

    processes = 3

    def __init__(self, redis: RedisServer) -> None:
        self.redis = redis
        self.prefix = f"machine-{secrets.token_hex(8)}"
        self.dead: list[RedisCache] = []
        super().__init__()

    def open(self) -> Any:
        times = {"timeout": PATIENT, "write_timeout": PATIENT, "lease": LEASE}
        return RedisCache(self.redis.url, prefix=self.prefix, secret=bytes(32), **times)

    @rule(where=numbers)
    def crash(self, where: int) -> None:
        """As by ``kill -9``. Another process takes its place."""
        process = where % self.processes
        self.cut_off(process, "lost")
        self.dead.append(self.stores[process])
        self.stores[process] = self.open()
        self.away.discard(process)
        self.run(gone([reader for reader in self.readers if reader.process == process]))
        self.readers = [reader for reader in self.readers if reader.process != process]

    @rule(where=numbers)
    def split(self, where: int) -> None:
        """Redis cannot be asked; whoever leads there goes on, and may come back."""
        process = where % self.processes
        self.away.add(process)
        self.cut_off(process, None)
        for reader in self.readers:
            reader.hurt |= reader.process == process

    def cut_off(self, process: int, ending: str | None) -> None:
        cut_off(self.stores[process])
        for given in self.leads():
            if given.process == process:
                given.hurt = True
                given.ending = ending

    @rule()
    def heal(self) -> None:
        for process in self.away:
            mend(self.stores[process])
        self.away.clear()

    @rule(question=questions, what=st.sampled_from(["", ":lease", ":log:*", ":wishes:*"]))
    def evict(self, question: Question, what: str) -> None:
        """A recording, a lease, logs or wishes: run out, or thrown out."""
        name = self.stores[0]._names.recording(question.key)
        self.forget(name + what, {question})

    @rule()
    def flush(self) -> None:
        """Everything that the processes have in Redis, the marks too."""
        self.forget(f"{self.prefix}:*", set(QUESTIONS))
        for given in self.given:
            given.purged = True

    def forget(self, pattern: str, lost: set[Question]) -> None:
        if names := self.redis.ask("KEYS", pattern):
            self.redis.ask("DEL", *names)
        for given in self.given:
            if given.question in lost:
                given.alone = False
                given.hurt |= given.ending is not None

    def calm(self) -> None:
        self.heal()
        self.forget(f"{self.prefix}:*:lease", set())

    async def close(self) -> None:
        self.stores += self.dead
        await super().close()


def run(machine: Callable[[], SharedAnswers]) -> None:
    # Real servers make no two runs alike in every way: what fails is told as it was found.
    often = settings(
        max_examples=settings().max_examples // 4,
        stateful_step_count=50,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(machine, settings=often)


def test_shared_in_memory() -> None:
    run(InMemory)


def test_shared_through_redis(redis_server: RedisServer) -> None:
    run(lambda: InRedis(redis_server))
