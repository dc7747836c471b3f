"""Several guards as one: who is asked, whose word counts, what the text becomes.

The rule for overlaps, over all guards: findings that overlap are one finding, over all they cover.
Its action is the strictest (block before edit); among equals the highest score wins, then the
longest, then the earliest, then the guard that was named first. A flagged finding is reported but
never takes part in an overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..wire.errors import GuardFailedError
from .action import Action, Kind
from .guard import Finding, Guard
from .hold import Waits, hold_of
from .lookalikes import LookAlikes
from .member import Member
from .stream_actions import StreamActions, applied

__all__ = ["Panel", "PanelScanner", "Verdict"]

_RANK: dict[Kind, int] = {"block": 2, "edit": 1, "flag": 0}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finding with its consequence.

    Attributes:
        start: offset of the first character of the run that is replaced.
        end: offset behind the last one.
        entity: what was found.
        guard: who found it.
        kind: what happens: ``"edit"``, ``"block"`` or ``"flag"``.
        replacement: the text that takes its place.
    """

    start: int
    end: int
    entity: str
    guard: str
    kind: Kind
    replacement: str

    def unedited(self) -> Verdict:
        """Return the same where nothing may be edited: an edit is only reported."""
        return replace(self, kind="flag") if self.kind == "edit" else self


class _Claim(NamedTuple):
    finding: Finding
    guard: Guard
    action: Action
    rank: tuple[int, float, int, int, int]


class Panel:
    """The guards of a stream.

    Args:
        guards: in the order in which they win ties.
        actions: of the stream; default: this panel's own.

    Attributes:
        failed: the names of the guards that failed, and that the stream goes on without.
    """

    def __init__(self, guards: Sequence[Guard], actions: StreamActions | None = None) -> None:
        self.guards = tuple(guards)
        self.actions = actions or StreamActions()
        self.waits = Waits(*(hold_of(guard.hold) for guard in self.guards))
        self.failed: list[str] = []

    def scanner(self) -> PanelScanner:
        """Open a scanner for one run of text."""
        return PanelScanner(self)

    def fail(self, guard: Guard, error: Exception) -> None:
        """Go on without a guard, if that is its policy.

        Raises:
            GuardFailedError: it is not.
        """
        if guard.on_error == "closed":
            raise GuardFailedError(guard.name) from error
        self.failed.append(guard.name)
        self.guards = tuple(one for one in self.guards if one is not guard)


class PanelScanner:
    """Runs every guard's scanner over one run and settles what they say."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._active: list[Member] = []
        for order, guard in enumerate(panel.guards):
            try:
                self._active.append(Member(guard, order))
            except Exception as error:  # noqa: BLE001  # the policy says
                panel.fail(guard, error)
        self._claims: list[_Claim] = []
        self._looks = LookAlikes()
        self._tail = ""  # the text from `decided` on
        self._decided = 0

    @property
    def decided(self) -> int:
        """How many characters are final for all guards."""
        return self._decided

    def feed(self, text: str) -> list[Verdict]:
        """Take the next piece; return the verdicts that became final, in order."""
        self._tail += text
        return self._ask(text)

    def finish(self) -> list[Verdict]:
        """Say that the run is over; return the rest."""
        return self._ask(None)

    def _ask(self, text: str | None) -> list[Verdict]:
        plain = self._looks.finish() if text is None else self._looks.plain(text)
        if self._panel.failed:
            self._leave_out()
        for member in self._active:
            try:
                found = member.feed(plain) if plain else ()
                if text is None:
                    found = (*found, *member.finish())
                if found:
                    self._claims += [self._claim(member, self._located(each)) for each in found]
            except GuardFailedError:  # by an action: what was found does not leave
                raise
            except Exception as error:  # noqa: BLE001  # the policy says
                self._panel.fail(member.guard, error)
                self._leave_out()
        return self._settle(self._frontier(final=text is None))

    def _leave_out(self) -> None:
        """Go on without the guards that failed, here or in another run of the stream."""
        guards = self._panel.guards
        self._active = [member for member in self._active if member.guard in guards]

    def _claim(self, member: Member, finding: Finding) -> _Claim:
        action = self._action(member.guard, finding.entity)
        length = finding.end - finding.start
        rank = (_RANK[action.kind], finding.score, length, -finding.start, -member.order)
        return _Claim(finding, member.guard, action, rank)

    def _action(self, guard: Guard, entity: str) -> Action:
        try:
            return self._panel.actions.of(guard, entity)
        except Exception as error:
            raise GuardFailedError(guard.name) from error

    def _located(self, finding: Finding) -> Finding:
        """Return a finding of the plain copy as one of the text."""
        start, end = self._looks.first(finding.start), self._looks.last(finding.end - 1)
        if (start, end) == (finding.start, finding.end):
            return finding
        return Finding(start, end, finding.entity, finding.score)

    def _frontier(self, *, final: bool) -> int:
        """Return up to where all guards are sure and no finding is cut in two."""
        frontier = self._decided + len(self._tail)
        if self._active:
            sure = self._active[0].decided
            for member in self._active:
                sure = min(sure, member.decided)
            if not final:
                frontier = min(frontier, self._looks.first(sure))
            self._looks.forget(sure)
        for claim in sorted(self._claims, key=lambda claim: -claim.finding.start):
            if claim.finding.start < frontier < claim.finding.end:
                frontier = claim.finding.start
        return frontier

    def _settle(self, frontier: int) -> list[Verdict]:
        verdicts: list[Verdict] = []
        if self._claims:
            ready = [claim for claim in self._claims if claim.finding.end <= frontier]
            self._claims = [claim for claim in self._claims if claim.finding.end > frontier]
            verdicts = [self._verdict(group) for group in _groups(ready)]
        if frontier > self._decided:
            self._tail = self._tail[frontier - self._decided :]
            self._decided = frontier
        return verdicts

    def _verdict(self, group: list[_Claim]) -> Verdict:
        best = max(group, key=lambda claim: claim.rank)
        start = min(claim.finding.start for claim in group)
        end = max(claim.finding.end for claim in group)
        text = self._tail[start - self._decided : end - self._decided]
        entity = best.finding.entity
        replacement = applied(best.action, text, entity, best.guard)
        return Verdict(start, end, entity, best.guard.name, best.action.kind, replacement)


def _groups(claims: list[_Claim]) -> list[list[_Claim]]:
    """Group claims that overlap, transitively; each flagged one stays alone."""
    groups: list[list[_Claim]] = []
    last: list[_Claim] | None = None
    reach = -1
    for claim in sorted(claims, key=lambda claim: claim.finding.start):
        if claim.action.kind == "flag":
            groups.append([claim])
        elif last is not None and claim.finding.start < reach:
            last.append(claim)
            reach = max(reach, claim.finding.end)
        else:
            last = [claim]
            groups.append(last)
            reach = claim.finding.end
    return groups
