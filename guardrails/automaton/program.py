"""From regular expressions to one small program that many threads run side by side.

The parser is Python's own, so that a pattern means what it means to :mod:`re`; each set of
characters is asked of :mod:`re` too. What the program cannot do in linear time, or without looking
further ahead than one character, is refused at construction: back references, atomic groups,
possessive repeats, look-arounds over more than one character, and rounds of nothing in a repeat.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ...wire.errors import ConfigurationError

__all__ = ["Accept", "Char", "Check", "Leaf", "Look", "Program", "Rule", "Split", "one_character"]

MOST_STEPS = 10_000
"""Steps of a program. ``[a-z]{1,500}`` has a thousand; each may cost a microsecond, once."""

_parser: Any = importlib.import_module("re._parser")  # private, but the same from 3.11 on
_MAXREPEAT: int = int(_parser.MAXREPEAT)
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_LETTERS = ((re.IGNORECASE, "i"), (re.DOTALL, "s"), (re.ASCII, "a"))

Node = tuple[Any, Any]
Nodes = Sequence[Node]


class Rule(NamedTuple):
    """A regular expression among several, with the flags of :mod:`re`."""

    regex: str
    flags: int = 0


class Leaf(NamedTuple):
    """A set of characters, as a regular expression that matches one of them."""

    source: str
    flags: int

    @property
    def regex(self) -> str:
        """The expression with its flags inside."""
        letters = "".join(letter for flag, letter in _LETTERS if self.flags & flag)
        return f"(?{letters}:{self.source})" if letters else self.source


class Test(NamedTuple):
    """A question about the two characters around a place; an ``edge`` is a word's."""

    kind: Literal["before", "after", "start", "end", "edge"]
    leaf: int = -1


class Look(NamedTuple):
    """Holds where one of the tests does; or, negated, where none of them does."""

    tests: tuple[Test, ...]
    negated: bool = False


class Char(NamedTuple):
    """Goes on if the next character is one of a leaf's."""

    leaf: int
    then: int


class Split(NamedTuple):
    """Goes on in several ways, the first of which is tried first."""

    thens: tuple[int, ...]


class Check(NamedTuple):
    """Goes on if a look holds here."""

    look: Look
    then: int


class Accept(NamedTuple):
    """The text up to here is a match of a rule."""

    rule: int


@dataclass(slots=True)
class _Pattern:
    """The rule that is being read."""

    regex: str
    rule: int


class Program:
    """The steps of several rules, the first of which win ties.

    Args:
        rules: what to look for.

    Raises:
        ConfigurationError: a rule is no regular expression, or one that cannot run on a stream.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.steps: list[Char | Split | Check | Accept] = []
        self.rule_of: list[int] = []
        self.leaves: dict[Leaf, int] = {}
        self.looks: set[Look] = set()
        self._pattern = _Pattern("", 0)
        starts = [self._rule(number, rule) for number, rule in enumerate(rules)]
        self.start = self._add(Split(tuple(starts)))

    def _rule(self, number: int, rule: Rule) -> int:
        self._pattern = _Pattern(rule.regex, number)
        tree, flags = parsed(rule)
        if tree.getwidth()[0] == 0:
            raise ConfigurationError(
                f"the pattern {rule.regex!r} can match nothing: let it need a character"
            )
        return self._sequence(tree, self._add(Accept(number)), flags)

    def _add(self, step: Char | Split | Check | Accept) -> int:
        if len(self.steps) >= MOST_STEPS:
            raise ConfigurationError(
                f"the pattern {self._pattern.regex[:60]!r} is too large: write smaller counts "
                f"than {{…,{MOST_STEPS}}}, or + for any number"
            )
        self.steps.append(step)
        self.rule_of.append(self._pattern.rule)
        return len(self.steps) - 1

    def _leaf(self, source: str, flags: int) -> int:
        return self.leaves.setdefault(Leaf(source, flags), len(self.leaves))

    def _sequence(self, nodes: Nodes, then: int, flags: int) -> int:
        for node in reversed(list(nodes)):
            then = self._node(node, then, flags)
        return then

    def _node(self, node: Node, then: int, flags: int) -> int:
        kind, value = str(node[0]), node[1]
        source = _source(kind, value)
        if source is not None:
            return self._add(Char(self._leaf(source, flags), then))
        if kind == "BRANCH":
            branches = tuple(self._sequence(branch, then, flags) for branch in value[1])
            return self._add(Split(branches))
        if kind == "SUBPATTERN":
            _, added, removed, nodes = value
            return self._sequence(nodes, then, (flags | added) & ~removed)
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._repeat(value, then, flags, greedy=kind == "MAX_REPEAT")
        look = self._look(kind, value, flags)
        self.looks.add(look)
        return self._add(Check(look, then))

    def _repeat(self, value: Any, then: int, flags: int, *, greedy: bool) -> int:
        least, most, body = value
        if most > 1 and body.getwidth()[0] == 0:
            raise self._refused("a repeat of something that may be nothing")
        if most >= _MAXREPEAT:
            entry = self._add(Split(()))
            again = self._sequence(body, entry, flags)
            self.steps[entry] = Split((again, then) if greedy else (then, again))
            entry, least = (again, least - 1) if least else (entry, least)
        else:
            entry = then
            for _ in range(most - least):
                again = self._sequence(body, entry, flags)
                entry = self._add(Split((again, then) if greedy else (then, again)))
        for _ in range(least):
            entry = self._sequence(body, entry, flags)
        return entry

    def _look(self, kind: str, value: Any, flags: int) -> Look:
        if kind == "AT":
            return self._anchor(str(value), flags)
        if kind not in ("ASSERT", "ASSERT_NOT"):
            raise self._refused(_NAMES.get(kind, kind.lower().replace("_", " ")))
        direction, nodes = value
        tests: list[Test] = []
        for branch in _branches(nodes):
            if len(branch) != 1:
                raise self._refused("a look-around over more than one character")
            ((inner, inside),) = branch
            source = _source(str(inner), inside)
            if source is not None:
                test: Literal["before", "after"] = "before" if direction < 0 else "after"
                tests.append(Test(test, self._leaf(source, flags)))
                continue
            nested = self._look(str(inner), inside, flags)
            if nested.negated:
                raise self._refused("a negation inside a look-around")
            tests += nested.tests
        return Look(tuple(tests), kind == "ASSERT_NOT")

    def _anchor(self, kind: str, flags: int) -> Look:
        if kind in ("AT_BOUNDARY", "AT_NON_BOUNDARY"):
            word = self._leaf(r"\w", flags)
            return Look((Test("edge", word),), kind == "AT_NON_BOUNDARY")
        lines = bool(flags & re.MULTILINE)
        if kind in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
            if kind == "AT_BEGINNING" and lines:
                return Look((Test("start"), Test("before", self._leaf(r"\n", flags))))
            return Look((Test("start"),))
        if kind == "AT_END_STRING":
            return Look((Test("end"),))
        if lines:
            return Look((Test("end"), Test("after", self._leaf(r"\n", flags))))
        raise self._refused("$ without (?m), which looks two characters ahead (write \\Z instead)")

    def _refused(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"the pattern {self._pattern.regex[:60]!r} cannot run on a stream, it has {what}: "
            "write a wider pattern, and reject what it finds too much with validate=..."
        )


_NAMES = {
    "GROUPREF": "a back reference",
    "GROUPREF_EXISTS": "a condition on a group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repeat",
}


def parsed(rule: Rule) -> tuple[Any, int]:
    """Return the tree of a rule and its flags.

    Raises:
        ConfigurationError: it is no regular expression.
    """
    if not isinstance(rule.regex, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{rule.regex!r} is no regular expression for text: write r'...'")
    try:
        tree = _parser.parse(rule.regex, rule.flags)
        re.compile(rule.regex, rule.flags)
    except (re.error, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigurationError(
            f"{rule.regex!r} is no regular expression for text: {error}"
        ) from error
    return tree, int(tree.state.flags)


def one_character(regex: str) -> re.Pattern[str]:
    """Compile an expression that matches exactly one character.

    Raises:
        ConfigurationError: it does not.
    """
    tree, flags = parsed(Rule(regex))
    if len(tree) != 1 or _source(str(tree[0][0]), tree[0][1]) is None:
        raise ConfigurationError(
            rf"the barrier {regex!r} must stand for one character: write r'\s' or r'[\n;]'"
        )
    return re.compile(regex, flags)


def _branches(nodes: Any) -> list[list[Node]]:
    """Return the alternatives of a look-around."""
    items: list[Node] = list(nodes)
    if len(items) == 1 and str(items[0][0]) == "BRANCH":
        return [branch for one in items[0][1][1] for branch in _branches(one)]
    if len(items) == 1 and str(items[0][0]) == "SUBPATTERN" and not any(items[0][1][1:3]):
        return _branches(items[0][1][3])
    return [items]


def _source(kind: str, value: Any) -> str | None:
    """Return the expression of a node that takes one character; None for the others."""
    if kind == "LITERAL":
        return re.escape(chr(value))
    if kind == "NOT_LITERAL":
        return f"[^{re.escape(chr(value))}]"
    if kind == "ANY":
        return "."
    return f"[{''.join(map(_item, value))}]" if kind == "IN" else None


def _item(node: Node) -> str:
    kind, value = str(node[0]), node[1]
    if kind == "LITERAL":
        return re.escape(chr(value))
    if kind == "RANGE":
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return "^" if kind == "NEGATE" else _CATEGORIES[str(value)]
