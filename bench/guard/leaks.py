"""What counts as let through, as waiting and as damage, in what a guard showed of a document.

**Whole**: the value stands in what was shown. **Fragment**: four characters in a row of it do, four
that stand nowhere else in the corpus (``.com`` or ``http`` alone give nobody away). What was shown
is everything that a reader saw at any time, since nothing on a screen is taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Literal

from bench.guard.planted import Document, Value

__all__ = ["FRAGMENT", "LeakCounter", "damaged_words", "ordinary_words", "waits"]

FRAGMENT = 4
Leak = Literal["whole", "fragment"]


class LeakCounter:
    """Finds planted values in shown text.

    Args:
        documents: the whole corpus: what stands in it twice proves nothing.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._seen: Counter[str] = Counter()
        for document in documents:
            self._seen.update(_windows(document.text))

    def leaks(self, document: Document, shown: str) -> dict[Value, Leak]:
        """Return the values of a document that are in what was shown, and how much of each."""
        found: dict[Value, Leak] = {}
        for value in document.values:
            if value.text in shown:
                found[value] = "whole"
            elif any(self._seen[one] == 1 and one in shown for one in _windows(value.text)):
                found[value] = "fragment"
        return found


def _windows(text: str) -> list[str]:
    return [text[at : at + FRAGMENT] for at in range(len(text) - FRAGMENT + 1)]


def ordinary_words(document: Document) -> list[str]:
    """Return the words of a document that do not touch a value."""
    words: list[str] = []
    for _, stretch in document.ordinary:
        words += stretch.split()
    return words


def damaged_words(document: Document, shown: str) -> int:
    """Return how many ordinary words are not in the shown text, in their order."""
    words = ordinary_words(document)
    same = SequenceMatcher(None, words, shown.split(), autojunk=False).get_matching_blocks()
    return len(words) - sum(block.size for block in same)


def waits(document: Document, pieces: Sequence[str], steps: Sequence[str]) -> list[int]:
    """Return for how many further tokens each ordinary token waited.

    A token counts when it lies inside an ordinary stretch that was shown unharmed; what came only
    after the last token waited for all that followed.

    Args:
        document: the text.
        pieces: the tokens it was cut into.
        steps: what was shown after each token, and at the end.
    """
    places = _places(document, "".join(steps))
    reached: list[int] = []
    for new in steps:
        reached.append(len(new) + (reached[-1] if reached else 0))
    waited: list[int] = []
    at = 0
    step = 0
    for number, piece in enumerate(pieces):
        begin, at = at, at + len(piece)
        for start, end, place in places:
            if start <= begin and at <= end:
                while reached[step] < place + at - start:
                    step += 1
                waited.append(max(0, min(step, len(pieces) - 1) - number))
                break
    return waited


def _places(document: Document, shown: str) -> list[tuple[int, int, int]]:
    """Return the stretches that were shown unharmed: start, end, and where they were shown."""
    places: list[tuple[int, int, int]] = []
    behind = 0
    for start, stretch in document.ordinary:
        place = shown.find(stretch, behind)
        if place >= 0:
            places.append((start, start + len(stretch), place))
            behind = place + len(stretch)
    return places
