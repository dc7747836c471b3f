"""Ourselves beside the peers: same texts, same cuts, in turn, in one run."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from bench.guard.adapter import Peer
from bench.guard.clock import seconds, spread
from bench.guard.leaks import LeakCounter, damaged_words, ordinary_words, waits
from bench.guard.planted import Document, Value, corpora
from bench.texts import tokens

__all__ = ["compare", "figures", "shown"]

Corpus = Sequence[Document]
_LONGEST_PIECE = 40


def compare(peers: Sequence[Peer], rounds: int, cuttings: int) -> dict[str, Any]:
    """Return for each peer how it was set up, and its figures for each corpus.

    Args:
        peers: the first two are ourselves and Presidio on the whole text.
        rounds: how often the cost is taken; the best counts.
        cuttings: how many random cuttings are tried for leaks besides; the worst of all counts.
    """
    texts = corpora()
    rows = figures(peers, texts, cuttings)
    for name, corpus in texts.items():
        for peer, cost in _costs(peers, corpus, rounds).items():
            rows[peer]["texts"][name]["us_per_token"] = cost
    return {
        "peers": rows,
        "texts": {name: _described(one) for name, one in texts.items()},
        "rounds": rounds,
        "cuttings": cuttings,
    }


def figures(
    peers: Sequence[Peer], texts: Mapping[str, Corpus], cuttings: int
) -> dict[str, dict[str, Any]]:
    """Return all but the cost."""
    rows: dict[str, dict[str, Any]] = {}
    for peer in peers:
        rows[peer.name] = {"version": peer.version, "how": peer.how, "kinds": sorted(peer.kinds)}
        rows[peer.name]["texts"] = {
            name: _figures(peer, corpus, cuttings) for name, corpus in texts.items()
        }
    for name, corpus in texts.items():
        wanted = list(map(_nameless, _whole(peers[1], corpus)))
        for one in rows.values():
            got = map(_nameless, one["texts"][name].pop("shown"))
            different = sum(a != b for a, b in zip(wanted, got, strict=True))
            one["texts"][name]["differs_from_presidio"] = different
    return rows


def shown(peer: Peer, pieces: Iterable[str]) -> list[str]:
    """Return what a reader saw after each piece, and at the end."""
    stream = peer.open()
    return [*(stream.feed(piece) for piece in pieces), stream.finish()]


def _nameless(text: str) -> str:
    """Return a shown text without the names of what was found: ``<URL>`` and ``[REDACTED_URL]``."""
    return re.sub(r"<[A-Za-z_]+>|\[[A-Z_]+\]", "<>", text)


def _described(corpus: Corpus) -> dict[str, Any]:
    return {
        "documents": len(corpus),
        "tokens": sum(len(tokens(one.text)) for one in corpus),
        "words": sum(len(ordinary_words(one)) for one in corpus),
        "values": Counter(value.kind for one in corpus for value in one.values),
    }


def _costs(peers: Sequence[Peer], corpus: Corpus, rounds: int) -> dict[str, float]:
    """Return µs per token of each peer, taken in turn."""
    cut = [tokens(one.text) for one in corpus]
    best = dict.fromkeys((peer.name for peer in peers), float("inf"))
    for _ in range(rounds):
        for peer in peers:
            taken = sum(seconds(shown, peer, pieces) for pieces in cut)
            best[peer.name] = min(best[peer.name], taken)
    return {name: taken / sum(map(len, cut)) * 1e6 for name, taken in best.items()}


def _figures(peer: Peer, corpus: Corpus, cuttings: int) -> dict[str, Any]:
    counter = LeakCounter(corpus)
    waited: list[int] = []
    damaged = 0
    texts: list[str] = []
    for document in corpus:
        pieces = tokens(document.text)
        steps = shown(peer, pieces)
        texts.append("".join(steps))
        waited += waits(document, pieces, steps)
        damaged += damaged_words(document, texts[-1])
    row: dict[str, Any] = {
        "shown": texts,
        "tokens_counted": len(waited),
        "words_damaged": damaged,
        **spread("token", waited),
    }
    if any(one.values for one in corpus):
        hidden = [
            set(document.values) - counter.leaks(document, alone).keys()
            for document, alone in zip(corpus, _whole(peer, corpus), strict=True)
        ]
        leaks = partial(_leaks, peer, corpus, counter, hidden)
        row["leaks"] = leaks(texts)
        tried = [leaks([_once(peer, one, seed) for one in corpus]) for seed in range(cuttings)]
        row["worst_leaks"] = max(
            (row["leaks"], *tried), key=lambda one: (one["whole"] + one["fragment"], one["cut"])
        )
    return row


def _leaks(
    peer: Peer,
    corpus: Corpus,
    counter: LeakCounter,
    hidden: Sequence[set[Value]],
    texts: Sequence[str],
) -> dict[str, int]:
    """Return how many values leaked: of all, of the kinds claimed, and for the cuts' sake only.

    The last are those that the peer hides when it gets the text in one piece.
    """
    counts: Counter[str] = Counter(whole=0, fragment=0, claimed_whole=0, claimed_fragment=0, cut=0)
    for document, text, safe in zip(corpus, texts, hidden, strict=True):
        for value, leak in counter.leaks(document, text).items():
            counts[leak] += 1
            counts[f"claimed_{leak}"] += value.kind in peer.kinds
            counts["cut"] += value in safe
    values = [value for document in corpus for value in document.values]
    counts["of"] = len(values)
    counts["claimed_of"] = sum(value.kind in peer.kinds for value in values)
    return dict(counts)


def _once(peer: Peer, document: Document, seed: int) -> str:
    source = random.Random(seed)
    pieces: list[str] = []
    at = 0
    while at < len(document.text):
        size = source.randint(1, _LONGEST_PIECE)
        pieces.append(document.text[at : at + size])
        at += size
    return "".join(shown(peer, pieces))


def _whole(peer: Peer, corpus: Corpus) -> list[str]:
    """Return what the peer shows of each document when it comes in one piece."""
    return ["".join(shown(peer, [document.text])) for document in corpus]
