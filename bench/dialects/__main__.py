"""What a token costs to read in each dialect, beside parsing its frame once.

    python -m bench.dialects [--rounds 7] [--before SRC] [--json FILE]

The streams are unedited prose, a token a frame, each frame a chunk. *Parse* is the payload through
``orjson`` or ``msgspec``, whichever is faster, and nothing else; *read* is what carries every
stream: cutting, knowing what each frame says, counting, and letting it go. ``--before`` names the
``src`` folder of another state of streamward, which is measured in turns with this one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.dialects.streams import STREAMS

ROOT = Path(__file__).parents[2]


def measured(source: Path) -> dict[str, dict[str, float]]:
    """Measure the streamward of a folder once, in a process of its own."""
    path = os.pathsep.join((str(source), str(ROOT)))
    command = [sys.executable, "-m", "bench.dialects.trial"]
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, check=True, text=True)
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def best(rounds: list[dict[str, dict[str, float]]], name: str, figure: str) -> float:
    """Return the least of a figure: what else runs here can only add to it."""
    return min(one[name][figure] for one in rounds)


def compare(sources: dict[str, Path], count: int) -> dict[str, Any]:
    """Measure each state in turn; return µs per token by dialect."""
    rounds: dict[str, list[dict[str, dict[str, float]]]] = {state: [] for state in sources}
    for _ in range(count):
        for state, source in sources.items():
            rounds[state].append(measured(source))
    rows: dict[str, Any] = {}
    for name in (stream.dialect for stream in STREAMS):
        read = {state: best(each, name, "read") for state, each in rounds.items()}
        rows[name] = read
        if all("parse" in one[name] for each in rounds.values() for one in each):
            parse = min(best(each, name, "parse") for each in rounds.values())
            rows[name] = {"parse": parse, **read, "ratio": read["after"] / parse}
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    sources = {"before": asked.before.resolve()} if asked.before else {}
    rows = compare({**sources, "after": ROOT / "src"}, asked.rounds)
    for name, row in rows.items():
        figures = "  ".join(f"{figure} {value:6.2f}" for figure, value in row.items())
        print(f"{name:20} {figures}")
    if asked.json:
        libraries = {name: version(name) for name in ("msgspec", "orjson")}
        about = {"python": platform.python_version(), "machine": platform.machine(), **libraries}
        text = json.dumps({"about": about, "us_per_token": rows}, indent=1) + "\n"
        asked.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
