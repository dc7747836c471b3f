"""What the doctor says: a table for people, one JSON object for machines.

Neither holds a secret: of headers a fixed list is shown (`hops.SHOWN`), of URLs no query and no
user, of bodies nothing.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .exchange import Case, Exchange, Stage, Stages
from .finding import Finding
from .hops import hops_of, shown
from .measure import Spread, arrivals, delays, gaps, spread

__all__ = ["FINE", "FOUND", "NOT_A_STREAM", "UNREACHED", "as_json", "exit_code", "print_report"]

FINE: Final = 0
FOUND: Final = 1
UNREACHED: Final = 2  # what command lines also say when they are used wrongly
NOT_A_STREAM: Final = 3

_ANSWERED = ("redirect", "status", "not_a_stream")
_COLOURS = {"fault": "bold red", "risk": "bold yellow"}


def exit_code(case: Case, findings: tuple[Finding, ...]) -> int:
    """Return what the command exits with: one of the four constants of this module."""
    if any(trouble.kind not in _ANSWERED for trouble in case.troubles):
        return UNREACHED
    if case.troubles:
        return NOT_A_STREAM
    if findings:
        return FOUND
    return UNREACHED if case.missed else FINE


def as_json(
    case: Case, findings: tuple[Finding, ...], url: str, direct: str | None = None
) -> dict[str, Any]:
    """Return the report as JSON values. Times are in seconds."""
    return {
        "url": _public(url),
        "direct": _public(direct) if direct is not None else None,
        "exit_code": exit_code(case, findings),
        "echo": case.echoed,
        "troubles": [asdict(trouble) for trouble in case.troubles],
        "findings": [asdict(finding) for finding in findings],
        "hops": [asdict(hop) for hop in hops_of(case)],
        "through": {stage: _exchange(one) for stage, one in _sorted(case.through)},
        "without_proxies": {stage: _exchange(one) for stage, one in _sorted(case.direct)},
    }


def print_report(
    console: Console, case: Case, findings: tuple[Finding, ...], url: str, direct: str | None = None
) -> None:
    """Print the report for people."""
    console.print(Text.assemble("\nstreamward doctor  ", (_public(url), "bold")))
    for trouble in case.troubles:
        console.print(Text.assemble(("could not probe: ", "bold red"), trouble.says))
    if case.troubles:
        return
    console.print(_table(case, case.through, "through the proxies"))
    if direct is not None:
        console.print(_table(case, case.direct, f"the application itself, {_public(direct)}"))
    console.print(_way(case), soft_wrap=True)
    for finding in findings:
        console.print(_finding(finding), soft_wrap=True)
    for stage, trouble in case.missed.items():
        missed = (f"\nnot examined: {stage}", "bold red")
        console.print(Text.assemble(missed, f", {trouble.says}"), soft_wrap=True)
    if not findings and not case.missed:
        console.print(Text("Nothing found.", "bold green"))


def _public(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _exchange(one: Exchange) -> dict[str, Any]:
    return {
        "trouble": asdict(one.trouble) if one.trouble is not None else None,
        "status": one.status,
        "http_version": one.http,
        "transfer": one.transfer,
        "content_encoding": one.coding,
        "headers": shown(one),
        "connect": round(one.connect, 6),
        "ttfb": _rounded(one.ttfb),
        "ttft": _rounded(one.ttft),
        "total": round(one.total, 6),
        "frames": len(one.frames),
        "arrivals": arrivals(one),
        "delay": _spread(spread(delays(one))),
        "gap": _spread(spread(gaps(one))),
        "end": one.end,
        "ending": one.ending,
        "dialect": one.dialect,
        "upstream_http_version": one.seen.http if one.seen is not None else None,
        "calls": one.seen.call if one.seen is not None else None,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _spread(figures: Spread | None) -> dict[str, float] | None:
    if figures is None:
        return None
    return {
        "p50": round(figures.p50, 6),
        "p95": round(figures.p95, 6),
        "max": round(figures.most, 6),
    }


def _sorted(stages: Stages) -> list[tuple[Stage, Exchange]]:
    return [(name, stages[name]) for name in get_args(Stage) if name in stages]


def _table(case: Case, stages: Stages, title: str) -> Table:
    table = Table(title=f"{title} (times in ms)", title_justify="left", box=None, pad_edge=False)
    kind = "late" if case.echoed else "gap"
    table.add_column("probe")
    for name in ("TTFB", "TTFT", "frames", "arrivals", f"{kind} p50", "p95", "max"):
        table.add_column(name, justify="right")
    for name in ("HTTP", "coding", "ends"):
        table.add_column(name)
    for stage, one in _sorted(stages):
        table.add_row(stage, *_cells(case, one))
    return table


def _cells(case: Case, one: Exchange) -> list[str]:
    if one.trouble is not None:
        return [*[""] * 9, one.trouble.says.partition(":")[0]]
    figures = spread(delays(one) if case.echoed else gaps(one))
    late = (figures.p50, figures.p95, figures.most) if figures is not None else (None,) * 3
    http = one.http.removeprefix("HTTP/")
    return [
        _ms(one.ttfb),
        _ms(one.ttft),
        str(len(one.frames)),
        str(arrivals(one)),
        *map(_ms, late),
        http if one.seen is None else f"{one.seen.http} > {http}",
        one.coding or "-",
        f"{one.end}, {one.ending}",
    ]


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f}"


def _way(case: Case) -> Text:
    hops = hops_of(case)
    if not hops:
        return Text("\nNo header says who stands on the way.", "dim")
    return Text("\nOn the way: " + "; ".join(f"{hop.kind} ({hop.evidence})" for hop in hops), "dim")


def _finding(finding: Finding) -> Text:
    hop = "a hop that no header names" if finding.hop == "unknown" else finding.hop
    head = Text.assemble(
        "\n", (finding.severity, _COLOURS[finding.severity]), f" {finding.code}  {finding.says}"
    )
    for evidence in finding.evidence:
        head.append(f"\n  seen    {evidence}")
    return (
        head.append("\n  at      ")
        .append(hop, "bold")
        .append("\n  change  ")
        .append(finding.change, "green")
    )
