"""The measurement of the cache's size holds to its goal: a twentieth of what was sent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHAT = ["openai", "openai, obfuscated", "openai, two choices"]


def test_a_chat_answer_takes_a_twentieth_at_most(tmp_path):
    results = tmp_path / "cache_size.json"
    command = [sys.executable, "-m", "bench.cache_size", "--counts", "500", "--rounds", "1"]
    subprocess.run([*command, "--json", results], cwd=ROOT, check=True, capture_output=True)
    result = json.loads(results.read_text())

    assert result.keys() == {f"{name}, 500" for name in (*CHAT, "anthropic")}
    for name in CHAT:
        rows = result[f"{name}, 500"]["rows"]
        assert rows["stored form"]["percent"] < rows["sealed"]["percent"] < 5
