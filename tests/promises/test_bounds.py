"""P6 and P7 on every dialect: limits that raise typed errors, and work that is counted."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from random import Random
from types import FunctionType, MethodType, ModuleType
from typing import Any

import pytest
from support.answers import ANSWERS, Answer
from support.guard import WordGuard
from support.streams import chat_frame

from streamward import Limits
from streamward.errors import FrameTooLargeError, HoldLimitError
from streamward.guardrails import PII, Guard
from streamward.middleware.pipeline import Pipeline
from streamward.wire import PLAIN

every_dialect = pytest.mark.parametrize("answer", ANSWERS, ids=str)
LIMIT = 4000


def pipeline_of(answer: Answer, guard: Guard, limits: Limits | None = None) -> Pipeline:
    return Pipeline(answer.framing, headers={}, path="/", guards=[guard], limits=limits or Limits())


def stream_of(answer: Answer, says: Callable[[str], list[str]]) -> bytes:
    """Write an answer in which each voice says its pieces; a tool says them inside of JSON."""
    parts = {voice: says(voice) for voice in answer.voices}
    if "tool" in parts:
        inside = [json.dumps(piece)[1:-1] for piece in parts["tool"]]
        parts["tool"] = ['{"a":"', *inside, '"}']
    return answer.write(parts, Random(1))


# What P6 asks: named limits, typed errors


@pytest.mark.parametrize("answer", [one for one in ANSWERS if one.framing is not PLAIN], ids=str)
@pytest.mark.parametrize("size", [1, 100, 10**6])
def test_p6_a_frame_over_the_limit_is_a_typed_error(answer: Answer, size: int) -> None:
    """However it arrives, and what came before it has left; plain text has no long frames."""
    stream = stream_of(answer, lambda _: ["fine "] * 3).removesuffix(answer.ends)
    pipeline = pipeline_of(answer, WordGuard(), Limits(frame=LIMIT))

    body = stream + answer.begins + b"x" * (LIMIT + 1)
    out = b"".join(
        b"".join(pipeline.feed(body[i : i + size])) for i in range(0, len(body), size)
    ) + b"".join(pipeline.finish())

    assert isinstance(pipeline.failure, FrameTooLargeError)
    assert pipeline.failure.limit == LIMIT
    assert b"fine" in out
    assert b"xxx" not in out + b"".join(pipeline.fail(pipeline.failure))


@pytest.mark.parametrize("answer", [one for one in ANSWERS if not one.whole], ids=str)
def test_p6_more_held_than_the_limit_is_a_typed_error(answer: Answer) -> None:
    """A word that never ends; nothing of it leaves, not even with the error."""
    stream = stream_of(answer, lambda voice: [f"{voice}-without-end-"] * 400)
    pipeline = pipeline_of(answer, WordGuard(), Limits(held=LIMIT))

    out = b""
    peak = 0
    for i in range(0, len(stream), 64):
        out += b"".join(pipeline.feed(stream[i : i + 64]))
        peak = max(peak, pipeline.held_peak)
    assert isinstance(pipeline.failure, HoldLimitError)
    out += b"".join(pipeline.fail(pipeline.failure))

    assert pipeline.failure.limit == LIMIT
    assert peak <= LIMIT
    assert b"without-end" not in out


def test_p6_small_frames_count_for_more_than_their_bytes() -> None:
    answer = next(one for one in ANSWERS if one.name == "plain_text")
    pipeline = pipeline_of(answer, WordGuard(), Limits(held=1024 * 1024))

    fed = next(n for n in range(5_000) if pipeline.feed(b"a") == [] and pipeline.failure)

    assert isinstance(pipeline.failure, HoldLimitError)
    assert fed == 1024
    assert pipeline.held_peak < 2048


def test_p6_comments_behind_held_text_count_too() -> None:
    answer = ANSWERS[0]
    pipeline = pipeline_of(answer, WordGuard(), Limits(held=LIMIT))

    pipeline.feed(chat_frame({"content": "jane"}))
    pipeline.feed(b": comment\n\n" * LIMIT)

    assert isinstance(pipeline.failure, HoldLimitError)


@every_dialect
def test_p6_an_endless_candidate_fails_closed(answer: Answer) -> None:
    """More than a guard can hold of what never ends is personal data as a whole."""
    stream = stream_of(answer, lambda _: ["4111-"] * 600)
    pipeline = pipeline_of(answer, PII())

    out = b"".join((*pipeline.feed(stream), *pipeline.finish()))

    assert pipeline.failure is None
    assert b"UNDECIDED" in out
    assert b"4111" not in out


# What P7 asks: work and memory, counted


def prose(answer: Answer, pieces: int) -> list[bytes]:
    """Return an answer whose voices say so many pieces each, all different, some personal data."""

    def piece(number: int) -> str:
        word = "".join(chr(97 + number // 26**place % 26) for place in range(4))
        return f"{word}@example.com, " if number % 8 == 0 else f"{word} "

    stream = stream_of(answer, lambda _: [piece(number) for number in range(pieces)])
    if answer.framing is PLAIN:
        return [stream[i : i + 5] for i in range(0, len(stream), 5)]
    return [frame.raw for frame in answer.framing.framer(1 << 24).feed(stream)]


def calls_of(answer: Answer, guard: Guard, pieces: int) -> int:
    """Count the calls, of Python and of C, that an answer takes."""
    frames = prose(answer, pieces)
    pipeline = pipeline_of(answer, guard)
    calls = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        for frame in frames:
            pipeline.feed(frame)
        pipeline.finish()
    finally:
        sys.setprofile(None)
    assert pipeline.failure is None
    return calls


@every_dialect
def test_p7_calls_grow_with_the_tokens_and_no_faster(answer: Answer) -> None:
    guard = PII()
    calls_of(answer, guard, 16)  # fills caches

    some, twice, four = (calls_of(answer, guard, pieces) for pieces in (32, 64, 128))

    assert four - twice <= 2.1 * (twice - some)


_SHARED = (type, ModuleType, FunctionType, MethodType)


def reached(root: object) -> dict[int, object]:
    """Return all that an object keeps alive, by identity."""
    seen: dict[int, object] = {}
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen and not isinstance(one, _SHARED):
            seen[id(one)] = one
            waiting += gc.get_referents(one)
    return seen


@every_dialect
def test_p7_what_is_kept_does_not_grow_with_the_stream(answer: Answer) -> None:
    guard = PII()
    sizes: list[int] = []
    for pieces in (1200, 2400):
        frames = prose(answer, pieces // len(answer.voices))
        pipeline = pipeline_of(answer, guard)
        for frame in frames[: len(frames) // 2]:
            pipeline.feed(frame)
        shared = reached(guard)
        own = [one for key, one in reached(pipeline).items() if key not in shared]
        sizes.append(sum(map(sys.getsizeof, own)))

    # A table that is kept full may double once: less than a word for each further piece.
    assert sizes[1] - sizes[0] <= 32 * 1024, sizes
