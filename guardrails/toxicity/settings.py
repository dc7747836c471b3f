"""Settings that are checked when a guard is made, and what a wrong one is told."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from ...wire.errors import ConfigurationError
from ..action import Action, ActionLike, action_of
from ..guard import OnError

__all__ = [
    "Batch",
    "Precision",
    "actions_of",
    "checked_on_error",
    "checked_precision",
    "labels_of",
    "limits_of",
    "score_of",
    "thresholds_of",
]

SHORTEST_HOLD = 64

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Batch:
    """How the windows of all streams are put together for the model.

    Args:
        max_batch: the most windows that go through the model at once.
        max_wait: for how many seconds a window waits for others when the model is idle. While it
            is busy, what arrives gathers anyway.

    Raises:
        ConfigurationError: ``max_batch`` is below 1 or ``max_wait`` is negative.
    """

    max_batch: int = 32
    max_wait: float = 0.005

    def __post_init__(self) -> None:
        if type(self.max_batch) is not int or self.max_batch < 1:
            raise ConfigurationError("Batch(max_batch=...) counts windows: 1 or more")
        if not (math.isfinite(self.max_wait) and self.max_wait >= 0):
            raise ConfigurationError("Batch(max_wait=...) takes seconds: 0 or more")


def labels_of(labels: Collection[str] | None, known: Collection[str], guard: str) -> list[str]:
    """Return the labels to look at, in the order of the model."""
    if isinstance(labels, str):
        raise ConfigurationError(f"{guard}(labels=...) takes a list: write [{labels!r}]")
    if labels is None:
        return list(known)
    for label in labels:
        _known(label, known, f"{guard}(labels=...)")
    if not labels:
        raise ConfigurationError(f"{guard}(labels=[]) finds nothing: name one, or leave it out")
    return [label for label in known if label in labels]


def thresholds_of(
    threshold: float | Mapping[str, float],
    labels: Collection[str],
    guard: str,
    default: float,
) -> dict[str, float]:
    """Return the lowest score that counts, for each label."""
    if not isinstance(threshold, Mapping):
        return dict.fromkeys(labels, score_of("threshold", threshold))
    for label in threshold:
        _known(label, labels, f"{guard}(threshold=...)")
    return {label: score_of("threshold", threshold.get(label, default)) for label in labels}


def actions_of(
    actions: Mapping[str, ActionLike] | None,
    labels: Collection[str],
    guard: str,
) -> dict[str, Action]:
    """Return the actions for labels that the default does not fit, by entity."""
    named = actions or {}
    for label in named:
        _known(label, labels, f"{guard}(actions=...)")
    return {label.upper(): action_of(action) for label, action in named.items()}


def limits_of(max_hold: int, overlap: int, guard: str) -> tuple[int, int]:
    """Return the longest window and what two of them share, both in characters."""
    if type(max_hold) is not int or max_hold < SHORTEST_HOLD:
        raise ConfigurationError(
            f"{guard}(max_hold={max_hold!r}) cannot work: write {SHORTEST_HOLD} or more characters",
        )
    if type(overlap) is not int or not 0 <= overlap <= max_hold // 2:
        raise ConfigurationError(
            f"{guard}(overlap={overlap!r}) cannot work: write 0 to {max_hold // 2} characters",
        )
    return max_hold, overlap


def score_of(setting: str, value: object) -> float:
    """Return a score from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigurationError(f"a {setting} of {value!r} cannot work: write one from 0 to 1")
    return float(value)


def checked_on_error(value: OnError) -> OnError:
    """Return the policy for a guard that fails."""
    if value not in ("closed", "open"):
        raise ConfigurationError(f"unknown on_error {value!r}: write 'closed' or 'open'")
    return value


def checked_precision(value: Precision) -> Precision:
    """Return what the model computes in."""
    if value not in ("float32", "bfloat16"):
        raise ConfigurationError(f"unknown precision {value!r}: write 'float32' or 'bfloat16'")
    return value


def _known(label: str, known: Collection[str], setting: str) -> None:
    if label not in known:
        raise ConfigurationError(
            f"unknown label {label!r} in {setting}: write one of {', '.join(known)}",
        )
