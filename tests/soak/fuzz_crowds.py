"""Crowds of processes whose leader is killed at frames drawn by chance: ``make soak``."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from support.crowd import FRAMES, kill_at

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", range(100, 160))
async def test_a_leader_is_killed_at_any_frame(own_redis: Any, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    frame, asking, workers = random.randrange(FRAMES), random.choice([1, 5, 50]), 2 + seed % 7

    await kill_at(own_redis().url, tmp_path / "side", frame, asking=asking, workers=workers)
