"""The guard that asks a function."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from ...wire.errors import ConfigurationError
from ..action import ActionLike
from ..blocking import Blocking, BlockingLike, blocking_of
from ..guard import Finding, OnError, Scanner
from ..hold import HoldLike
from ..settings import OwnGuard, described, whole_number
from .awaiting import Waiting

__all__ = ["Answer", "Sentences"]

MAX_SENTENCE = 500
"""Characters after which a sentence is cut; prose has about 120, twice this is rare."""

_VERSION = "1"  # raise it when the same text would be cut differently

# A line, or a sentence with the quotes and brackets that close behind it. Whether a full stop ends
# one shows in the character behind it; not after a single letter, as in "e.g." and "J. Smith".
_END = re.compile(
    r"[\r\n\u2028\u2029]|[\u3002\uff01\uff1f]|(?<![.\s]\w)[.!?\u2026][\"')\]*_\u2019\u201d]{0,3}(?=\s)"
)
_END_LENGTH = 6  # of an end, with what stands before and behind it
_SPACE = re.compile(r"\s")

Answer = bool | str | None | Iterable[Finding]
"""What a function may say: whether it minds the sentence, what it is (or ``None``), or where."""


class Sentences(OwnGuard):
    """Asks a function about each sentence.

    A sentence ends at the end of a line, at ``.``, ``!``, ``?`` before white space, or at
    ``max_sentence`` characters; the white space behind it is asked about with the next one. The
    function sees each sentence once, whatever pieces it came in, and never one of white space only.

    Args:
        name: a short name for the report.
        function: takes a sentence; answers with True or a label (all of it is a finding), False,
            None or "" (nothing is), or the findings in it, their offsets counted from its start.
            It may be ``async``: it then runs on the event loop of the application.
        entity: what ``True`` stands for; default: the name in upper case.
        action: what happens to a finding; default ``"redact"``, which writes ``<ENTITY>``.
        blocking: for how long a stream waits for the function, and how many calls of it may run
            at once; default ``Blocking()``: 10 seconds, 16 calls. A plain function runs in a
            thread. False: it is quick, and runs on the event loop without any limit.
        max_sentence: the longest sentence, in characters; default 500.
        version: of the function, for the fingerprint. Raise it when its answers change.
        hold: how much more must arrive before a piece leaves, at least: a number of tokens, or a
            :class:`Hold`; default 0.
        on_error: ``"closed"`` (default) ends the stream when the function raises, takes too long
            or answers nonsense; ``"open"`` goes on without the guard.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """

    def __init__(  # one knob each; most are rarely touched
        self,
        name: str,
        function: Callable[[str], Answer | Awaitable[Answer]],
        *,
        entity: str = "",
        action: ActionLike = "redact",
        blocking: BlockingLike = True,
        max_sentence: int = MAX_SENTENCE,
        version: str = "",
        hold: HoldLike = 0,
        on_error: OnError = "closed",
    ) -> None:
        super().__init__(name, entity=entity, action=action, hold=hold, on_error=on_error)
        if not callable(function):
            raise ConfigurationError(f"Sentences({name!r}, ...) takes a function of a sentence")
        self._function = function
        self._limits = blocking_of(blocking)
        self._waiting = _waiting(function, self._limits)
        self._longest = whole_number("Sentences(max_sentence=...)", max_sentence, at_least=1)
        self._version = version

    @property
    def blocking(self) -> BlockingLike:
        """The limits of a plain function; an ``async`` one sees to its own."""
        if self._waiting is not None:
            return Blocking(time_limit=None)
        return self._limits or False

    def scanner(self) -> Scanner:
        """Open a scanner for one run of text."""
        return _SentenceScanner(self._waiting or self._function, self.entity, self._longest)

    def fingerprint(self) -> str:
        """Describe everything that changes a verdict; part of the cache key."""
        return self._describe(
            function=described(self._function, self._version),
            max_sentence=self._longest,
            scanner=_VERSION,
        )


def _waiting(function: Callable[[str], Any], limits: Blocking | None) -> Waiting[Answer] | None:
    """Return what waits for an ``async`` function; None: it is a plain one."""
    call = getattr(function, "__call__", None)  # noqa: B004  # an object may have an async one
    if not (inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)):
        return None
    if limits is None:
        raise ConfigurationError(
            "Sentences(blocking=False) calls the function on the event loop, and an async one "
            "cannot be waited for there: leave blocking out, or write Blocking(time_limit=2.0)"
        )
    return Waiting(function, limits)


class _SentenceScanner:
    """Decides one run of text, sentence by sentence."""

    def __init__(self, function: Callable[[str], object], entity: str, longest: int) -> None:
        self._function = function
        self._entity = entity
        self._longest = longest
        self._text = ""  # from the first undecided character on
        self._searched = 0  # no sentence ends before
        self._decided = 0

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._decided

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece; return what became final."""
        self._text += text
        return self._ask(final=False)

    def finish(self) -> Sequence[Finding]:
        """Decide the rest."""
        return self._ask(final=True)

    def _ask(self, *, final: bool) -> list[Finding]:
        findings: list[Finding] = []
        begin = 0
        for end in self._ends(final=final):
            sentence = self._text[begin:end]
            if not sentence.isspace():
                answer = self._function(sentence)
                findings += _findings(answer, self._entity, sentence, self._decided + begin)
            begin = end
        self._text = self._text[begin:]
        self._searched = max(0, self._searched - begin)
        self._decided += begin
        return findings

    def _ends(self, *, final: bool) -> Iterator[int]:
        """Yield where the sentences end that are certain to."""
        text, begin = self._text, 0
        while begin < len(text):
            last = begin + self._longest
            # One character more is seen: the white space behind the last possible full stop. What
            # was before is not: it may be gone.
            found = _END.search(text[begin : last + 1], max(0, self._searched - begin))
            if found and begin + found.end() <= last:
                end = begin + found.end()
            elif len(text) > last:
                end = self._cut(begin, last)
            elif final:
                end = len(text)
            else:
                self._searched = max(begin, len(text) - _END_LENGTH)
                return
            yield end
            begin = self._searched = end

    def _cut(self, begin: int, last: int) -> int:
        """Return where a sentence that is too long is cut: behind white space, if there is any."""
        spaces = [found.end() for found in _SPACE.finditer(self._text, begin, last)]
        return spaces[-1] if spaces else last


def _findings(answer: object, entity: str, sentence: str, offset: int) -> list[Finding]:
    """Return what an answer stands for.

    Raises:
        TypeError: it is none of the things that a function may answer.
        ValueError: a finding is not inside the sentence.
    """
    if answer is None or answer is False or answer == "":
        return []
    if answer is True or isinstance(answer, str):
        label = entity if answer is True else answer
        return [Finding(offset, offset + len(sentence), label)]
    if not isinstance(answer, Iterable):
        raise TypeError("a guard's function must answer with a bool, a label or findings")
    findings: list[Finding] = []
    for one in cast("Iterable[object]", answer):
        if not isinstance(one, Finding):
            raise TypeError("a guard's function must answer with a bool, a label or findings")
        if not 0 <= one.start < one.end <= len(sentence):
            raise ValueError("a finding must lie inside the sentence: 0 <= start < end <= length")
        findings.append(Finding(offset + one.start, offset + one.end, one.entity, one.score))
    return sorted(findings, key=lambda finding: (finding.start, finding.end))
