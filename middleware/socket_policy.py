"""What a route wants of its WebSockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..wire.errors import ConfigurationError
from .checks import positive_or_none

__all__ = ["Sockets"]

_CHOICES = {
    "guard": ("server", "client", "both"),
    "binary": ("drop", "pass"),
    "messages": ("joined", "whole"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """The rules of the WebSockets of a route. Without guards every message passes as it is.

    Text is joined over messages, as models speak it, so that a secret cut in two is seen. What is
    held leaves when its dialect says that the text has ended, when the application closes, and when
    it waits for the client after it has spoken. An application that waits for the client all the
    time, in a task of its own, and whose dialect nobody knows, should say more: ``messages`` or
    ``turn``.

    Attributes:
        guard: whose messages the guards look at: ``"server"``, ``"client"`` or ``"both"``.
        binary: what becomes of messages of bytes, in which no guard can read, on a side that
            guards look at: ``"drop"`` (the report counts ``channels.BINARY.edit``) or ``"pass"``.
        messages: ``"joined"``: text goes on in the next message; ``"whole"``: each message of the
            server's is decided by itself.
        turn: seconds of the server's silence after which what it has said counts as whole, even
            if that cuts a secret in two; None: silence ends nothing.

    Raises:
        ConfigurationError: a value that is none of these.
    """

    guard: Literal["server", "client", "both"] = "server"
    binary: Literal["drop", "pass"] = "drop"
    messages: Literal["joined", "whole"] = "joined"
    turn: float | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                said = " or ".join(map(repr, choices))
                raise ConfigurationError(f"Sockets({name}=...) is {said}")
        positive_or_none("Sockets", "turn", self.turn)
