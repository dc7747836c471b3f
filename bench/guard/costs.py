"""What ``PII`` alone costs and delays, on text: no server, no network.

CPU time per token (four characters on average), fed token by token; the best of several rounds, in
turn with Presidio over the same whole text, so that all figures are of one run on one machine.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from presidio_analyzer.predefined_recognizers import IbanRecognizer

from bench.guard.batch import engines, presidio
from bench.guard.clock import Figures, seconds, spread
from bench.texts import dense, prose, tokens
from streamward.guardrails.pii import PII
from streamward.guardrails.pii.engine import Engine
from streamward.guardrails.pii.matching import PatternMatcher
from streamward.guardrails.pii.phones import SparingPhoneRecognizer

__all__ = ["measure"]

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


def texts() -> dict[str, str]:
    code = Path(__file__).read_text() + (Path(__file__).parents[1] / "overhead.py").read_text()
    markdown = "".join(_MARKDOWN.format(n=n) for n in range(60))
    return {"prose": prose(250), "markdown": markdown, "code": code, "dense": dense(80)}


def measure(rounds: int) -> dict[str, Any]:
    """Return all figures of ``PII()``."""
    guard = PII()
    rows = costs(guard, rounds)
    for name, text in texts().items():
        rows[name] |= {"calls_per_1k": calls(guard, text), **delays(guard, text)}
    feed_ms, unit = worst_feed(guard)
    return {
        "texts": rows,
        "scaling_us_per_token": scaling(guard),
        "worst_feed_ms": feed_ms,
        "worst_feed_on": unit,
        "state_bytes": {name: state(guard, text) for name, text in texts().items()},
    }


def stream(guard: PII, pieces: list[str]) -> None:
    scanner = guard.scanner()
    for piece in pieces:
        scanner.feed(piece)
    scanner.finish()


def costs(guard: PII, rounds: int) -> dict[str, Figures]:
    """Return µs per token of the stream, and of the batch with each engine, in turn."""
    batches = {name: presidio(engine) for name, engine in engines().items()}
    rows: dict[str, Figures] = {}
    for name, text in texts().items():
        pieces = tokens(text)
        taken: dict[str, list[float]] = {key: [] for key in ("stream", *batches)}
        for _ in range(rounds):
            taken["stream"].append(seconds(stream, guard, pieces))
            for key, analyzer in batches.items():
                taken[key].append(seconds(analyzer.analyze, text, "en"))
        best = {key: min(times) / len(pieces) * 1e6 for key, times in taken.items()}
        ours = best.pop("stream")
        rows[name] = {"us_per_token": ours}
        rows[name] |= {f"presidio_{key}_us": cost for key, cost in best.items()}
        rows[name] |= {f"ratio_{key}": cost / ours for key, cost in best.items()}
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
    return {**spread("token", waited), **spread("finding", late)}


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
