"""One engine per checkpoint and process: it batches the windows of all streams.

Strategy. Scanners run in threads; each puts its windows into one queue and waits for the answer. A
worker takes what has gathered, up to the batch limit, and asks the model once. While the model is
busy the next batch gathers by itself; only an idle engine waits a moment for company. The worker
starts with the first window, also in a process forked after that, and ends when all is quiet.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol
from weakref import WeakValueDictionary

from .checkpoint import Checkpoint, library
from .settings import Batch, Precision

__all__ = ["Engine", "Model", "Stats", "shared_engine"]

_IDLE_SECONDS = 5.0  # then the worker ends; starting one costs some 50 µs


class Model(Protocol):
    """What an engine asks."""

    @property
    def labels(self) -> list[str]:
        """What it tells apart."""
        ...

    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        """Return for each text the scores of all labels."""
        ...


@dataclass(frozen=True, slots=True)
class Stats:
    """What an engine has done so far.

    Attributes:
        windows: how many windows the model has seen.
        calls: how often it was asked.
        largest: the most windows in one call.
        dropped: windows that nobody waited for any more when their turn came.
        seconds: for how long the model was at work.
    """

    windows: int = 0
    calls: int = 0
    largest: int = 0
    dropped: int = 0
    seconds: float = 0.0


class _Job(NamedTuple):
    text: str
    answer: Future[list[float]]
    arrived: float


class Engine:
    """Batches windows for a model.

    Args:
        model: who gives the scores; only ever called by one thread at a time.
        batch: how many windows, and how long to wait for them.
    """

    def __init__(self, model: Model, batch: Batch) -> None:
        self.labels = tuple(model.labels)
        self._model = model
        self._batch = batch
        self._changed = threading.Condition()
        self._queue: deque[_Job] = deque()
        self._worker: tuple[int, threading.Thread] | None = None
        self._stats = Stats()

    @property
    def stats(self) -> Stats:
        """What the engine has done so far."""
        return self._stats

    def scores(self, texts: Sequence[str], time_limit: float) -> list[list[float]]:
        """Return for each text the scores of all labels; wait for them.

        Raises:
            TimeoutError: they did not come within ``time_limit`` seconds.
        """
        deadline = time.monotonic() + time_limit
        jobs = [_Job(text, Future[list[float]](), time.monotonic()) for text in texts]
        try:
            with self._changed:
                self._queue += jobs
                self._start()
                self._changed.notify_all()
            return [job.answer.result(max(0.0, deadline - time.monotonic())) for job in jobs]
        finally:
            for job in jobs:
                job.answer.cancel()

    def _start(self) -> None:
        if self._worker is not None:
            process, thread = self._worker
            if process == os.getpid() and thread.is_alive():
                return
        thread = threading.Thread(target=self._work, name="streamward-toxicity", daemon=True)
        self._worker = os.getpid(), thread
        thread.start()

    def _work(self) -> None:
        while jobs := self._gather():
            started = time.perf_counter()
            try:
                rows = self._model.scores([job.text for job in jobs])
                for job, row in zip(jobs, rows, strict=True):
                    job.answer.set_result(row)
            except BaseException as error:  # noqa: BLE001  # whoever waits must be told
                # One that ends a thread must not end those of the streams.
                told = error if isinstance(error, Exception) else RuntimeError(repr(error))
                for job in jobs:
                    if not job.answer.done():
                        job.answer.set_exception(told)
            self._count(len(jobs), time.perf_counter() - started)

    def _count(self, windows: int, seconds: float) -> None:
        stats = self._stats
        self._stats = replace(
            stats,
            windows=stats.windows + windows,
            calls=stats.calls + 1,
            largest=max(stats.largest, windows),
            seconds=stats.seconds + seconds,
        )

    def _gather(self) -> list[_Job]:
        """Return the next batch; none: nobody has asked for a while, and the worker is done."""
        jobs: list[_Job] = []
        with self._changed:
            while not jobs:
                while not self._queue:
                    if not self._changed.wait(_IDLE_SECONDS) and not self._queue:
                        self._worker = None
                        return []
                until = self._queue[0].arrived + self._batch.max_wait
                while len(self._queue) < self._batch.max_batch:
                    left = until - time.monotonic()
                    if left <= 0 or not self._changed.wait(left):
                        break
                while self._queue and len(jobs) < self._batch.max_batch:
                    job = self._queue.popleft()
                    if job.answer.set_running_or_notify_cancel():
                        jobs.append(job)
                    else:
                        self._stats = replace(self._stats, dropped=self._stats.dropped + 1)
        return jobs


class _OneAtATime:
    """A model that several engines share."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.labels = checkpoint.labels
        self._checkpoint = checkpoint
        self._lock = threading.Lock()

    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        with self._lock:
            return self._checkpoint.scores(texts)


_File = tuple[str, int, int]
_Key = tuple[_File, str, Precision]

# Kept only as long as a guard holds them.
_models: WeakValueDictionary[_Key, _OneAtATime] = WeakValueDictionary()
_engines: WeakValueDictionary[tuple[_Key, Batch], Engine] = WeakValueDictionary()
_loading = threading.Lock()


def shared_engine(path: Path, batch: Batch, precision: Precision = "float32") -> Engine:
    """Return the engine of this process for a checkpoint, on a GPU where there is one.

    Raises:
        ConfigurationError: the file is not a Detoxify checkpoint.
        MissingExtraError: torch or detoxify is not installed.
    """
    device = "cuda" if library("torch").cuda.is_available() else "cpu"
    state = path.stat()
    file = (str(path.resolve()), state.st_mtime_ns, state.st_size)
    with _loading:
        key: _Key = (file, device, precision)
        engine = _engines.get((key, batch))
        if engine is None:
            model = _models.get(key)
            if model is None:
                model = _models[key] = _OneAtATime(Checkpoint(path, device, precision))
            engine = _engines[key, batch] = Engine(model, batch)
    return engine
