"""How far recognisers look of which nothing is known, as the user says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from ...wire.errors import ConfigurationError

__all__ = ["Far", "Reach", "ReachLike"]

Far = int | Literal["sentence"]
"""A number of characters around the place where a match begins; or no further than its sentence."""

ReachLike = Far | Mapping[str, Far]
"""For all recognisers, or for each by its name."""


_SENTENCE: Literal["sentence"] = "sentence"


class Reach:
    """A declaration, checked.

    Args:
        declared: how far recognisers look; None: nobody knows.
        max_hold: for how many characters text waits at most.

    Raises:
        ConfigurationError: it cannot work.
    """

    def __init__(self, declared: ReachLike | None, max_hold: int) -> None:
        self._by_name: dict[str, Far] = {}
        self._all: Far | None = None
        if isinstance(declared, Mapping):
            self._by_name = {name: _far(one, max_hold) for name, one in declared.items()}
        elif declared is not None:
            self._all = _far(declared, max_hold)

    def of(self, name: str) -> Far | None:
        """Return how far the recogniser of this name looks; None: nobody knows."""
        return self._by_name.get(name) or self._all

    def check(self, names: Iterable[str]) -> None:
        """Compare the names with those for which a reach counts.

        Raises:
            ConfigurationError: one is not among them.
        """
        known = sorted(set(names))
        for name in sorted(self._by_name.keys() - set(known)):
            instead = f"write one of {known}" if known else "leave it out: there is none"
            raise ConfigurationError(
                f"PII(reach={{{name!r}: ...}}) names no recogniser that needs a reach: {instead}"
            )

    def describe(self) -> str:
        """Say it in one line; part of the fingerprint."""
        return repr(sorted(self._by_name.items()) or self._all)


def _far(value: object, max_hold: int) -> Far:
    if value == _SENTENCE:
        return _SENTENCE
    if type(value) is not int or value < 1:
        raise ConfigurationError(
            f"PII(reach={value!r}) cannot work: write a whole number of characters, 1 or more, or "
            "'sentence'",
        )
    if value > max_hold:
        raise ConfigurationError(
            f"PII(reach={value}) cannot work: text waits for max_hold={max_hold} characters at the "
            "most; raise max_hold, too",
        )
    return value
