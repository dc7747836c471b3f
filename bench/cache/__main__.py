"""Run all of it against one Redis, then each peer that is installed (``make bench-cache``).

python -m bench.cache [--rounds 500] [--json bench/results/cache.json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from bench.cache import faults, following, recording, round_trips
from bench.cache.peers import trial
from bench.cache.store import redis


async def measure(rounds: int) -> dict[str, Any]:
    """Return all figures of one run."""
    with redis() as url:
        return {
            "round_trips": await round_trips.measure(url, rounds),
            "recording": await recording.measure(url, max(3, rounds // 50)),
            "following": await following.measure(url),
            "black_hole": await faults.measure(max(20, rounds // 5)),
            "peers": await trial.measure(url, max(20, rounds // 5)),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = asyncio.run(measure(options.rounds))
    text = json.dumps(figures, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
