"""A million random cuts against Presidio on the whole text: ``python -m soak.cuts``.

Ends with 1 when anything differed; each failure is shown on as little text as can be found, with
the line that shows it again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from random import Random

from .texts import text
from .trial import Tally, smallest, tried

__all__ = ["main"]

_BATCH = 200  # texts that a process takes at a time


def main() -> int:
    """Try the texts, print progress and totals; return how the process ends."""
    asked = _arguments()
    if asked.text is not None:
        return _again(asked.seed, asked.text, asked.cuts_per_text)
    begun = time.monotonic()
    total = Tally()
    texts = -(-asked.cuts // asked.cuts_per_text)
    print(f"soak: {asked.cuts:,} cuts over some {texts:,} texts, seed {asked.seed}")
    with ProcessPoolExecutor(asked.workers) as pool:
        batches = [
            pool.submit(_batch, asked.seed, first, min(first + _BATCH, texts), asked.cuts_per_text)
            for first in range(0, texts, _BATCH)
        ]
        for done, batch in enumerate(as_completed(batches), 1):
            total.add(batch.result())
            if done % 10 == 0:
                print(f"soak: {total.cuts:,} cuts, {total.texts:,} texts", flush=True)
    print(json.dumps({**_summary(total), "seconds": round(time.monotonic() - begun)}, indent=1))
    return 1 if total.failures or total.cuts < asked.cuts else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak.cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=1_000_000, help="how many at least")
    parser.add_argument("--cuts-per-text", type=int, default=50, help="how many at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--text", type=int, help="try only the text of this number")
    return parser.parse_args()


def _batch(seed: int, first: int, behind: int, cuts: int) -> Tally:
    """Try the texts of some numbers; show what fails at once, so that an end by hand keeps it."""
    total = Tally()
    for number in range(first, behind):
        total.add(_one(seed, number, cuts))
    return total


def _one(seed: int, number: int, cuts: int) -> Tally:
    sort, whole = text(seed, number)
    tally = tried(whole, cuts, Random(f"cuts:{seed}:{number}"))
    tally.sorts[sort] += 1
    for failure in tally.failures:
        print(f"FAILED, see again: python -m soak.cuts --seed {seed} --text {number}")
        print(json.dumps(asdict(smallest(failure))), flush=True)
    return tally


def _again(seed: int, number: int, cuts: int) -> int:
    print(json.dumps(text(seed, number)[1]))
    return 1 if _one(seed, number, cuts).failures else 0


def _summary(total: Tally) -> dict[str, object]:
    kinds = [failure.kind for failure in total.failures]
    return {
        "cuts": total.cuts,
        "texts": total.texts,
        "characters": total.characters,
        "findings": dict(sorted(total.findings.items())),
        "sorts": dict(sorted(total.sorts.items())),
        "texts_failed_closed": total.undecided,
        "differences": sum(kind != "leak" for kind in kinds),
        "leaks": kinds.count("leak"),
    }


if __name__ == "__main__":
    sys.exit(main())
