"""Tables made from the last measurement of the cache: ``bench/results/cache.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tables import ResultsTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sphinx.application import Sphinx

_NO = "-"
_RECORDED = {
    "way": "recording, on the way to the client",
    "memory": "recording and keeping, `MemoryCache`",
    "redis": "recording and keeping, `RedisCache`",
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx the directive."""
    app.add_directive("cache-table", CacheTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _own(result: Any) -> Iterator[Sequence[str]]:
    trips, recording, lag = result["round_trips"], result["recording"], result["following"]
    times = {name: row["p50"] for name, row in trips["us"].items()}
    kept = lag["bytes_per_1000_tokens"]
    claim, hit = f"{times['claim_miss']:.0f} µs", f"{times['hit']:.0f} µs"
    yield "a claim that finds nothing", claim, _times(trips["claim_to_get"])
    yield "first bytes of a hit, 500 tokens", hit, _times(trips["hit_to_get"])
    replay = f"{trips['replayed_tokens_per_s']:,.0f} tokens a second"
    yield "a replay through the door", replay, _times(trips["replay_to_get_and_send"])
    for name, title in _RECORDED.items():
        added, share = recording["added_us"][name], recording["added_share"][name]
        yield title, f"{added:.1f} µs a token", f"{share:.0%} on top"
    for name, where in (("same", "the same"), ("other", "another")):
        row = lag[f"{name}_process_ms"]
        figure = f"{max(row['p50'], 0):.1f} ms, of 100 frames 99 within {max(row['p99'], 0):.1f} ms"
        yield f"a follower in {where} process is behind", figure, _NO
    share = f"{kept['kept'] / kept['raw']:.1%} of what was sent"
    yield "1,000 tokens in Redis", f"{kept['kept']:,} bytes", share
    hole = result["black_hole"]
    first = f"{hole['first_ms']['p50'] - hole['no_cache_ms']['p50']:.0f} ms later"
    yield "a Redis that swallows everything: the first request", first, _NO
    later = f"{hole['later_added_ms_p50']:.2f} ms later"
    yield "and those after it, until it is tried again", later, _NO


def _hits(result: Any) -> Iterator[Sequence[str]]:
    for title, row in _peers(result):
        hit = row["hit"]
        first = whole = rate = "no hit"
        if hit:
            begun, ended = hit["first_byte_ms"], hit["whole_ms"]
            first = f"{begun['p50']:.2f} / {begun['p99']:.2f}"
            whole = f"{ended['p50']:.2f} / {ended['p99']:.2f}"
            rate = f"{hit['tokens_per_s']:,.0f}"
        held = f"{row['bytes_per_1000_tokens']:,}"
        yield title, first, whole, rate, f"{row['new_us_per_token']:.0f}", held


def _joins(result: Any) -> Iterator[Sequence[str]]:
    for title, row in _peers(result):
        following, killed = row["following"], row["killed"]
        first = lag = ending = _NO
        if following:
            first = _milliseconds(following["first_byte_ms"])
            spread = following["lag_ms"]
            lag = f"{spread['p50']:.1f} / {spread['p99']:.1f}" if spread else "not whole"
            ending = killed["gets"]
            if killed["after_s"] is not None:
                ending += f", after {killed['after_s']:.1f} s"
        yield title, f"{row['calls_for_10']}", first, lag, ending


def _peers(result: Any) -> Iterator[tuple[str, Any]]:
    for name, row in result["peers"]["found"].items():
        asked = " (GET)" if row["method"] == "GET" else ""
        yield f"{name} {row['version']}{asked}".strip(), row


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times"


def _milliseconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}"


class CacheTable(ResultsTable):
    """The tables of ``bench/results/cache.json``."""

    RESULTS = "cache.json"
    TABLES: ClassVar = {
        "own": (("what", "p50", "beside a plain `GET`, or without a cache"), _own),
        "hits": (
            (
                "store",
                "first byte of a hit, ms: p50 / p99",
                "whole hit, ms: p50 / p99",
                "tokens a second",
                "new answer, µs a token",
                "bytes kept per 1,000 tokens",
            ),
            _hits,
        ),
        "joins": (
            (
                "store",
                "calls for 10 at once",
                "a late follower's first byte, ms",
                "its lag, ms: p50 / p99",
                "when who leads is killed, it gets",
            ),
            _joins,
        ),
    }
