"""How many streams one core carries: loop lag, CPU, memory, and the time to the first token.

The server (uvicorn, httptools, one process) is kept on one core and this client on another. Every
variant gets the same streams, in turn, round after round, each time in a fresh process.

    python -m bench.load [--streams 1000] [--rounds 3] [--search] [--json FILE]

``waited`` is the part of the time in which the server was ready but did not get its core: where it
is not near 0, something else ran on the machine, and lags are not to be trusted. CPU time is, and
so is ``by CPU``: how many streams would use up the core at what a token costs under this load.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import json
import os
import platform
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.serving import serving

from .server import TEXTS, VARIANTS
from .trial import Load, search, spread, trial

Row = dict[str, Any]
_COLUMNS = (
    ("achieved", "achieved", 100.0, "%"),
    ("lag_p50_ms", "lag p50", 1.0, "ms"),
    ("lag_p99_ms", "p99", 1.0, "ms"),
    ("delay_p50_ms", "delay p50", 1.0, "ms"),
    ("delay_p99_ms", "p99", 1.0, "ms"),
    ("cpu", "CPU", 100.0, "%"),
    ("us_per_token", "a token", 1.0, "µs"),
    ("streams_by_cpu", "by CPU", 1.0, "streams"),
    ("memory_kb_per_stream", "a stream", 1.0, "KB"),
    ("ttft_p50_ms", "TTFT", 1.0, "ms"),
    ("ttft_added_ms", "added", 1.0, "ms"),
    ("waited", "waited", 100.0, "%"),
    ("client_cpu", "client", 100.0, "%"),
)
_PACKAGES = ("uvicorn", "httptools", "uvloop", "msgspec", "presidio-analyzer")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=50, help="tokens a second of each stream")
    parser.add_argument("--seconds", type=float, default=10, help="how long one load is measured")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--text", choices=TEXTS, default="prose")
    parser.add_argument("--variants", choices=VARIANTS, nargs="+", default=VARIANTS)
    parser.add_argument("--loop", default="auto", help="uvicorn's: auto, asyncio, uvloop")
    parser.add_argument("--search", action="store_true", help="find the most streams a core bears")
    parser.add_argument("--lag-ms", type=float, default=20, help="the p99 that --search allows")
    parser.add_argument("--most", type=int, default=2_000, help="the most streams --search tries")
    parser.add_argument("--step", type=int, default=25, help="how exact --search is, in streams")
    parser.add_argument("--profile", action="store_true", help="tell where the time goes (slow)")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def cores() -> tuple[int | None, int | None]:
    """Return a core for the server and one for the client; None where they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[-1], allowed[0]) if len(allowed) > 1 else (None, None)


def measure(options: argparse.Namespace, core: int | None) -> dict[str, list[Row]]:
    """Give every variant the load, in turn; return the rows of each."""
    load = Load(options.streams, options.rate, options.seconds)
    rows: dict[str, list[Row]] = {variant: [] for variant in options.variants}
    for _ in range(options.rounds):
        for variant in options.variants:
            with served(options, variant, core) as url:
                rows[variant].append(asyncio.run(_warm(url, load)))
                say(variant, rows[variant][-1])
    return rows


async def _warm(url: str, load: Load) -> Row:
    await trial(url, Load(min(load.streams, 20), load.rate, min(load.seconds, 1)))
    return await trial(url, load)


def borne(options: argparse.Namespace, core: int | None) -> dict[str, Row]:
    """Search for the most streams that each variant bears."""
    most = Load(options.most, options.rate, options.seconds)
    found: dict[str, Row] = {}
    for variant in options.variants:
        with served(options, variant, core) as url:
            found[variant] = asyncio.run(search(url, most, options.lag_ms, options.step))
        print(f"{variant} bears {found[variant]['streams']} streams", flush=True)
    return found


def served(options: argparse.Namespace, variant: str, core: int | None) -> Any:
    arguments = [variant, "--text", options.text, "--loop", options.loop]
    arguments += [] if core is None else ["--core", str(core)]
    arguments += ["--profile"] if options.profile else []
    return serving("bench.load.server", *arguments)


def summary(rows: dict[str, list[Row]]) -> dict[str, Row]:
    """Return the median of each figure over the rounds; what the first token waits for us."""
    first = next(iter(rows))
    result: dict[str, Row] = {}
    for variant, rounds in rows.items():
        numbers = [name for name, value in rounds[0].items() if isinstance(value, int | float)]
        row: Row = {name: statistics.median(one[name] for one in rounds) for name in numbers}
        times = [time for one in rounds for time in one["ttft_ms"]]
        row["ttft_p50_ms"], row["ttft_p99_ms"] = spread(times, 0.5), spread(times, 0.99)
        row["ttft_added_ms"] = statistics.median(_pairs(rounds, rows[first]))
        result[variant] = row
    return result


def _pairs(rounds: Iterable[Row], others: Iterable[Row]) -> list[float]:
    """Return by how much each probe was later than the same one of the bare app."""
    return [
        mine - bare
        for one, other in zip(rounds, others, strict=True)
        for mine, bare in zip(one["ttft_ms"], other["ttft_ms"], strict=False)
    ]


def say(variant: str, row: Row) -> None:
    """Print a row as soon as it is there."""
    parts = [
        f"{title} {row[name] * scale:.1f} {unit}"
        for name, title, scale, unit in _COLUMNS
        if name in row
    ]
    print(f"{variant:6}", ", ".join(parts), flush=True)
    for name, share in row.get("top", ()):
        print(f"{share * 100:8.1f} % {name}")


def machine() -> dict[str, Any]:
    """Return where this was measured."""
    versions: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "versions": versions,
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    options = parsed()
    raise_file_limit()
    core, own = cores()
    if own is not None:
        os.sched_setaffinity(0, {own})
    result: dict[str, Any] = {
        "machine": machine(),
        "settings": {k: v for k, v in vars(options).items() if k != "json"},
        "pinned": core is not None,
    }
    rows = measure(options, core)
    result["load"] = summary(rows)
    print("\nmedian of the rounds")
    for variant, row in result["load"].items():
        say(variant, row)
    result["rounds"] = rows
    if options.search:
        result["borne"] = borne(options, core)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


def raise_file_limit() -> None:
    """Allow as many open sockets as may be; the server inherits it."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
