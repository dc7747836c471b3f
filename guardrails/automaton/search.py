"""One run of text, searched as it arrives.

What comes out is what ``re.finditer`` finds in the whole text. A match is final when no thread is
left that could replace it; text is decided when no thread began before it. Each step looks at the
next character only, so nothing depends on how the text was cut.

Past the hold limit the candidate counts as found, in parts of that length, for as long as its
threads live; if they end without a match, up to the next barrier.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .lazy import EDGE, Automaton, Configuration

__all__ = ["Hit", "Search"]

_MOST_PASSED = 512  # characters that need not be kept, but are, to save copying


class Hit(NamedTuple):
    """A span that a rule matched, or that was too long to wait for.

    Attributes:
        start: offset of the first character of :attr:`Search.text`.
        end: offset behind the last one.
        rule: which rule it was.
        whole: False for a part of a candidate over the hold limit.
    """

    start: int
    end: int
    rule: int
    whole: bool


class Search:
    """Finds the matches of an automaton in one run of text.

    Args:
        automaton: the rules.
        max_hold: the longest candidate that is waited for, in characters.
        barrier: one character at which a candidate over the limit ends.

    Attributes:
        text: what is left of the text.
        offset: of its first character in the run.
    """

    def __init__(self, automaton: Automaton, max_hold: int, barrier: re.Pattern[str]) -> None:
        self.text: str = ""
        self.offset: int = 0
        self._automaton = automaton
        self._max_hold = max_hold
        self._barrier = barrier
        self._at: int = 0  # the next character to look at
        self._config: Configuration = automaton.idle(EDGE)
        self._starts: list[int] = []  # where the threads began, by rank
        self._match: Hit | None = None  # final unless a better thread matches
        self._over: Hit | None = None  # the candidate over the limit: its last part
        self._origin: int = 0  # where it began
        self._lost: bool = False  # its threads ended; a barrier is missing
        self._busy: bool = False  # there is a candidate

    @property
    def decided(self) -> int:
        """How many characters of the run are final."""
        if not self._busy:
            return self.offset + self._at
        return self.offset + (self._over.end if self._over is not None else self._held())

    def feed(self, text: str) -> list[Hit]:
        """Take the next piece; return what became final. Use the hits before the next call."""
        if len(self.text) > _MOST_PASSED:
            self._forget()
        self.text += text
        if not self._busy and self._automaton.jump.search(self.text, self._at) is None:
            self._at = len(self.text)
            return []
        return self._run(final=False)

    def finish(self) -> list[Hit]:
        """Say that the run is over; return the rest."""
        return self._run(final=True)

    def _held(self) -> int:
        if self._match is None:
            return self._starts[0]
        return min(self._match.start, self._starts[0]) if self._starts else self._match.start

    def _run(self, *, final: bool) -> list[Hit]:
        hits: list[Hit] = []
        while True:
            if self._lost:
                self._to_barrier(hits, final=final)
            if self._at < len(self.text) and self._walk(hits):
                continue
            if not final or not self._end(hits):
                self._busy = bool(self._starts or self._match or self._over)
                return hits

    def _walk(self, hits: list[Hit]) -> bool:
        """Look at characters until the text ends, or a candidate does: then answer True."""
        text, end, at, starts = self.text, len(self.text), self._at, self._starts
        automaton = self._automaton
        characters, config = automaton.characters, self._config
        while at < end:
            if not starts:
                found = automaton.jump.search(text, at)
                if found is None:
                    at = end
                    break
                at = found.start()
                config = automaton.idle(automaton.symbol(text[at - 1]) if at else EDGE)
            character = text[at]
            symbol = characters.get(character) or automaton.symbol(character)
            move = config.moves.get(symbol) or automaton.move(config, symbol)
            config = move.config
            if starts or move.kept:
                if move.matched >= 0:
                    start = starts[move.matched] if move.matched < len(starts) else at
                    self._match = Hit(start, at, move.rule, whole=True)
                starts.append(at)
                if len(move.kept) != len(starts):
                    starts = [starts[rank] for rank in move.kept]
            at += 1
            if self._match is not None or self._over is not None or starts:
                self._at, self._config, self._starts = at, config, starts
                if self._settle(hits):
                    return True
        self._at, self._config, self._starts = at, config, starts
        return False

    def _settle(self, hits: list[Hit]) -> bool:
        """Close a candidate that ended, or one that is too long; answer whether to start anew."""
        if self._over is not None:
            return self._swallow(hits)
        if not self._starts:
            return self._close(hits)
        held = self._held()
        if self._at - held > self._max_hold:
            match = self._match
            first = match is not None and match.start == held
            rule = match.rule if match and first else self._automaton.rule_of(self._config)
            self._origin = held
            self._over = Hit(held, held + self._max_hold, rule, whole=False)
            hits.append(self._over)
        return False

    def _close(self, hits: list[Hit]) -> bool:
        """Take the match for final, if there is one, and go on behind it."""
        if self._match is None:
            return False
        hits.append(self._match)
        self._restart(self._match.end)
        return True

    def _swallow(self, hits: list[Hit]) -> bool:
        """Go on with a candidate over the limit."""
        over = self._over
        assert over is not None  # noqa: S101  # only called so
        alive = bool(self._starts) and self._held() == self._origin
        if alive:
            self._parts(hits, self._at)
            return False
        match = self._match
        if match and match.start == self._origin and match.end >= over.end and not self._starts:
            self._parts(hits, match.end, last=True)
            self._restart(match.end)
        else:
            self._restart(self._at - 1)
            self._over, self._lost = over, True
        return True

    def _parts(self, hits: list[Hit], end: int, *, last: bool = False) -> None:
        """Take the candidate over the limit for found, up to here, in parts."""
        over = self._over
        assert over is not None  # noqa: S101
        while end - over.end > (0 if last else self._max_hold):
            over = Hit(over.end, min(end, over.end + self._max_hold), over.rule, whole=False)
            hits.append(over)
        self._over = over

    def _to_barrier(self, hits: list[Hit], *, final: bool) -> None:
        found = self._barrier.search(self.text, self._at)
        self._at = found.start() if found else len(self.text)
        ended = found is not None or final
        self._parts(hits, self._at, last=ended)
        if ended:
            self._restart(self._at)

    def _restart(self, at: int) -> None:
        self._at, self._starts = at, []
        self._match, self._over, self._lost = None, None, False

    def _end(self, hits: list[Hit]) -> bool:
        """Say that the text ends here; answer whether there is more to look at."""
        if not self._starts and self._match is None:
            return False
        move = self._automaton.move(self._config, EDGE)
        if 0 <= move.matched < len(self._starts):
            start = self._starts[move.matched]
            self._match = Hit(start, self._at, move.rule, whole=True)
        self._starts = []
        if self._over is not None:
            self._parts(hits, self._at, last=True)
            self._restart(self._at)
            return False
        return self._close(hits)

    def _forget(self) -> None:
        """Drop what nothing can look at again, but for one character; once there is enough."""
        passed = self.decided - self.offset - 1
        if passed < _MOST_PASSED:
            return
        self.text = self.text[passed:]
        self.offset += passed
        self._at -= passed
        self._origin -= passed
        self._starts = [start - passed for start in self._starts]
        if self._match is not None:
            match = self._match
            self._match = match._replace(start=match.start - passed, end=match.end - passed)
        if self._over is not None:
            over = self._over
            self._over = over._replace(start=over.start - passed, end=over.end - passed)
