"""One channel of one stream: its text as it arrives, and what becomes of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..wire import (
    Edit,
    Form,
    JsonProjection,
    NumberProjection,
    Projection,
    Run,
    TextProjection,
)
from .channels import Treatment
from .hold import WordCount
from .panel import Panel, PanelScanner, Verdict

__all__ = ["ChannelText", "Part"]

_FOREVER = 1 << 62
# Longer pieces are looked at bit by bit, so that what is remembered of each bit goes with it.
_BIT = 64 * 1024
_PROJECTIONS: dict[Form, Callable[[], Projection]] = {
    "text": TextProjection,
    "json": JsonProjection,
    "number": NumberProjection,
}


class Part(NamedTuple):
    """The piece of a channel that one frame carries.

    Attributes:
        start: its first position in the channel.
        end: the position behind it.
        text: the characters, as the frame carries them.
        number: how many parts of the channel came before.
        words: how many words have begun before its end; 0 where nobody counts them.
    """

    start: int
    end: int
    text: str
    number: int
    words: int = 0


class ChannelText:
    """Follows one channel from its first piece to its close.

    Args:
        form: how the channel writes its text.
        panel: the guards that decide it.
        treatment: what an edit becomes.
    """

    def __init__(self, form: Form, panel: Panel, treatment: Treatment = "edit") -> None:
        self._panel = panel
        self._waits = panel.waits
        self._words = WordCount()
        self._treatment: Treatment = treatment
        self._projection: Projection = _PROJECTIONS[form]()
        self._scanner: PanelScanner | None = None
        self._fed = 0  # characters of the current run given to the scanner
        self._runs: deque[tuple[int, Run]] = deque()  # of the current run: (offset, piece)
        self._edits: deque[Edit] = deque()
        self._elsewhere: deque[Edit] = deque()  # not read up to their end yet
        self._length = 0
        self._parts = 0
        self._decided = 0
        self._closed = False
        self._cut = False
        self.edited = False
        self.blocked: Verdict | None = None

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What was decided and has not been rendered yet."""
        return tuple(self._edits)

    def add(self, text: str, also: Sequence[Edit] = ()) -> tuple[Part, list[Verdict]]:
        """Take the next piece; return its place and the verdicts that it made final.

        Args:
            text: the piece.
            also: edits of this piece that were decided elsewhere, by positions in the piece.
        """
        if self._waits.words:
            self._words.add(text)
        end = self._length + len(text)
        part = Part(self._length, end, text, self._parts, self._words.begun)
        self._length = part.end
        self._parts += 1
        if also and self.blocked is None and self._treatment == "edit":
            begin = part.start
            self._elsewhere += [Edit(begin + start, begin + end, new) for start, end, new in also]
        verdicts = self._read(text[:_BIT])
        for at in range(_BIT, len(text), _BIT):
            verdicts += self._read(text[at : at + _BIT])
        return part, verdicts

    def close(self) -> list[Verdict]:
        """Say that the channel is over; afterwards all of it is decided."""
        if self._closed:
            return []
        self._closed = True
        runs = self._projection.finish()
        self._put_elsewhere(self._projection.position)
        verdicts = self._look(runs) + self._end_run()
        self._decided = self._length
        return verdicts

    def ready(self, part: Part) -> bool:
        """Whether all of a part is decided, and as much is behind it as the guards want."""
        if self.blocked is not None:
            return True
        return self._decided >= part.end and (self._closed or self._waited(part))

    def _waited(self, part: Part) -> bool:
        waits = self._waits
        return (
            self._parts - part.number > waits.tokens
            and self._words.complete - part.words >= waits.words
            and self._length - part.end >= waits.characters
        )

    def render(self, part: Part) -> str | None:
        """Return what a decided part becomes, or None when it stays as it is.

        Parts are rendered in their order. What replaces a finding stands in the part where the
        finding begins.
        """
        edits = self._edits
        while edits and edits[0].end <= part.start:
            edits.popleft()
        if not edits or edits[0].start >= part.end:
            return None
        pieces: list[str] = []
        at = part.start
        for edit in edits:
            if edit.start >= part.end:
                break
            if edit.start >= part.start:
                pieces += (part.text[at - part.start : edit.start - part.start], edit.text)
            at = min(edit.end, part.end)
        pieces.append(part.text[at - part.start :])
        return "".join(pieces)

    def reaches_block(self, part: Part) -> bool:
        """Whether a part holds the beginning of what is blocked, or comes after it."""
        return self.blocked is not None and part.end > self._edits[-1].start

    def speaks_before_block(self, part: Part) -> bool:
        """Whether a part has text before the beginning of what is blocked."""
        return self.blocked is None or part.start < self._edits[-1].start

    def _read(self, text: str) -> list[Verdict]:
        runs = self._projection.feed(text)
        if self._elsewhere:
            self._put_elsewhere(self._projection.position)
        verdicts = self._look(runs)
        self._decided = self._decided_position()
        waits = self._elsewhere[0].start if self._elsewhere else self._decided
        self._projection.forget(min(self._decided, waits))
        return verdicts

    def _look(self, runs: list[Run]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for run in runs:
            if run.text:
                verdicts += self._scan(run)
            if run.closes:
                verdicts += self._end_run()
        return verdicts

    def _scan(self, run: Run) -> list[Verdict]:
        if self._scanner is None:
            self._scanner = self._panel.scanner()
            self._fed = 0
        runs = self._runs
        runs.append((self._fed, run))
        self._fed += len(run.text)
        verdicts = self._noted(self._scanner.feed(run.text))
        # A finding is final only with its text: pieces before `decided` are not asked for again.
        decided = self._scanner.decided
        while len(runs) > 1 and runs[0][0] + len(runs[0][1].text) <= decided:
            runs.popleft()
        return verdicts

    def _end_run(self) -> list[Verdict]:
        if self._scanner is None:
            return []
        verdicts = self._noted(self._scanner.finish())
        self._scanner = None
        self._runs.clear()
        return verdicts

    def _noted(self, verdicts: list[Verdict]) -> list[Verdict]:
        """Make the edits that verdicts ask for; return the verdicts as they are reported."""
        if self._treatment == "flag":
            verdicts = [verdict.unedited() for verdict in verdicts]
        for verdict in verdicts:
            if verdict.kind == "flag" or self.blocked is not None:
                continue
            if verdict.kind == "edit" and self._cut:
                continue
            self.edited = True
            start = self._position(verdict.start)
            if verdict.kind == "block":
                self._put_elsewhere(start)
                self._elsewhere.clear()
                self.blocked = verdict
                self._put(Edit(start, _FOREVER, ""))
            elif self._treatment == "cut":
                self._cut = True
                self._edits.append(Edit(start, _FOREVER, ""))
            else:
                self._fit(Edit(start, self._position(verdict.end), verdict.replacement))
        return verdicts

    def _put_elsewhere(self, position: int) -> None:
        """Make the edits that were decided elsewhere and end before a position."""
        while self._elsewhere and self._elsewhere[0].end <= position:
            self._fit(self._elsewhere.popleft())

    def _fit(self, edit: Edit) -> None:
        """Make an edit in the way that the channel's form allows."""
        for fitted in self._projection.fit(*edit):
            self._put(fitted)

    def _put(self, edit: Edit) -> None:
        """Add an edit; those that it overlaps become part of it."""
        start, end, text = edit
        behind: list[Edit] = []
        while self._edits and self._edits[-1].end > start:
            other = self._edits.pop()
            if other.start >= end:
                behind.append(other)
            else:
                start, end = min(start, other.start), max(end, other.end)
        self._edits += [Edit(start, end, text), *reversed(behind)]
        self.edited = True

    def _position(self, offset: int) -> int:
        """Translate an offset in the current run into a position of the channel."""
        for begin, run in self._runs:
            if offset < begin + len(run.text):
                return run.starts[offset - begin]
        return self._runs[-1][1].end

    def _decided_position(self) -> int:
        if self._scanner is None:
            return self._projection.position
        return self._position(self._scanner.decided)
