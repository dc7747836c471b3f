"""What one character does to all threads of a program: worked out once, then looked up.

Strategy: Pike's machine with priorities, which finds what a backtracking search would find, turned
into a table as it is used. A *configuration* is what the threads stand before, in the order in
which they win; a thread's *rank* says which of the places it began at is its own. Two threads never
stand before the same step: the earlier one would win anyway. So a character costs a look-up, or,
the first time, at most a walk through the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .program import Accept, Char, Check, Leaf, Look, Program, Rule, Split

__all__ = ["EDGE", "Automaton", "Configuration", "Move", "Symbol"]

MOST_CONFIGURATIONS = 4096
"""Configurations that are remembered, about 4 MB; ordinary text needs a few dozen."""

MOST_CHARACTERS = 16384
"""Characters whose kind is remembered."""


class Symbol:
    """All characters that no rule tells apart.

    Args:
        leaves: the numbers of the leaves they are in.
        edge: there is no character: the text begins or ends here.
    """

    __slots__ = ("edge", "leaves")

    def __init__(self, leaves: frozenset[int], *, edge: bool = False) -> None:
        self.leaves = leaves
        self.edge = edge


EDGE = Symbol(frozenset(), edge=True)


class Move(NamedTuple):
    """What a character does.

    Attributes:
        config: where the threads stand afterwards.
        kept: which of the old ranks, and of the new one behind them, still have threads.
        matched: the rank whose match ends before the character; -1: none.
        rule: the rule that matched.
    """

    config: Configuration
    kept: tuple[int, ...]
    matched: int
    rule: int


class Configuration:
    """Where the threads stand, best first.

    Args:
        threads: pairs of a step and a rank.
        before: the character before this place, as far as looks ask about it.
        matched: a match was found that only better threads may replace: nothing new begins.
    """

    __slots__ = ("before", "matched", "moves", "threads")

    def __init__(
        self, threads: tuple[tuple[int, int], ...], before: Symbol, *, matched: bool
    ) -> None:
        self.threads = threads
        self.before = before
        self.matched = matched
        self.moves: dict[Symbol, Move] = {}


class Automaton:
    """The rules of a guard, ready to run. Stateless but for what it remembers.

    Args:
        rules: what to look for; the first win ties.
        compiled: compiles an expression for a few characters, which says what they match.

    Raises:
        ConfigurationError: a rule cannot run on a stream.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        compiled: Callable[[str, int], re.Pattern[str]] = re.compile,
    ) -> None:
        self.program = Program(rules)
        self.jump = compiled(_jump(self.program), 0)
        self.characters: dict[str, Symbol] = {}
        self._leaves = [(number, leaf) for leaf, number in self.program.leaves.items()]
        self._tests = [(number, compiled(*leaf)) for number, leaf in self._leaves]
        self._asked = frozenset(
            test.leaf for look in self.program.looks for test in look.tests if test.kind != "after"
        )
        self._edges = any(
            test.kind == "start" for look in self.program.looks for test in look.tests
        )
        self._symbols: dict[frozenset[int], Symbol] = {}
        self._configurations: dict[object, Configuration] = {}
        self._idle: dict[Symbol, Configuration] = {}

    def symbol(self, character: str) -> Symbol:
        """Return the kind of a character."""
        known = self.characters.get(character)
        if known is None:
            leaves = frozenset(n for n, test in self._tests if test.fullmatch(character))
            known = self._symbols.setdefault(leaves, Symbol(leaves))
            if len(self.characters) >= MOST_CHARACTERS:
                self.characters.clear()
            self.characters[character] = known
        return known

    def idle(self, before: Symbol) -> Configuration:
        """Return the configuration without threads behind a character, or behind the edge."""
        known = self._idle.get(before)
        if known is None:
            known = self._idle[before] = self._configuration((), before, matched=False)
        return known

    def rule_of(self, config: Configuration) -> int:
        """Return the rule of the best thread."""
        return self.program.rule_of[config.threads[0][0]]

    def move(self, config: Configuration, symbol: Symbol) -> Move:
        """Work out what a character does, and remember it."""
        threads, matched, rule = self._run(config, symbol)
        kept = tuple(dict.fromkeys(rank for _, rank in threads))
        ranks = {rank: number for number, rank in enumerate(kept)}
        following = self._configuration(
            tuple((step, ranks[rank]) for step, rank in threads),
            symbol,
            matched=config.matched or matched >= 0,
        )
        move = config.moves[symbol] = Move(following, kept, matched, rule)
        return move

    def _run(self, config: Configuration, symbol: Symbol) -> tuple[list[tuple[int, int]], int, int]:
        steps = self.program.steps
        waiting = list(config.threads)
        if not config.matched:
            new = max((rank for _, rank in waiting), default=-1) + 1
            waiting.append((self.program.start, new))
        seen: set[int] = set()
        reached: dict[int, int] = {}
        for first, rank in waiting:
            stack = [first]
            while stack:
                number = stack.pop()
                if number in seen:
                    continue
                seen.add(number)
                step = steps[number]
                if isinstance(step, Char):
                    if step.leaf in symbol.leaves:
                        reached.setdefault(step.then, rank)
                elif isinstance(step, Split):
                    stack += reversed(step.thens)
                elif isinstance(step, Accept):
                    return list(reached.items()), rank, step.rule
                elif _holds(step.look, config.before, symbol):
                    stack.append(step.then)
        return list(reached.items()), -1, -1

    def _configuration(
        self, threads: tuple[tuple[int, int], ...], before: Symbol, *, matched: bool
    ) -> Configuration:
        asked = before.leaves & self._asked
        edge = before.edge and self._edges
        key = (threads, asked, edge, matched)
        known = self._configurations.get(key)
        if known is None:
            if len(self._configurations) >= MOST_CONFIGURATIONS:
                self._forget()
            symbol = EDGE if edge else Symbol(asked)
            known = Configuration(threads, symbol, matched=matched)
            self._configurations[key] = known
        return known

    def _forget(self) -> None:
        old, self._configurations, self._idle = self._configurations, {}, {}
        for config in old.values():
            config.moves = {}


def _holds(look: Look, before: Symbol, after: Symbol) -> bool:
    for kind, leaf in look.tests:
        if kind == "before":
            held = leaf in before.leaves
        elif kind == "after":
            held = leaf in after.leaves
        elif kind == "edge":
            held = (leaf in before.leaves) != (leaf in after.leaves)
        else:
            held = (before if kind == "start" else after).edge
        if held:
            return not look.negated
    return look.negated


def _jump(program: Program) -> str:
    """Return an expression that finds the next place at which a match could begin.

    It asks for the first two characters of a match, as far as they have arrived, and for the
    look-behinds before them.
    """
    leaves = list(program.leaves)
    heads: dict[tuple[str, str], list[Leaf]] = {}
    firsts: dict[str, list[Leaf]] = {}
    for behind, first, then in _next(program, program.start, leaves):
        if first is not None:
            seconds = [leaf for _, leaf, _ in _next(program, then, leaves)]
            follow = "" if None in seconds else f"(?:{_any(filter(None, seconds))}|\\Z)"
            heads.setdefault((behind, follow), []).append(first)
            firsts.setdefault(behind, []).append(first)
    return "|".join(
        f"{behind}(?={_any(all_first)})(?:"
        + "|".join(
            _any(some) + follow for (looks, follow), some in heads.items() if looks == behind
        )
        + ")"
        for behind, all_first in firsts.items()
    )


def _next(
    program: Program, start: int, leaves: Sequence[Leaf]
) -> list[tuple[str, Leaf | None, int]]:
    """Return the leaves that may come next, with the look-behinds before; None: nothing need."""
    found: list[tuple[str, Leaf | None, int]] = []
    stack: list[tuple[int, str]] = [(start, "")]
    seen: set[tuple[int, str]] = set()
    while stack:
        number, looks = stack.pop()
        if (number, looks) in seen:
            continue
        seen.add((number, looks))
        step = program.steps[number]
        if isinstance(step, Char):
            found.append((looks, leaves[step.leaf], step.then))
        elif isinstance(step, Split):
            stack += [(then, looks) for then in step.thens]
        elif isinstance(step, Check):
            stack.append((step.then, looks + _behind(step.look, leaves)))
        else:
            found.append((looks, None, number))
    return found


def _behind(look: Look, leaves: Sequence[Leaf]) -> str:
    if all(test.kind == "before" for test in look.tests):
        sources = "|".join(leaves[test.leaf].regex for test in look.tests)
        return f"(?<{'!' if look.negated else '='}{sources})"
    return ""


def _any(some: Iterable[Leaf]) -> str:
    """Return one expression for any of some leaves; those with the same flags in one set."""
    sets: dict[int, str] = {}
    others: list[str] = []
    for leaf in dict.fromkeys(some):
        if leaf.source == "." or leaf.source.startswith("[^"):
            others.append(leaf.regex)
        else:
            inside = leaf.source[1:-1] if leaf.source.startswith("[") else leaf.source
            sets[leaf.flags] = sets.get(leaf.flags, "") + inside
    others += [Leaf(f"[{inside}]", flags).regex for flags, inside in sets.items()]
    return others[0] if len(others) == 1 else f"(?:{'|'.join(others)})"
