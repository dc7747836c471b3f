"""The guard against toxic language, decided by a Detoxify model."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from ...wire.errors import ConfigurationError
from ..action import Action, ActionLike, action_of
from ..blocking import Blocking
from ..guard import Finding, OnError, Scanner
from ..hold import HoldLike, hold_of
from . import wording
from .checkpoint import ModelName, library, located
from .engine import Stats, shared_engine
from .scanner import WindowScanner
from .settings import (
    Batch,
    Precision,
    actions_of,
    checked_on_error,
    checked_precision,
    labels_of,
    limits_of,
    score_of,
    thresholds_of,
)
from .windows import Windows

__all__ = ["Toxicity"]

THRESHOLD = 0.5
"""Detoxify was trained with the answers 0 and 1, and evaluated at this."""

MAX_HOLD = 400
"""Characters of the longest window; about a hundred tokens, twice a usual sentence.

The cost of a window grows with its length, and the model takes 512 tokens at most.
"""

_SCANNER_VERSION = "1"  # raise it when the same text would be decided differently


class Toxicity:
    """Finds toxic sentences with a Detoxify model, read from local files.

    A sentence waits until it is complete and the model has answered. Windows of all streams of the
    process go through one model in batches, in a thread; on a GPU where torch sees one.

    Args:
        model: ``"original"`` (default), ``"unbiased"`` or ``"multilingual"``: Detoxify's own, which
            have to lie where Detoxify itself downloads them to.
        checkpoint: the path of a checkpoint in Detoxify's format, instead of ``model``, with
            ``config.json`` and the tokenizer's files in the same folder.
        labels: what to look for (``"toxicity"``, ``"threat"``, …). Default: all that the model has.
        threshold: the lowest score that counts, from 0 to 1; or a mapping from labels to it, in
            which the others have 0.5.
        actions: what happens to sentences with a label, for labels that the default does not fit.
        action: what happens to the others; default ``"redact"``, which writes ``<TOXICITY>``.
        max_hold: the longest sentence looked at as one, in characters; default 400. A longer one
            is looked at in parts.
        overlap: how many characters such parts share; default 80.
        screen: pass only sentences on to the model whose wording has at least this score, from 0
            to 1. Several times cheaper, and what the screen misses is delivered; default: off.
        precision: ``"float32"`` (default), or ``"bfloat16"``: about twice as fast on a processor
            or card that computes in it, slower on one that does not, and scores move a little.
        time_limit: for how many seconds a stream waits for the model; default 10. Afterwards the
            guard has failed.
        batch: how windows are put together.
        hold: how much more must arrive before a piece leaves, at least: a number of tokens, or a
            :class:`Hold`; default 0.
        on_error: ``"closed"`` (default) ends the stream when the guard fails; ``"open"`` goes on.

    Raises:
        ConfigurationError: a setting cannot work, or the weights are missing; the message says what
            to write instead, or what to download.
        MissingExtraError: torch or detoxify is not installed.
    """

    name = "toxicity"
    blocking = Blocking(time_limit=None)  # the engine keeps to `time_limit`

    def __init__(  # noqa: PLR0913  # one knob each; all but two are rarely touched
        self,
        *,
        model: ModelName | None = None,
        checkpoint: str | Path | None = None,
        labels: Collection[str] | None = None,
        threshold: float | Mapping[str, float] = THRESHOLD,
        actions: Mapping[str, ActionLike] | None = None,
        action: ActionLike = "redact",
        max_hold: int = MAX_HOLD,
        overlap: int = 80,
        screen: float | None = None,
        precision: Precision = "float32",
        time_limit: float = 10.0,
        batch: Batch | None = None,
        hold: HoldLike = 0,
        on_error: OnError = "closed",
    ) -> None:
        self.hold = hold_of(hold)
        self.on_error: OnError = checked_on_error(on_error)
        self._limits = limits_of(max_hold, overlap, "Toxicity")
        self._time_limit = _seconds(time_limit)
        self._screen = None if screen is None else score_of("screen", screen)
        self._precision = checked_precision(precision)
        self._default = action_of(action)
        for name in ("torch", "detoxify"):
            library(name)
        path = located(model, checkpoint)
        self._engine = shared_engine(path, batch or Batch(), self._precision)
        self._digest = _digest(path)
        self._labels = labels_of(labels, self._engine.labels, "Toxicity")
        self._threshold = thresholds_of(threshold, self._labels, "Toxicity", THRESHOLD)
        self._actions = actions_of(actions, self._labels, "Toxicity")
        self._columns = [self._engine.labels.index(label) for label in self._labels]

    @property
    def labels(self) -> tuple[str, ...]:
        """What is looked for; a finding's entity is the label in upper case."""
        return tuple(self._labels)

    @property
    def stats(self) -> Stats:
        """What the engine, which guards of the same checkpoint share, has done so far."""
        return self._engine.stats

    def scanner(self) -> Scanner:
        """Open a scanner for one run of text."""
        return WindowScanner(self._judge, self._edits, Windows(*self._limits))

    def find(self, text: str) -> list[Finding]:
        """Return the findings in a whole text: what a scanner returns for it in any pieces."""
        scanner = self.scanner()
        return [*scanner.feed(text), *scanner.finish()]

    def action(self, entity: str) -> Action:
        """Return what happens to a finding of this kind."""
        return self._actions.get(entity, self._default)

    def fingerprint(self) -> str:
        """Describe everything that changes a verdict; part of the cache key."""
        parts = {
            "weights": self._digest,
            "threshold": sorted(self._threshold.items()),
            "actions": [(one, self.action(one.upper()).fingerprint()) for one in self._labels],
            "limits": self._limits,
            "screen": self._screen and (wording.VERSION, self._screen),
            "precision": self._precision,
            "detoxify": version("detoxify"),
            "transformers": version("transformers"),
            "scanner": _SCANNER_VERSION,
        }
        return f"toxicity:{parts!r}"

    def _judge(self, texts: Sequence[str]) -> list[list[tuple[str, float]]]:
        """Return what is found in each text; wait for the model, if it is asked."""
        verdicts: list[list[tuple[str, float]]] = [[] for _ in texts]
        asked = [at for at, text in enumerate(texts) if self._suspicious(text)]
        if asked:
            rows = self._engine.scores([texts[at] for at in asked], self._time_limit)
            for at, row in zip(asked, rows, strict=True):
                verdicts[at] = self._above(row)
        return verdicts

    def _suspicious(self, text: str) -> bool:
        return self._screen is None or wording.suspicion(text) >= self._screen

    def _above(self, row: Sequence[float]) -> list[tuple[str, float]]:
        scored = zip(self._labels, (row[column] for column in self._columns), strict=True)
        return [
            (label.upper(), score) for label, score in scored if score >= self._threshold[label]
        ]

    def _edits(self, entity: str) -> bool:
        return self.action(entity).kind != "flag"


def _seconds(value: float) -> float:
    if isinstance(value, bool) or not (math.isfinite(value) and value > 0):
        raise ConfigurationError(f"Toxicity(time_limit={value!r}) takes seconds, more than 0")
    return float(value)


def _digest(path: Path) -> str:
    """Return what tells this checkpoint from others: its content, that of its folder's JSON too."""
    digest = sha256()
    for file in (path, *sorted(path.parent.glob("*.json"))):
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]
