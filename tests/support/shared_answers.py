"""What shared answers must look like to those who read them, whatever happens to a store."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from dataclasses import dataclass, field
from typing import Any

from streamward.cache import Follower, Head, Recording, Running

TTL = 15.0


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward: what is due then happens at once."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


@dataclass(frozen=True)
class Question:
    """One request of one scope."""

    scope: bytes
    number: int

    @property
    def key(self) -> bytes:
        return hashlib.sha256(b"%s/%d" % (self.scope, self.number)).digest()


@dataclass
class Given:
    """An answer as its leader knows it.

    Attributes:
        alone: nobody else may lead, as far as anybody can know.
        hurt: its leader was cut off from the others, for a while or for good.
        kept: a whole recording was handed to the store.
        until: when that is too old to be served.
        purged: the scope was purged after the request was looked up.
        wanted: somebody who may has asked for it to stop.
        stopped: the leader has heard that.
    """

    question: Question
    lease: Any
    process: int
    head: Head
    frames: list[bytes] = field(default_factory=list[bytes])
    begun: bool = False
    ending: str | None = None
    alone: bool = True
    hurt: bool = False
    kept: bool = False
    until: float = math.inf
    purged: bool = False
    wanted: bool = False
    stopped: bool = False

    @property
    def generation(self) -> bytes:
        return bytes(self.lease.running.generation)

    def begin(self) -> None:
        if not self.begun:
            self.begun = True
            self.lease.running.begin(self.head)

    def add(self, size: int) -> None:
        """Add a frame that says whose it is."""
        self.begin()
        name = b"%s/%d" % (self.question.scope, self.question.number)
        frame = b"%s %s %d " % (name, self.generation.hex().encode(), len(self.frames))
        self.frames.append(frame + bytes(size))
        self.lease.running.add(self.frames[-1], time.monotonic())

    async def finish(self, ending: str, *, kept: bool) -> None:
        running = self.lease.running
        recording = running.finish(
            status=self.head.status,
            headers=self.head.headers,
            dialect="openai_chat",
            created_at=time.time(),
            epoch=self.head.epoch,
        )
        self.ending, self.kept = ending, kept
        self.until = asyncio.get_running_loop().time() + TTL
        if ending != "lost":
            running.end(ending)
        await self.lease.finish(recording if kept else None, TTL)

    def owns(self, recording: Recording) -> bool:
        """Say whether a recording is the whole of it, and was to be kept."""
        frames = [frame.data for frame in recording.frames]
        begun = (recording.headers, recording.epoch) == (self.head.headers, self.head.epoch)
        return self.kept and begun and frames == self.frames


class Reader:
    """One who follows an answer in the background, from a position on.

    Attributes:
        stale: what it would follow was purged before it came.
        refused: and it saw that from the head.
        hurt: its process was cut off from the others, for a while or for good.
    """

    def __init__(
        self, given: Given, running: Running, process: int, position: int, epoch: bytes
    ) -> None:
        self.given = given
        self.running = running
        self.process = process
        self.position = position
        self.epoch = epoch
        self.stale = given.purged
        self.hurt = False
        self.head: Head | None = None
        self.refused = False
        self.got: list[bytes] = []
        self.task = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        with Follower(self.running, self.position) as follower:
            self.head = await follower.head()
            if self.head is None:
                return
            if self.head.epoch != self.epoch:
                self.refused = True
                return
            while frames := await follower.frames():
                self.got += [frame.data for frame in frames]

    def check(self) -> None:
        """Fail where it saw what it must not see."""
        given = self.given
        due = given.frames[self.position :]
        assert self.got == due[: len(self.got)], "bytes of another answer, or some missing"
        assert self.head in (None, given.head)
        assert not (self.stale and self.got), "what was purged"
        if not self.task.done() or self.task.cancelled() or self.refused:
            return
        self.task.result()
        ending = self.running.ending
        if ending in ("complete", "incomplete", "cut"):
            assert ending == given.ending
            assert self.got == due
        elif ending == "unshared":
            assert given.ending == "unshared"
        elif not (given.hurt or self.hurt):
            # Who has nothing yet asks again: where all was over, or nobody seemed to lead.
            nothing = self.head is None and (given.ending is not None or not given.alone)
            assert nothing or given.ending == "lost"
