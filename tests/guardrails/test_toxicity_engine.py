"""The engine: batches across threads, a time limit, and models that fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamward.errors import ConfigurationError
from streamward.guardrails.toxicity import Batch
from streamward.guardrails.toxicity import engine as module
from streamward.guardrails.toxicity.engine import Engine


class Model:
    """Scores a text by its length; can be made to wait."""

    def __init__(self) -> None:
        self.labels = ["length"]
        self.go = threading.Event()
        self.go.set()
        self.entered = threading.Event()
        self.seen: list[list[str]] = []

    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        self.entered.set()
        assert self.go.wait(30)
        self.seen.append(list(texts))
        return [[float(len(text))] for text in texts]


class Broken(Model):
    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        raise RuntimeError("no weights")


class Short(Model):
    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        return [[0.0]]


def test_windows_of_many_threads_go_through_together() -> None:
    model = Model()
    engine = Engine(model, Batch(max_batch=8, max_wait=0.0))
    model.go.clear()
    with ThreadPoolExecutor(13) as pool:
        first = pool.submit(engine.scores, ["first"], 30)
        assert model.entered.wait(30)
        rest = [pool.submit(engine.scores, ["x" * n], 30) for n in range(12)]
        while len(engine._queue) < 12:
            time.sleep(0.001)
        model.go.set()

        assert first.result() == [[5.0]]
        assert [one.result() for one in rest] == [[[float(n)]] for n in range(12)]
    assert [len(texts) for texts in model.seen] == [1, 8, 4]
    assert (engine.stats.windows, engine.stats.calls, engine.stats.largest) == (13, 3, 8)


def test_an_idle_engine_waits_for_company() -> None:
    model = Model()
    engine = Engine(model, Batch(max_batch=2, max_wait=30.0))
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(engine.scores, [text], 60) for text in ("a", "bc")]

        assert [one.result() for one in both] == [[[1.0]], [[2.0]]]
    assert engine.stats.calls == 1


def test_many_texts_at_once_keep_their_order() -> None:
    engine = Engine(Model(), Batch(max_batch=3, max_wait=0.0))

    assert engine.scores(["x" * n for n in range(10)], 30) == [[float(n)] for n in range(10)]


def test_whoever_waited_too_long_is_dropped() -> None:
    model = Model()
    engine = Engine(model, Batch(max_wait=0.0))
    model.go.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(engine.scores, ["first"], 30)
        assert model.entered.wait(30)
        with pytest.raises(TimeoutError):
            engine.scores(["late"], 0.01)
        model.go.set()
        assert first.result() == [[5.0]]

    assert engine.scores(["next"], 30) == [[4.0]]
    assert model.seen == [["first"], ["next"]]
    assert engine.stats.dropped == 1


class Ending(Model):
    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        raise SystemExit


@pytest.mark.parametrize("model", [Broken(), Short(), Ending()])
def test_a_model_that_fails_is_told_to_whoever_waits(model: Model) -> None:
    engine = Engine(model, Batch(max_wait=0.0))

    for _ in range(2):  # and it is asked again the next time
        with pytest.raises((RuntimeError, ValueError)):
            engine.scores(["a", "b"], 30)


def test_a_worker_that_died_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it has the time limit; whoever comes later does not notice."""
    engine = Engine(Model(), Batch(max_wait=0.0))
    with monkeypatch.context() as patched:
        patched.setattr(threading, "excepthook", lambda _: None)
        patched.setattr(engine, "_gather", lambda: 1 / 0)
        with pytest.raises(TimeoutError):
            engine.scores(["lost"], 0.05)

    assert engine.scores(["later"], 30) == [[5.0]]
    assert engine.stats.dropped == 1


def test_a_worker_that_cannot_start_is_told_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = Model()
    engine = Engine(model, Batch(max_wait=0.0))

    def full(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", full)
        with pytest.raises(RuntimeError, match="new thread"):
            engine.scores(["early"], 30)

    assert engine.scores(["later"], 30) == [[5.0]]
    assert model.seen == [["later"]]


def test_two_hundred_streams_at_once() -> None:
    """Each gets its own answers, in batches within the limit; who gives up is not asked about."""
    model = Model()
    engine = Engine(model, Batch(max_batch=32, max_wait=0.0))
    model.go.clear()

    def stream(number: int) -> list[list[float]] | None:
        texts = ["x" * number, "x" * (number + 1)]
        try:
            return engine.scores(texts, 0.01 if number % 4 == 3 else 60)
        except TimeoutError:
            return None

    with ThreadPoolExecutor(201) as pool:
        first = pool.submit(engine.scores, ["first"], 60)
        assert model.entered.wait(30)
        answers = [pool.submit(stream, number) for number in range(200)]
        while len(engine._queue) < 400 or sum(one.done() for one in answers) < 50:
            time.sleep(0.001)
        model.go.set()

        for number, answer in enumerate(answers):
            expected = None if number % 4 == 3 else [[float(number)], [float(number + 1)]]
            assert answer.result() == expected
        assert first.result() == [[5.0]]
    assert engine.stats.largest == 32
    assert (engine.stats.windows, engine.stats.dropped) == (301, 100)
    assert not engine._queue


def test_the_worker_ends_in_silence_and_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IDLE_SECONDS", 0.01)
    engine = Engine(Model(), Batch(max_wait=0.0))
    for _ in range(2):
        assert engine.scores(["abc"], 30) == [[3.0]]
        deadline = time.monotonic() + 30
        while engine._worker is not None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert engine._worker is None


@pytest.mark.parametrize("settings", [{"max_batch": 0}, {"max_batch": 1.5}, {"max_wait": -1.0}])
def test_wrong_batches(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        Batch(**settings)
