"""What a probe wishes of the echo: how it shall stream, written as a query string."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from ..errors import ConfigurationError

__all__ = ["MAX_FRAMES", "MAX_PACE", "MAX_SILENCE", "MAX_SIZE", "Wish"]

# The echo may stand where strangers can ask it: one request costs it at most some megabytes sent,
# and one sleeping task for a quarter of an hour.
MAX_FRAMES: Final = 200
MAX_PACE: Final = 5.0
MAX_SIZE: Final = 64 * 1024
MAX_SILENCE: Final = 900.0
_MAX_ID: Final = 64
_MAX_QUERY_FIELDS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How the echo shall answer.

    Attributes:
        probe: the name under which requests are counted; empty: they are not.
        frames: how many numbered frames, 1 to 200.
        pace: seconds between two of them, 0 to 5.
        size: bytes of padding in each, 0 to 65536.
        guarded: whether the answer has the headers that streamward gives to streams; without them
            it looks as an ordinary application's.
        silence: seconds of silence behind the first frame, 0 to 900.
        dies_at: the number of the frame before which the application breaks; negative: it lives.
        dies_until: the echo's own clock, in seconds since 1970: a request that comes earlier waits
            until then (at most 5 s), and its connection is broken without an answer. 0: none is.
    """

    probe: str = ""
    frames: int = 3
    pace: float = 0.05
    size: int = 32
    guarded: bool = False
    silence: float = 0.0
    dies_at: int = -1
    dies_until: float = 0.0

    def __post_init__(self) -> None:
        """Check the limits.

        Raises:
            ConfigurationError: a value is outside of them.
        """
        _within("frames", self.frames, 1, MAX_FRAMES)
        _within("pace", self.pace, 0, MAX_PACE)
        _within("size", self.size, 0, MAX_SIZE)
        _within("silence", self.silence, 0, MAX_SILENCE)
        if len(self.probe) > _MAX_ID:
            raise ConfigurationError(f"probe is longer than {_MAX_ID} characters")

    def query(self) -> str:
        """Return the query string; what has its default is left out."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return urlencode(
            {
                name: int(value) if isinstance(value, bool) else value
                for name, value in given.items()
                if value != _DEFAULTS[name]
            }
        )

    @classmethod
    def read(cls, query: str) -> Wish:
        """Read a query string; fields of other people are ignored.

        Raises:
            ConfigurationError: a value is not what it must be.
        """
        given: dict[str, Any] = {}
        try:
            for name, text in parse_qsl(query, max_num_fields=_MAX_QUERY_FIELDS):
                if name in _READ:
                    given[name] = _READ[name](text)
        except ValueError as error:
            raise ConfigurationError("a field of the query is not what it must be") from error
        return cls(**given)


def _flag(text: str) -> bool:
    return bool(int(text))


_DEFAULTS: Final = {f.name: f.default for f in fields(Wish)}
_READ: Final[dict[str, Callable[[str], Any]]] = {
    "probe": str,
    "frames": int,
    "pace": float,
    "size": int,
    "guarded": _flag,
    "silence": float,
    "dies_at": int,
    "dies_until": float,
}


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # NaN is not, either
        raise ConfigurationError(f"{name} must be from {low} to {high:g}")
