"""Regular expressions that run on a stream: linear in the text, and exact for every cut of it.

Read :mod:`.search` first (one run of text), then :mod:`.lazy` (what one character does) and
:mod:`.program` (from a regular expression to a program).
"""

from __future__ import annotations

from .lazy import Automaton
from .program import Rule, one_character
from .search import Hit, Search

__all__ = ["Automaton", "Hit", "Rule", "Search", "one_character"]
