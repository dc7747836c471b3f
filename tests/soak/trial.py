"""One text, cut again and again: nothing of a finding leaves, and the findings are Presidio's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from random import Random

from streamward import Limits
from streamward.guardrails import PII, Finding
from streamward.guardrails.lookalikes import LookAlikes
from streamward.middleware.pipeline import Pipeline
from streamward.wire import PLAIN, may_be_coded, may_be_sse

from .referee import on_the_whole

__all__ = ["Failure", "Tally", "smallest", "tried"]

_MEAN_PIECES = (1.5, 3, 8, 20, 80, 300)


@dataclass(frozen=True)
class Failure:
    """What went wrong: a ``difference``, a ``leak``, or ``bytes`` that are not the decided text."""

    kind: str
    text: str
    cuts: tuple[int, ...]
    expected: str
    got: str


@dataclass
class Tally:
    """What was tried. ``undecided`` counts texts that fail closed as the guard's docs say."""

    texts: int = 0
    characters: int = 0
    cuts: int = 0
    undecided: int = 0
    findings: Counter[str] = field(default_factory=Counter[str])
    sorts: Counter[str] = field(default_factory=Counter[str])
    failures: list[Failure] = field(default_factory=list[Failure])

    def add(self, other: Tally) -> None:
        """Take another tally into this one."""
        self.texts += other.texts
        self.characters += other.characters
        self.cuts += other.cuts
        self.undecided += other.undecided
        self.findings += other.findings
        self.sorts += other.sorts
        self.failures += other.failures


@cache
def _guard() -> PII:
    return PII()


def tried(text: str, cuts: int, chance: Random) -> Tally:
    """Try random cuttings of a text until so many cuts were made; stop at the first failure."""
    tally = Tally(texts=1, characters=len(text))
    expected = _guard().find(text)
    whole = on_the_whole(text)
    if any(one.entity == "UNDECIDED" for one in expected):
        tally.undecided = 1
        wrong = not _covers(expected, whole)
    else:
        wrong = expected != whole
    tally.findings.update(one.entity for one in expected)
    if wrong:
        tally.failures.append(Failure("difference", text, (), _shown(whole), _shown(expected)))
    while tally.cuts < cuts and not tally.failures and len(text) > 1:
        at = _cutting(len(text), chance)
        tally.cuts += len(at)
        tally.failures += _scanned(text, at, expected)
        tally.failures += _carried(text, at, expected)
    return tally


def smallest(failure: Failure) -> Failure:
    """Return a failure of the same kind on as little of the text as can be found."""
    size = len(failure.text) // 2
    while size:
        for begin in range(0, len(failure.text), size):
            text = failure.text[:begin] + failure.text[begin + size :]
            found = tried(text, 200, Random(0)).failures if text else []
            if found and found[0].kind == failure.kind:
                failure = found[0]
                break
        else:
            size //= 2
    return failure


def _cutting(length: int, chance: Random) -> tuple[int, ...]:
    """Draw positions to cut at: from one to all of them."""
    share = min(1.0, 1 / chance.choice(_MEAN_PIECES))
    at = tuple(i for i in range(1, length) if chance.random() < share)
    return at or (chance.randrange(1, length),)


def _pieces(text: str, at: Sequence[int]) -> Iterator[str]:
    return (text[a:b] for a, b in pairwise((0, *at, len(text))))


def _scanned(text: str, at: tuple[int, ...], expected: list[Finding]) -> list[Failure]:
    """Feed the pieces to a scanner; a finding that it let go of before it said so is a leak."""
    scanner = _guard().scanner()
    found: list[Finding] = []
    for piece in _pieces(text, at):
        found += scanner.feed(piece)
        due = [one for one in expected if one.start < scanner.decided]
        if found[: len(due)] != due:
            return [Failure("leak", text, at, _shown(due), _shown(found))]
    found += scanner.finish()
    if found != expected or scanner.decided != len(text):
        return [Failure("difference", text, at, _shown(expected), _shown(found))]
    return []


def _carried(text: str, at: tuple[int, ...], expected: list[Finding]) -> list[Failure]:
    """Send the pieces through a pipeline; what left is at any moment a prefix of the final text.

    Its guards read a plain copy of the text; where this is another text, and where edits have to fit
    into JSON, only the prefix counts.
    What begins as server-sent events or coded lines do is taken for them, and is no plain text.
    """
    if may_be_sse(text.encode()) or may_be_coded(text.encode()):
        return []
    edited = text
    for one in reversed(expected):
        edited = f"{edited[: one.start]}<{one.entity}>{edited[one.end :]}"
    plain = LookAlikes().plain(text) == text and not text.lstrip().startswith(("{", "[", "`"))
    final = edited if plain else _through([text])[-1]
    steps = _through(_pieces(text, at))
    early = next((step for step in steps if not final.startswith(step)), None)
    if early is not None:
        return [Failure("leak", text, at, final, early)]
    return [] if steps[-1] == final else [Failure("bytes", text, at, final, steps[-1])]


def _through(pieces: Iterable[str]) -> list[str]:
    """Return what has left of a plain text answer after each piece, and in the end."""
    pipeline = Pipeline(PLAIN, headers={}, path="/", guards=[_guard()], limits=Limits())
    left = [""]
    for piece in pieces:
        left.append(left[-1] + b"".join(pipeline.feed(piece.encode())).decode())
    left.append(left[-1] + b"".join(pipeline.finish()).decode())
    return left


def _covers(decided: list[Finding], whole: list[Finding]) -> bool:
    """Whether all that Presidio finds is found, or lies in text that counts as a finding."""
    dark = [one for one in decided if one.entity == "UNDECIDED"]

    def touches(one: Finding) -> bool:
        return any(one.start < d.end and d.start < one.end for d in dark)

    clear = [one for one in decided if one.entity != "UNDECIDED"]
    return clear == [one for one in whole if not touches(one)]


def _shown(findings: list[Finding]) -> str:
    return repr([(one.start, one.end, one.entity, one.score) for one in findings])
