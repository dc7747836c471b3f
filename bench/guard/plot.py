"""Draws ``bench/results/guard.json`` for the documentation. Needs matplotlib (``peers.txt``).

python -m bench.guard.plot
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
RESULTS = _ROOT / "bench/results/guard.json"
PICTURE = _ROOT / "docs/explanation/guard-bench.svg"
_NAMES = {
    "streamward": "streamward PII()",
    "presidio": "Presidio, whole text",
    "langchain": "LangChain PIIMiddleware",
    "litellm": "litellm content_filter",
    "sether": "sether RedactStream",
    "nemo": "NeMo RollingBuffer",
    "nemo, check first": "NeMo, stream_first=False",
}
# Greys and colours that stand on white and on black alike.
_INK, _OURS, _THEIRS, _BAD = "#7a7a7a", "#1f9e8c", "#8a93a6", "#d9534f"


def draw(peers: dict[str, Any], target: Path) -> None:
    """Write the picture: cost, delay and leaks of each peer."""
    import_module("matplotlib").use("svg")
    plt = import_module("matplotlib.pyplot")
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "guard", "font.size": 10})
    plt.rcParams.update(dict.fromkeys(("text.color", "xtick.color", "axes.labelcolor"), _INK))
    names = list(reversed(peers))
    colours = [_OURS if name == "streamward" else _THEIRS for name in names]
    clean = [peers[name]["texts"]["clean"] for name in names]
    figure, (cost, delay) = plt.subplots(1, 2, figsize=(9.8, 3.4), sharey=True)
    rows = range(len(names))
    _bars(cost, rows, [row["us_per_token"] for row in clean], colours)
    cost.set_xlabel("CPU time per token\nof ordinary text, µs")
    _bars(delay, rows, [max(row["token_p99"], 1) for row in clean], colours)
    delay.set_xlabel("further tokens that\na token waits for, p99")
    cost.set_yticks(rows, [_NAMES[name] for name in names], color=_INK)
    for row, name in enumerate(names):
        text, bad = _leaks(peers[name]["texts"]["dense"])
        _beside(delay, row, text, color=_BAD if bad else _OURS, weight="bold")
    _beside(delay, -1.52, "values that a reader saw,\nof the kinds that it claims")
    figure.tight_layout(w_pad=1.5)
    figure.savefig(target, transparent=True, metadata={"Date": None})


def _leaks(dense: dict[str, Any]) -> tuple[str, bool]:
    """Return what leaked in the worst cutting, and whether anything did."""
    row = dense["worst_leaks"]
    leaks = row["claimed_whole"] + row["claimed_fragment"]
    stops = ", the answer stops" if dense["words_damaged"] > row["of"] else ""
    return f"{leaks} of {row['claimed_of']}{stops}", leaks > 0


def _beside(axes: Any, row: float, text: str, **style: str) -> None:
    """Write to the right of a row."""
    place = ("axes fraction", "data")
    axes.annotate(text, (1.02, row), xycoords=place, va="center", annotation_clip=False, **style)


def _bars(axes: Any, rows: range, values: list[float], colours: list[str]) -> None:
    axes.barh(rows, values, color=colours, height=0.62)
    axes.set_xscale("log")
    axes.set_xlim(1, max(values) * 4)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.minorticks_off()
    for row, value in zip(rows, values, strict=True):
        axes.annotate(
            f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0"),
            (value, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=_INK,
        )
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_INK)
    axes.tick_params(left=False)


if __name__ == "__main__":
    draw(json.loads(RESULTS.read_text())["compared"]["peers"], PICTURE)
