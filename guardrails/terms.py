"""A guard from a list of terms, of any length.

Strategy: the terms are a sorted tuple, in which a binary search answers both questions that a
stream asks: which is the longest term at this place, and could a longer one still follow. A million
terms cost no more than their strings and twenty comparisons where a word begins like a term.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from ..wire.errors import ConfigurationError
from .action import ActionLike
from .guard import Finding, OnError, Scanner
from .hold import HoldLike
from .settings import OwnGuard

__all__ = ["Terms"]

LONGEST = 1024
"""Characters of a term, and so of the text that may have to wait."""

_HEAD = 3  # characters that a set is asked about before the tuple is searched
_MOST_PASSED = 512  # characters that need not be kept, but are, to save copying
_VERSION = "1"  # raise it when the same text would be decided differently

_WORD_START = re.compile(r"\b(?=\w)|[^\w\s]")  # a term may begin with punctuation: C++, .NET
_ANYWHERE = re.compile(r"\S")


class Terms(OwnGuard):
    """Finds the terms of a list; where several begin, the longest.

    Text waits only while it may still become a term, or a longer one. Any white space in the text
    stands for a space in a term, one for one.

    Args:
        name: a short name for the report.
        terms: words and phrases; a million of them are fine.
        entity: what a finding is called; default: the name in upper case.
        action: what happens to it; default ``"redact"``, which writes ``<ENTITY>``.
        whole_words: whether a term counts only where no letter or digit touches it; default True.
            Turn it off for languages that write no spaces.
        ignore_case: whether upper and lower case are the same; default True.
        hold: how much more must arrive before a piece leaves, at least: a number of tokens, or a
            :class:`Hold`; default 0.
        on_error: ``"closed"`` (default) ends the stream when the guard fails; ``"open"`` goes on.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """

    def __init__(
        self,
        name: str,
        terms: Iterable[str],
        *,
        entity: str = "",
        action: ActionLike = "redact",
        whole_words: bool = True,
        ignore_case: bool = True,
        hold: HoldLike = 0,
        on_error: OnError = "closed",
    ) -> None:
        super().__init__(name, entity=entity, action=action, hold=hold, on_error=on_error)
        if isinstance(terms, str):
            raise ConfigurationError(f"Terms({name!r}, ...) takes a list: write [{terms!r}]")
        fold = _folded if ignore_case else _spaced
        self._index = _Index(terms, fold, whole_words=whole_words)
        self._ignore_case = ignore_case

    def __len__(self) -> int:
        """Return how many terms there are."""
        return len(self._index.terms)

    def scanner(self) -> Scanner:
        """Open a scanner for one run of text."""
        return _TermScanner(self._index, self.entity)

    def fingerprint(self) -> str:
        """Describe everything that changes a verdict; part of the cache key."""
        return self._describe(
            terms=self._index.digest,
            whole_words=self._index.whole_words,
            ignore_case=self._ignore_case,
            scanner=_VERSION,
        )


class _Index:
    """The terms in order, and how the text is compared with them."""

    def __init__(
        self, terms: Iterable[str], fold: Callable[[str], str], *, whole_words: bool
    ) -> None:
        self.fold = fold
        self.whole_words = whole_words
        self.terms: Sequence[str] = sorted({_checked(fold(term).strip()) for term in terms})
        if not self.terms:
            raise ConfigurationError("Terms(terms=[]) finds nothing: name one")
        self.longest = max(map(len, self.terms))
        self.heads = {term[:length] for term in self.terms for length in range(1, _HEAD + 1)}
        self.short = {term for term in self.terms if len(term) < _HEAD}
        self.begin = _WORD_START if whole_words else _ANYWHERE
        digest = hashlib.sha256()
        for term in self.terms:
            digest.update(term.encode("utf-8", "surrogatepass") + b"\0")
        self.digest = digest.hexdigest()[:32]

    def may_begin(self, text: str, at: int) -> bool:
        """Whether the next few characters are a term, or those of one."""
        if text[at : at + _HEAD] in self.heads:
            return True
        return bool(self.short) and (text[at : at + 2] in self.short or text[at] in self.short)

    def longest_at(self, text: str, at: int) -> int:
        """Return where the longest term at a place ends; -1: there is none."""
        piece = text[at : at + self.longest]
        while piece and (place := bisect_right(self.terms, piece)):
            nearest = self.terms[place - 1]
            if not piece.startswith(nearest):
                piece = piece[: _common(piece, nearest)]
            elif self._free(text, at + len(nearest)):
                return at + len(nearest)
            else:
                piece = nearest[:-1]
        return -1

    def may_grow(self, piece: str) -> bool:
        """Whether the end of the text begins a longer term, or is one whose end is not seen."""
        index = bisect_left(self.terms, piece)
        if index < len(self.terms) and self.terms[index] == piece and not self.whole_words:
            index += 1
        return index < len(self.terms) and self.terms[index].startswith(piece)

    def _free(self, text: str, end: int) -> bool:
        """Whether no word goes on over the end of a term."""
        if not self.whole_words or end == len(text):
            return True
        return not (_is_word(text[end - 1]) and _is_word(text[end]))


class _TermScanner:
    """Decides one run of text, place by place."""

    def __init__(self, index: _Index, entity: str) -> None:
        self._index = index
        self._entity = entity
        self._text = ""  # folded
        self._offset = 0
        self._at = 0

    @property
    def decided(self) -> int:
        """How many characters are final."""
        return self._offset + self._at

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece; return what became final."""
        if self._at > _MOST_PASSED:
            passed = self._at - 1  # one character stays, for the edge of a word
            self._text, self._offset, self._at = self._text[passed:], self._offset + passed, 1
        self._text += self._index.fold(text)
        return self._decide(final=False)

    def finish(self) -> Sequence[Finding]:
        """Decide the rest."""
        return self._decide(final=True)

    def _decide(self, *, final: bool) -> list[Finding]:
        findings: list[Finding] = []
        index, text, size, at = self._index, self._text, len(self._text), self._at
        while found := index.begin.search(text, at):
            at = found.start()
            if index.may_begin(text, at):
                if not final and size - at <= index.longest and index.may_grow(text[at:]):
                    self._at = at
                    return findings
                end = index.longest_at(text, at)
                if end > 0:
                    begin, end = self._offset + at, self._offset + (at := end)
                    findings.append(Finding(begin, end, self._entity))
                    continue
            at += 1
        self._at = size
        return findings


def _checked(term: str) -> str:
    if not term or len(term) > LONGEST:
        raise ConfigurationError(
            f"a term of {len(term)} characters cannot work: write 1 to {LONGEST}"
        )
    return term


def _common(one: str, other: str) -> int:
    """Return how many characters two texts have in common from their start."""
    length = 0
    for ours, theirs in zip(one, other, strict=False):
        if ours != theirs:
            break
        length += 1
    return length


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


# Character by character: lower-casing a whole text may change its length, and the Greek sigma.
@lru_cache(maxsize=16384)
def _fold_one(character: str) -> str:
    if character.isspace():
        return " "
    for folded in (character.casefold(), character.lower()):
        if len(folded) == 1:
            return folded
    return character


_SPACES = str.maketrans("\t\n\v\f\r\x1c\x1d\x1e\x1f", "         ")


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower().translate(_SPACES)
    return "".join(map(_fold_one, text))


def _spaced(text: str) -> str:
    if text.isascii():
        return text.translate(_SPACES)
    return "".join(" " if character.isspace() else character for character in text)
