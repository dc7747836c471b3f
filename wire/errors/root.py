"""The root of every error, and the caller's misuse."""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ConfigurationError",
    "MissingExtraError",
    "StreamwardError",
]


class StreamwardError(Exception):
    """The root of every error of this package."""

    code: ClassVar[str] = "streamward_error"
    public_message: ClassVar[str] = "The answer could not be completed."


class ConfigurationError(StreamwardError, ValueError):
    """A setting that cannot work; the message says what to write instead."""

    code = "configuration_error"


class MissingExtraError(ConfigurationError, ImportError):
    """An optional library is missing.

    Attributes:
        extra: the extra to install, as in ``pip install 'streamward[extra]'``.
    """

    def __init__(self, extra: str, needed_by: str) -> None:
        super().__init__(
            f"{needed_by} needs the extra {extra!r}: pip install 'streamward[{extra}]'",
        )
        self.extra = extra
