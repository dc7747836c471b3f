"""Eight real processes ask the same question; the one that leads is killed, or stopped."""

from __future__ import annotations

import asyncio
import os
import signal
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from support.crowd import ASKING, FRAMES, WORKERS, check, crowd, kill_at

if TYPE_CHECKING:
    from pathlib import Path


async def test_four_hundred_requests_are_one_generation(own_redis: Any, tmp_path: Path) -> None:
    async with crowd(own_redis().url, tmp_path / "side") as asked:
        pass

    answers = [answer for told in asked.answers.values() for answer in told]
    assert len(asked.generations) == 1
    assert len(answers) == WORKERS * ASKING
    assert check(answers, asked.generations) == len(answers)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_killed_leader_costs_one_more_at_the_most(
    own_redis: Any, tmp_path: Path, seed: int
) -> None:
    """Many more frames, and other sizes of crowds: tests/soak/fuzz_crowds.py."""
    frame = Random(seed).randrange(FRAMES)
    await kill_at(own_redis().url, tmp_path / "side", frame, asking=25, workers=4)


async def test_a_leader_that_wakes_up_again_mixes_with_nobody(
    own_redis: Any, tmp_path: Path
) -> None:
    """Stopped for longer than its lease: others have led meanwhile, or were told."""
    async with crowd(own_redis().url, tmp_path / "side", asking=10, lease=3.0) as asked:
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
