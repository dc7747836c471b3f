"""The load benchmark runs and says what the page about it shows. No figure is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURES = {
    "streams", "tokens_per_s", "achieved", "wall", "cpu", "waited", "lag_p50_ms", "lag_p99_ms",
    "lag_max_ms", "gc_max_ms", "us_per_token", "streams_by_cpu", "client_cpu", "memory_kb_per_stream", "whole",
    "delay_p50_ms", "delay_p99_ms", "ttft_p50_ms", "ttft_p99_ms", "ttft_added_ms",
}  # fmt: skip


def test_a_small_load_is_carried_by_every_variant(tmp_path):
    results = tmp_path / "load.json"
    small = ["--streams", "5", "--seconds", "0.5", "--rounds", "1", "--variants", "bare", "pii"]

    subprocess.run(
        [sys.executable, "-m", "bench.load", *small, "--json", results],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )

    result = json.loads(results.read_text())
    assert result["load"].keys() == {"bare", "pii"}
    for row in result["load"].values():
        assert row.keys() >= FIGURES
        assert row["whole"] == row["streams"] == 5
        assert row["tokens_per_s"] > 0
    assert result["settings"]["rate"] == 50
    assert result["machine"]["versions"].keys() >= {"uvicorn", "httptools"}
