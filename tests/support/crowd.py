"""Some real processes that ask the same question at the same time, and how they are checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .crowd_worker import frames_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["ASKING", "FRAMES", "WORKERS", "check", "crowd", "kill_at"]

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
async def crowd(
    url: str, side: Path, *, asking: int = ASKING, workers: int = WORKERS, lease: float = 30.0
) -> AsyncGenerator[Crowd]:
    """Start the processes, let all of them ask at once, and wait for those that live."""
    made = Crowd(side)
    numbers = [str(asking), str(FRAMES), str(lease)]
    command = ["-m", "support.crowd_worker", url, str(side), *numbers]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
    pipe = asyncio.subprocess.PIPE
    try:
        for _ in range(workers):
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
            assert worker.stdin is not None
            worker.stdin.write(b"go\n")
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


async def kill_at(
    url: str, side: Path, frame: int, *, asking: int = ASKING, workers: int = WORKERS
) -> None:
    """Kill whoever leads once so many frames were sent; check what everybody else has."""
    # Longer than a busy machine keeps a process from working.
    async with crowd(url, side, asking=asking, workers=workers, lease=3.0) as asked:
        os.kill(await asked.until_sent(frame), signal.SIGKILL)

    answers = [answer for told in asked.answers.values() for answer in told]
    assert len(asked.generations) <= 2
    assert len(answers) >= (workers - 1) * asking
    check(answers, asked.generations)
