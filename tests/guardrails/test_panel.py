"""Guards that fail: what raises or speaks nonsense ends the stream, or goes, as its policy says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.guard import WordGuard, WordScanner

from streamward.errors import GuardFailedError
from streamward.guardrails import Action, Finding, Redact, Replace
from streamward.guardrails.panel import Panel

FOUND = Finding(0, 2, "X")


class Scripted:
    """Says at each call what the script says; an exception is raised."""

    def __init__(self, *says: tuple[Any, Any]) -> None:
        self._says = list(says)
        self.decided: Any = 0

    def feed(self, text: str) -> Any:
        del text
        found, self.decided = self._says.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def finish(self) -> Any:
        return self.feed("")


def boom(*_: object) -> Any:
    raise RuntimeError("broken")


@dataclass(frozen=True)
class Own(WordGuard):
    """A guard whose scanner, or action, is given."""

    opens: Callable[[], Any] = WordScanner
    acts: Callable[[str], Any] = field(default=lambda _: Redact())

    def scanner(self) -> Any:
        return self.opens()

    def action(self, entity: str) -> Any:
        return self.acts(entity)


NONSENSE: dict[str, Callable[[], Any]] = {
    "raises": lambda: Scripted((RuntimeError(), 0)),
    "no finding": lambda: Scripted((["x"], 2)),
    "none": lambda: Scripted((None, "much")),
    "no number": lambda: Scripted(([], "2")),
    "more than there is": lambda: Scripted(([], 6)),
    "backwards": lambda: Scripted(([], 2), ([], 1)),
    "too late": lambda: Scripted(([], 2), ([FOUND], 4)),
    "too early": lambda: Scripted(([FOUND], 1)),
    "not all": lambda: Scripted(([], 5), ([], 5), ([], 6)),
    "no scanner": boom,
}


def run(guard: Any) -> tuple[Panel, str]:
    """Return the panel and what becomes of ten letters."""
    panel = Panel([guard])
    text = "abcdefghij"
    scanner = panel.scanner()
    verdicts = [*scanner.feed(text[:5]), *scanner.feed(text[5:]), *scanner.finish()]
    for one in reversed(verdicts):
        text = text[: one.start] + one.replacement + text[one.end :]
    assert scanner.decided == 10
    return panel, text


@pytest.mark.parametrize("opens", NONSENSE.values(), ids=NONSENSE)
def test_a_guard_that_fails_ends_the_stream_or_is_left_out(opens):
    with pytest.raises(GuardFailedError):
        run(Own(opens=opens))
    panel, text = run(Own(opens=opens, on_error="open"))

    assert text == "abcdefghij"
    assert panel.failed == ["words"]


def test_a_guard_that_failed_is_not_asked_again_in_the_stream():
    opened: list[Scripted] = []

    def opens() -> Scripted:
        opened.append(Scripted((RuntimeError(), 0)))
        return opened[-1]

    panel = Panel([Own(opens=opens, on_error="open"), WordGuard()])
    first, second = panel.scanner(), panel.scanner()
    for scanner in (first, second):
        scanner.feed("text ")
        assert scanner.decided == 5
    panel.scanner().feed("text ")

    assert len(opened) == 2
    assert panel.failed == ["words"]


class Odd(Redact):
    def apply(self, text: str, entity: str) -> Any:
        del text, entity
        return 1


class Raising(Redact):
    def apply(self, text: str, entity: str) -> Any:
        return boom(text, entity)


@pytest.mark.parametrize("act", [Odd(), Raising()])
@pytest.mark.parametrize("on_error", ["closed", "open"])
def test_an_action_that_fails_ends_the_stream_whatever_the_policy(act: Action, on_error: Any):
    def opens() -> Scripted:
        return Scripted(([FOUND], 5), ([], 10), ([], 10))

    with pytest.raises(GuardFailedError):
        run(Own(opens=opens, acts=lambda _: act, on_error=on_error))


def test_the_others_go_on():
    panel = Panel([Own(opens=boom, on_error="open"), WordGuard(Replace("***"))])
    scanner = panel.scanner()

    (verdict,) = scanner.feed("S3CRET-1 ")

    assert verdict.replacement == "***"
