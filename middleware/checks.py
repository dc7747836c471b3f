"""What the settings of a route must be."""

from __future__ import annotations

import math

from ..wire.errors import ConfigurationError

__all__ = ["positive", "positive_or_none"]


def positive(owner: str, name: str, value: object) -> None:
    """Check that a setting is a finite number above 0."""
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ConfigurationError(f"{owner}({name}=...) must be a finite number above 0")


def positive_or_none(owner: str, name: str, value: object) -> None:
    """Check that a setting is a finite number above 0, or None."""
    if value is not None:
        positive(owner, name, value)
