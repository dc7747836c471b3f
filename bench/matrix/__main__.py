"""Each proxy before each application server: delay, arrivals, truncation seen, abort seen.

Every proxy and server is a process on loopback. The application stamps each frame, and the client
on the same machine subtracts.

    PYTHONPATH=tests python -m bench.matrix [--nginx PROGRAM ...] [--json FILE]

``--nginx`` is repeated for each version; without it the installed one is measured.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from support.programs import ROOT, program
from support.servers import SERVERS, served

from .fronts import Row, rows
from .measure import measure

_PACKAGES = ("uvicorn", "h11", "httptools", "hypercorn", "granian", "gunicorn", "httpx")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.matrix")
    parser.add_argument("--nginx", action="append", help="an nginx program")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--pace", type=int, default=20, help="ms between two frames")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    ways = rows(options.nginx or [program("nginx")])
    cells: list[dict[str, Any]] = []
    for server in options.servers:
        kind = "wsgi" if "wsgi" in server else "app"
        with served(server, f"bench.matrix.origin:{kind}", folder=ROOT) as upstream:
            for row in ways:
                for cell in _cells(row, server, upstream, options.frames, options.pace):
                    cells.append(cell)
                    print(*cell.values(), sep="\t", flush=True)
    if options.json:
        settings = {"frames": options.frames, "pace_ms": options.pace}
        result = {"settings": settings, "machine": _machine(), "cells": cells}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


def _cells(
    row: Row, server: str, upstream: str, frames: int, pace: int
) -> Iterator[dict[str, Any]]:
    """Measure what each client sees; all ask the same proxy."""
    wsgi = server.endswith("wsgi")
    with tempfile.TemporaryDirectory() as folder, row.start(Path(folder), upstream) as front:
        for http in row.http:
            cell = measure(front, http, upstream, frames=frames, pace=pace, wsgi=wsgi)
            client = "HTTP/2" if http == "2" else "HTTP/1.1"
            way = {"proxy": row.proxy, "setup": row.setup, "client": client, "server": server}
            yield {**way, **asdict(cell)}


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }


if __name__ == "__main__":
    main()
