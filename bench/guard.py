"""What the guard against personal data costs and delays, on text alone: no server, no network.

CPU time per token (four characters on average), fed token by token; the best of several rounds, in
turn with Presidio over the same whole text, so that all figures are of one run on one machine.

    python -m bench.guard [--rounds 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import tldextract
import tldextract.tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.predefined_recognizers import IbanRecognizer, SpacyRecognizer

from bench.texts import dense, prose, tokens
from streamward.guardrails.pii import PII
from streamward.guardrails.pii.engine import Engine
from streamward.guardrails.pii.matching import PatternMatcher
from streamward.guardrails.pii.phones import SparingPhoneRecognizer
from streamward.guardrails.pii.tokens import WordEngine

_MARKDOWN = """\
# Report {n}

The **committee** met and [agreed](#notes), after some debate, to postpone it.

1. First, read the `README.md`; then run `make all`.
2. Second, compare:

| name | 2019 | 2020 |
|:-----|-----:|-----:|
| oak  |   12 |  1.5 |

> Nobody had checked the second door.
"""
_HOSTILE = (
    "1/", "1 - ", "1//", "030/1234567 ", "12345 - 332-445-1234 ", "212 555 0123 ", "(1)2 ", "+1",
    "1", "1.", "a.", "a.com", "http://a.b/", "www.a.com.", "a@", "::", "ff-", "DE89 ", "A1", "H1",
    "x.co/", "4111 1111 1111 1111 ", "1.1.", "ext 1 ", "xn--", "co.", "~1", "12 ", "\uff11\uff0d",
)  # fmt: skip
_ASKED: tuple[tuple[type, str], ...] = (
    (PatternMatcher, "__call__"),
    (SparingPhoneRecognizer, "analyze"),
    (IbanRecognizer, "analyze"),
)
Figures = dict[str, float]


def texts() -> dict[str, str]:
    code = Path(__file__).read_text() + (Path(__file__).parent / "overhead.py").read_text()
    markdown = "".join(_MARKDOWN.format(n=n) for n in range(60))
    return {"prose": prose(250), "markdown": markdown, "code": code, "dense": dense(80)}


def presidio() -> AnalyzerEngine:
    """Presidio as it comes, without a model and without the network."""
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    registry: Any = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if not isinstance(r, SpacyRecognizer)]
    return AnalyzerEngine(registry=registry, nlp_engine=WordEngine("en"))


def stream(guard: PII, pieces: list[str]) -> None:
    scanner = guard.scanner()
    for piece in pieces:
        scanner.feed(piece)
    scanner.finish()


def seconds(work: Callable[..., object], *args: object) -> float:
    begin = time.process_time()
    work(*args)
    return time.process_time() - begin


def costs(guard: PII, rounds: int) -> dict[str, Figures]:
    """Return µs per token of the stream and of the batch, in turn."""
    analyzer = presidio()
    rows: dict[str, Figures] = {}
    for name, text in texts().items():
        pieces = tokens(text)
        ours: list[float] = []
        batch: list[float] = []
        for _ in range(rounds):
            ours.append(seconds(stream, guard, pieces))
            batch.append(seconds(analyzer.analyze, text, "en"))
        mine, theirs = (min(times) / len(pieces) * 1e6 for times in (ours, batch))
        rows[name] = {"us_per_token": mine, "presidio_us": theirs, "ratio": theirs / mine}
    return rows


def delays(guard: PII, text: str) -> Figures:
    """Return for how many further tokens a token waits, and a finding after its end."""
    scanner = guard.scanner()
    pieces = tokens(text)
    ends: list[int] = []
    waited: list[int] = []
    late: list[int] = []
    for step, piece in enumerate(pieces):
        ends.append(len(piece) + (ends[-1] if ends else 0))
        found = scanner.feed(piece)
        late += [sum(end >= one.end for end in ends) - 1 for one in found]
        while len(waited) <= step and ends[len(waited)] <= scanner.decided:
            waited.append(step - len(waited))
    return {**_spread("token", waited), **_spread("finding", late)}


def _spread(name: str, values: list[int]) -> Figures:
    values = sorted(values) or [0]
    return {
        f"{name}_mean": statistics.fmean(values),
        f"{name}_p50": values[len(values) // 2],
        f"{name}_p99": values[int(len(values) * 0.99)],
        f"{name}_max": values[-1],
    }


def calls(guard: PII, text: str) -> float:
    """Return how often Presidio's recognisers are asked, for 1,000 tokens."""
    asked = 0

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            nonlocal asked
            asked += 1
            return real(*args)

        return call

    pieces = tokens(text)
    with ExitStack() as stack:
        for kind, name in _ASKED:
            stack.enter_context(mock.patch.object(kind, name, counting(getattr(kind, name))))
        stream(guard, pieces)
    return asked / len(pieces) * 1_000


def scaling(guard: PII) -> Figures:
    """Return µs per token of prose for streams of 1k, 10k and 100k tokens."""
    source = tokens(prose(5_000))
    rows: Figures = {}
    for count in (1_000, 10_000, 100_000):
        pieces = (source * (count // len(source) + 1))[:count]
        best = min(seconds(stream, guard, pieces) for _ in range(3))
        rows[str(count)] = best / count * 1e6
    return rows


def worst_feed(guard: PII) -> tuple[float, str]:
    """Return the longest that one call took on hostile text of 1,000 characters, in ms."""
    worst = (0.0, "")
    for unit in _HOSTILE:
        pieces = [*tokens((unit * 1_000)[:1_000]), "\n"]
        rounds: list[float] = []
        for _ in range(3):
            scanner = guard.scanner()
            rounds.append(max(seconds(scanner.feed, p) for p in pieces))
        worst = max(worst, (min(rounds) * 1e3, unit))
    return worst


def state(guard: PII, text: str) -> int:
    """Return the largest size of a stream's state between two tokens, in bytes."""
    scanner = guard.scanner()
    shared = {id(one) for one in gc.get_objects()} - {id(scanner)}
    most = 0
    for number, piece in enumerate(tokens(text)):
        scanner.feed(piece)
        if number % 50 == 0:
            most = max(most, _size(scanner, shared))
    return most


def _size(root: object, shared: set[int]) -> int:
    """Return the size of an object and all that it alone refers to."""
    seen: set[int] = set()
    todo = [root]
    total = 0
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, type) or callable(one) or isinstance(one, Engine):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        todo += [x for x in gc.get_referents(one) if id(x) not in shared or x is root]
        todo += vars(one).values() if hasattr(one, "__dict__") else ()
    return total


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    guard = PII()
    rows = costs(guard, options.rounds)
    for name, text in texts().items():
        rows[name] |= {"calls_per_1k": calls(guard, text), **delays(guard, text)}
    for name, row in rows.items():
        print(name, *(f"{key}={value:.2f}" for key, value in row.items()))
    feed_ms, unit = worst_feed(guard)
    result = {
        "texts": rows,
        "scaling_us_per_token": scaling(guard),
        "worst_feed_ms": feed_ms,
        "worst_feed_on": unit,
        "state_bytes": {name: state(guard, text) for name, text in texts().items()},
    }
    print(json.dumps({key: value for key, value in result.items() if key != "texts"}))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
