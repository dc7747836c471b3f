"""Eight real processes ask the same question; the one that leads is killed, or stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from support.crowd_worker import frames_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]
WORKERS, ASKING, FRAMES = 8, 50, 20


class Crowd:
    """The processes, and what they said."""

    def __init__(self, side: Path) -> None:
        self.side = side
        self.workers: list[asyncio.subprocess.Process] = []
        self.sent: dict[int, int] = {}
        self.answers: dict[int, list[dict[str, Any]]] = {}

    @property
    def generations(self) -> list[int]:
        return [int(line) for line in self.side.read_text().split()] if self.side.exists() else []

    async def listen(self, worker: asyncio.subprocess.Process) -> None:
        answers = self.answers.setdefault(worker.pid, [])
        assert worker.stdout is not None
        async for line in worker.stdout:
            if not line.startswith(b"{"):
                continue  # what is logged
            told = json.loads(line)
            if "sent" in told:
                self.sent[worker.pid] = told["sent"]
            elif "body" in told:
                answers.append(told)

    async def until_sent(self, frames: int) -> int:
        """Wait until the first leader has sent so many frames; return its process."""
        while not self.generations or self.sent.get(self.generations[0], -1) < frames:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.005)
        return self.generations[0]


@contextlib.asynccontextmanager
async def crowd(url: str, side: Path, asking: int = ASKING) -> AsyncIterator[Crowd]:
    """Start the processes, let all of them ask at once, and wait for those that live."""
    made = Crowd(side)
    command = ["-m", "support.crowd_worker", url, str(side), str(asking), str(FRAMES)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
    pipe = asyncio.subprocess.PIPE
    try:
        for _ in range(WORKERS):
            made.workers.append(
                await asyncio.create_subprocess_exec(
                    sys.executable,
                    *command,
                    stdin=pipe,
                    stdout=pipe,
                    limit=1 << 24,
                    env=environment,
                )
            )
        for worker in made.workers:
            assert worker.stdout is not None and worker.stdin is not None
            assert await worker.stdout.readline(), "it is ready"
        for worker in made.workers:
            worker.stdin.write(b"go\n")  # type: ignore[union-attr]
        listening = asyncio.gather(*(made.listen(worker) for worker in made.workers))
        yield made
        async with asyncio.timeout(90):
            await listening
    finally:
        for worker in made.workers:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()


def check(answers: list[dict[str, Any]], generations: list[int]) -> int:
    """Return how many are whole; all others end with an error frame and are cut."""
    wholes = [b"".join(frames_of(str(pid), FRAMES)).decode() for pid in generations]
    whole = 0
    for answer in answers:
        if answer["ended"]:
            assert answer["body"] in wholes
            whole += 1
        else:
            assert answer["raised"] == "LeaderLostError"
            begun, _, error = answer["body"].rpartition("\n\n")[0].rpartition("\n\n")
            assert '"leader_lost"' in error
            assert "[DONE]" not in answer["body"]
            assert any(text.startswith(begun) for text in wholes), "bytes of one generation"
    return whole


async def test_four_hundred_requests_are_one_generation(own_redis: Any, tmp_path: Path) -> None:
    async with crowd(own_redis().url, tmp_path / "side") as asked:
        pass

    answers = [answer for told in asked.answers.values() for answer in told]
    assert len(asked.generations) == 1
    assert len(answers) == WORKERS * ASKING
    assert check(answers, asked.generations) == len(answers)


@pytest.mark.parametrize("seed", [1])
async def test_a_killed_leader_costs_one_more_at_the_most(
    own_redis: Any, tmp_path: Path, seed: int
) -> None:
    frame = Random(seed).randrange(FRAMES)
    async with crowd(own_redis().url, tmp_path / "side") as asked:
        leader = await asked.until_sent(frame)
        os.kill(leader, signal.SIGKILL)

    answers = [answer for told in asked.answers.values() for answer in told]
    assert len(asked.generations) <= 2
    assert len(answers) >= (WORKERS - 1) * ASKING
    check(answers, asked.generations)


async def test_a_leader_that_wakes_up_again_mixes_with_nobody(
    own_redis: Any, tmp_path: Path
) -> None:
    """Stopped for longer than its lease: others have led meanwhile, or were told."""
    async with crowd(own_redis().url, tmp_path / "side", 10) as asked:
        leader = await asked.until_sent(5)  # its own readers follow by now
        os.kill(leader, signal.SIGSTOP)
        try:
            others = [w.pid for w in asked.workers if w.pid != leader]
            while any(len(asked.answers[pid]) < 10 for pid in others):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        finally:
            os.kill(leader, signal.SIGCONT)

    answers = [answer for told in asked.answers.values() for answer in told]
    # What its own readers had not claimed when it was stopped, they ask for alone.
    assert len([pid for pid in asked.generations if pid != leader]) <= 1
    assert len(answers) == WORKERS * 10
    check(answers, asked.generations)
