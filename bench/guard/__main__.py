"""What the guard against personal data costs, delays and lets through, alone and beside its peers.

Peers that are not installed are named and left out; ``make bench-peers`` installs them all, in an
environment of their own, and draws the picture.

    python -m bench.guard [--rounds 5] [--cuttings 20] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

from bench.guard.compare import compare
from bench.guard.costs import measure
from bench.guard.peers import all_peers


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cuttings", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # what peers say of streams without a proxy around them
    result = measure(options.rounds)
    for name, row in result["texts"].items():
        print(name, *(f"{key}={value:.2f}" for key, value in row.items()))
    print(json.dumps({key: value for key, value in result.items() if key != "texts"}))
    peers, missing = all_peers()
    for name, reason in missing.items():
        print(f"not installed: {name} ({reason})")
    compared = compare(peers, options.rounds, options.cuttings)
    for name, peer in compared["peers"].items():
        for text, row in peer["texts"].items():
            print(f"{name} {peer['version']} on {text}:", json.dumps(row))
    result["compared"] = {**compared, "missing": missing}
    if options.json:
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
