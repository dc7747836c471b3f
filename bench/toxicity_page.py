"""The documentation's page of toxicity measurements, made from ``results/toxicity.json``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["PAGE", "RESULTS", "page"]

RESULTS = Path(__file__).parent / "results" / "toxicity.json"
PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "toxicity-measurements.md"

_TEXT = """\
# Toxicity: what it costs, and what the screen loses

Made by `python -m bench.toxicity` from `bench/results/toxicity.json`; a test holds the two
together. How to set all this is in [Block toxic text](../how-to/block-toxic-text.md).

One core (AMD EPYC with AVX-512 and bfloat16 instructions, torch with one thread) that a few other
processes used at the same time, so compare ratios and not times. The goal of ten times the streams
of one by one is reached where a table says so, and costs what is lost there.
The model has the size of Detoxify's, {layers} layers with random weights, so its speed is real and
its verdicts are not. Ratios were taken side by side in one run. **No GPU was at hand: nothing here
was measured on one.**

## Sentences per second

As many as one core can do; one by one is a single stream without batches, the others are 16 streams
that never pause.

{rates}

## Added latency

What a stream waits at the end of a sentence, with one sentence per 1.5 s and stream, at half of the
sentences per second above and near them.

{latency}

## The screen

`screen` passes a sentence on to the model if its wording scores at least so much.

*Lost* is the share of toxic sentences that are not passed on, so that no model can find them: of
the {tuned} on which the screen was set, and of {held} held-out ones, which were written before and
served for this table, to choose a threshold from it, and to turn down five other rules. Expect the
held-out figure, at best.

*Passed* is the share of clean sentences that cost a model call: of the hard ones of the first set,
of ordinary ones, of {answers} sentences of answers on everyday subjects (war, illness and crime
included), and of {technical} technical sentences, those of this documentation.

*Streams* per core are compared with float32 one by one: the ratio of batching above, divided by the
share that is passed on of answers and technical sentences in equal parts, of which one in a hundred
is toxic (assumed; most models' answers have fewer).

{curve}

At 0.02 the held-out set loses, by kind: {kinds}. The screen takes {us:.0f} µs a sentence.

## bfloat16 and float32

On the three checkpoints that the tests train (BERT, RoBERTa, XLM-RoBERTa), verdicts at 0.5:

{agreement}

int8 was tried by hand: `torch.ao.quantization.quantize_dynamic` makes a model of this size 3 to 4
times as fast as float32. It is not offered: torch 2.13 says that it will be removed, and the
quantised tensors that it is made of as well.
"""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def page(result: dict[str, Any]) -> str:
    """Return the page for a result of the bench."""
    screen, rates = result["screen"], result["rates"]
    plain, rough = rates["batched"]["ratio"], rates["batched, bfloat16"]["ratio"]
    held = screen["sentences"]["held_out"], screen["toxic"]["held_out"]
    return _TEXT.format(
        layers=result["layers"],
        rates=table(
            ("variant", "sentences/s", "ratio"),
            ((name, f"{row['windows_per_s']:.1f}", f"{row['ratio']:.1f}x")
             for name, row in rates.items()),
        ),
        latency=table(
            ("variant", "load", "streams", "p50", "p99"),
            ((row["variant"], f"{row['load']:.0%}", str(row["streams"]),
              f"{row['p50_ms']:.1f} ms", f"{row['p99_ms']:.0f} ms") for row in result["latency"]),
        ),
        curve=table(
            ("screen", "lost, set", "lost, held out", "passed: hard", "ordinary", "answers",
             "technical", "streams, float32", "streams, bfloat16"),
            ((str(row["threshold"]),
              *(f"{row[key]:.1%}" for key in ("lost_tuned", "lost_held_out", "passed_hard",
                "passed_ordinary", "passed_answers", "passed_technical")),
              f"{plain / row['passed_mixed']:.0f}x", f"{rough / row['passed_mixed']:.0f}x")
             for row in screen["curve"]),
        ),
        agreement=table(
            ("checkpoint", "verdicts", "that differ", "largest difference of scores"),
            ((kind, str(row["verdicts"]), str(row["other"]), f"{row['largest_difference']:.3f}")
             for kind, row in result["agreement"].items()),
        ),
        kinds=", ".join(
            f"{kind} {share:.0%}" for kind, share in screen["lost_by_kind_at_0.02"].items()
        ),
        tuned=screen["toxic"]["sentences"],
        held=held[1],
        answers=held[0] - held[1],
        technical=screen["technical"],
        us=screen["us_per_sentence"],
    )  # fmt: skip
