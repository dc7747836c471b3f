"""What the guards of one's own have in common: settings, checked once, and their description."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..wire.errors import ConfigurationError
from .action import Action, ActionLike, action_of
from .blocking import BlockingLike
from .guard import Finding, OnError, Scanner
from .hold import Hold, HoldLike, hold_of

__all__ = ["OwnGuard", "described", "whole_number"]


@dataclass(frozen=True, slots=True)
class Common:
    """The settings that every guard has."""

    name: str
    entity: str
    action: Action
    hold: Hold
    on_error: OnError


class OwnGuard(ABC):
    """The members that are the same for every guard that finds one kind of thing.

    Args:
        name: a short name for the report.
        entity: what a finding is called, in upper case; ``""``: the name.
        action: what happens to it.
        hold: how much more must arrive before a piece leaves, at least.
        on_error: ``"closed"`` ends the stream when the guard fails; ``"open"`` goes on.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """

    def __init__(
        self, name: str, *, entity: str, action: ActionLike, hold: HoldLike, on_error: OnError
    ) -> None:
        kind = type(self).__name__
        entity = entity or str(name).upper()
        for setting, value in (("name", name), ("entity", entity)):
            if not isinstance(value, str) or not value:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ConfigurationError(
                    f"{kind}({setting}={value!r}) cannot work: write a word, such as 'ticket'"
                )
        if on_error not in ("closed", "open"):
            raise ConfigurationError(f"unknown on_error {on_error!r}: write 'closed' or 'open'")
        self._common = Common(name, entity, action_of(action), hold_of(hold), on_error)

    @property
    def name(self) -> str:
        """The name in reports."""
        return self._common.name

    @property
    def entity(self) -> str:
        """What a finding is called."""
        return self._common.entity

    @property
    def hold(self) -> Hold:
        """How much more must arrive before a piece leaves, at least."""
        return self._common.hold

    @property
    def blocking(self) -> BlockingLike:
        """False: every call is quick."""
        return False

    @property
    def on_error(self) -> OnError:
        """What happens when the guard itself fails."""
        return self._common.on_error

    @abstractmethod
    def scanner(self) -> Scanner:
        """Open a scanner for one run of text."""

    def find(self, text: str) -> list[Finding]:
        """Return the findings in a whole text: what a scanner returns for it in any pieces."""
        scanner = self.scanner()
        return [*scanner.feed(text), *scanner.finish()]

    def action(self, entity: str) -> Action:
        """Return what happens to a finding."""
        del entity
        return self._common.action

    def _describe(self, **settings: object) -> str:
        common = self._common
        parts = {"entity": common.entity, "action": common.action.fingerprint(), **settings}
        return f"{type(self).__name__.lower()}:{common.name}:{parts!r}"


def whole_number(setting: str, value: object, *, at_least: int) -> int:
    """Return a setting that counts something.

    Raises:
        ConfigurationError: it is no whole number, or too small.
    """
    if type(value) is not int or value < at_least:
        raise ConfigurationError(
            f"{setting} cannot be {value!r}: write a whole number, {at_least} or more"
        )
    return value


def described(function: Callable[..., Any] | None, version: str) -> str | None:
    """Return where a function comes from, for the fingerprint: its code cannot be told."""
    if function is None:
        return None
    module = getattr(function, "__module__", type(function).__module__)
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{module}.{name}:{version}"
