"""From what was measured to what is wrong, where, and which line mends it. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from .advice import ADVICE, Code
from .exchange import Case
from .finding import Finding, Found
from .hops import Hop, Kind, hops_of
from .rules import endings, headers, holding, repeats

__all__ = ["RULES", "Rule", "diagnose"]


class Rule(NamedTuple):
    """One fault: its code, what it says in one sentence, and the function that sees it."""

    code: Code
    says: str
    find: Callable[[Case], Found | None]


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "http10_upstream",
        "The application is asked with HTTP/1.0: answers are held, and crashes look like ends.",
        holding.http10_upstream,
    ),
    Rule(
        "compressed_held",
        "The stream is compressed, and the compressor waits for more than one frame.",
        holding.compressed_held,
    ),
    Rule(
        "gzip_members",
        "Each piece is compressed by itself: many clients, both official SDKs too, read one only.",
        holding.gzip_members,
    ),
    Rule("bursts", "Frames come in bursts of about 200 ms.", holding.bursts),
    Rule("held", "Frames are held back.", holding.held_back),
    Rule(
        "arrives_at_once",
        "The stream comes all at once.",
        holding.arrives_at_once,
    ),
    Rule(
        "large_frames_held",
        "Frames larger than a buffer are held back until the next one.",
        holding.large_frames_held,
    ),
    Rule(
        "accel_added",
        "X-Accel-Buffering is added to the answer on the way, where it does nothing.",
        headers.accel_added,
    ),
    Rule(
        "accel_requested",
        "X-Accel-Buffering is sent to the application, where it does nothing.",
        headers.accel_requested,
    ),
    Rule(
        "accel_ignored",
        "X-Accel-Buffering: no of the application is eaten before it can help.",
        headers.accel_ignored,
    ),
    Rule(
        "crash_hidden",
        "An answer that breaks looks like one that ends.",
        endings.crash_hidden,
    ),
    Rule(
        "no_chunks",
        "The end of an answer cannot be told from a break: it is sent without chunks.",
        endings.no_chunks,
    ),
    Rule(
        "http10_client",
        "The outermost hop answers with HTTP/1.0.",
        endings.http10_client,
    ),
    Rule(
        "idle_timeout",
        "An answer that is silent for a while is ended on the way.",
        endings.idle_timeout,
    ),
    Rule("cut", "The answer breaks off.", endings.cut),
    Rule(
        "no_terminal",
        "The answer ends without its terminal frame.",
        endings.no_terminal,
    ),
    Rule(
        "cache_replay",
        "A cache gives the answer of one reader to another.",
        repeats.cache_replay,
    ),
    Rule(
        "cache_control_changed",
        "Cache-Control: no-store of the application is lost.",
        headers.cache_control_changed,
    ),
    Rule(
        "content_type_changed",
        "The content type of the stream is changed.",
        headers.content_type_changed,
    ),
    Rule(
        "request_header_eaten",
        "A request header does not reach the application.",
        headers.request_header_eaten,
    ),
    Rule(
        "retried",
        "A request is sent again: the model is called, and paid for, twice.",
        repeats.retried,
    ),
)
"""Every fault that the doctor knows, the gravest first."""


def diagnose(case: Case) -> tuple[Finding, ...]:
    """Return what is wrong, in the order of `RULES`; nothing where nothing could be examined."""
    if case.troubles:
        return ()
    hops = hops_of(case)
    alone = replace(case, through=case.direct, direct={}) if case.direct else None
    findings = (_apply(rule, case, alone, hops) for rule in RULES)
    return tuple(finding for finding in findings if finding is not None)


def _apply(rule: Rule, case: Case, alone: Case | None, hops: Sequence[Hop]) -> Finding | None:
    found = rule.find(case)
    if found is None:
        return None
    hop = found.at or _likeliest(rule.code, hops)
    evidence = found.evidence
    if alone is not None:
        if rule.find(alone) is not None:
            if "app" not in ADVICE[rule.code]:
                return None  # what the application does by itself is another rule's
            hop, evidence = "app", (*evidence, "so it is without any proxy")
        else:
            evidence = (*evidence, "not so without the proxies")
    change = found.change or ADVICE[rule.code].get(hop) or ADVICE[rule.code]["unknown"]
    return Finding(rule.code, found.severity, rule.says, hop, evidence, change)


def _likeliest(code: Code, hops: Sequence[Hop]) -> Kind:
    """Return the first hop of the fault's table that stands on the way."""
    there = {hop.kind for hop in hops} - {"app"}
    for kind in ADVICE[code]:
        if kind in there:
            return kind
    return "unknown"
