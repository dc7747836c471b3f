"""Tables made from the last measurement that was committed: ``bench/results/guard.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tables import ResultsTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sphinx.application import Sphinx

_TEXTS = {"prose": "prose", "markdown": "Markdown", "code": "code", "dense": "dense personal data"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx the directive."""
    app.add_directive("measured-table", MeasuredTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _alone(result: Any) -> Iterator[Sequence[str]]:
    for name, row in result["texts"].items():
        delays = (f"{row['token_mean']:.1f}", *(f"{row[f'token_{one}']}" for one in _SPREAD))
        late = f"{row['finding_p50']} / {row['finding_p99']} / {row['finding_max']}"
        yield (
            _TEXTS[name],
            _number(row["us_per_token"]),
            " / ".join(delays),
            late if row["finding_max"] else "-",
            f"{row['calls_per_1k']:.0f}",
            f"{result['state_bytes'][name]}",
        )


def _scaling(result: Any) -> Iterator[Sequence[str]]:
    for count, cost in result["scaling_us_per_token"].items():
        yield f"{int(count):,}", _number(cost)


def _batch(result: Any) -> Iterator[Sequence[str]]:
    for name, row in result["texts"].items():
        yield (
            _TEXTS[name],
            _number(row["us_per_token"]),
            *(
                f"{_number(row[f'presidio_{one}_us'])} ({row[f'ratio_{one}']:.1f} times)"
                for one in _ENGINES
            ),
        )


def _peers(result: Any) -> Iterator[Sequence[str]]:
    for name, peer in result["compared"]["peers"].items():
        clean, dense = peer["texts"]["clean"], peer["texts"]["dense"]
        waits = " / ".join(str(clean[f"token_{one}"]) for one in _SPREAD)
        damaged = dense["words_damaged"]
        words = result["compared"]["texts"]["dense"]["words"]
        stops = name.startswith("nemo")
        yield (
            f"{name} {peer['version']}",
            _number(clean["us_per_token"]),
            "stops" if stops else _number(dense["us_per_token"]),
            waits,
            f"{damaged} of {words}",
        )


def _leaks(result: Any) -> Iterator[Sequence[str]]:
    for name, peer in result["compared"]["peers"].items():
        for text in ("sparse", "dense"):
            row, worst = peer["texts"][text]["leaks"], peer["texts"][text]["worst_leaks"]
            yield (
                name,
                text,
                f"{row['whole']} + {row['fragment']} of {row['of']}",
                f"{row['claimed_whole']} + {row['claimed_fragment']} of {row['claimed_of']}",
                f"{worst['claimed_whole']} + {worst['claimed_fragment']}",
                f"{row['cut']} / {worst['cut']}",
            )


def _how(result: Any) -> Iterator[Sequence[str]]:
    for name, peer in result["compared"]["peers"].items():
        kinds = ", ".join(f"`{kind}`" for kind in peer["kinds"])
        yield f"{name} {peer['version']}", peer["how"], kinds
    for name, reason in result["compared"]["missing"].items():
        yield name, f"not measured: {reason}", "-"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


_SPREAD = ("p50", "p99", "max")
_ENGINES = ("words", "blank_spacy", "no_op")


class MeasuredTable(ResultsTable):
    """The tables of ``bench/results/guard.json``."""

    RESULTS = "guard.json"
    TABLES: ClassVar = {
        "alone": (
            (
                "text",
                "µs per token",
                "a token waits: mean / p50 / p99 / max",
                "a finding, after its end: p50 / p99 / max",
                "calls to Presidio per 1,000 tokens",
                "state, bytes",
            ),
            _alone,
        ),
        "scaling": (("tokens in the stream", "µs per token"), _scaling),
        "batch": (
            ("text", "stream", "batch, our words", "batch, blank spaCy", "batch, no words"),
            _batch,
        ),
        "peers": (
            (
                "guard",
                "µs per token, clean",
                "µs per token, dense",
                "a token waits, clean: p50 / p99 / max",
                "ordinary words lost, dense",
            ),
            _peers,
        ),
        "leaks": (
            (
                "guard",
                "text",
                "all values",
                "values of kinds that it claims",
                "same, worst cutting",
                "only because of the cuts: tokens / worst cutting",
            ),
            _leaks,
        ),
        "how": (("guard", "set up as", "kinds that it claims"), _how),
    }
