"""One recogniser: how to call it, and when that is worth it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from presidio_analyzer import EntityRecognizer
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import PhoneRecognizer, SpacyRecognizer

from .clues import CLUES, DIGITS, Clue
from .matching import PatternMatcher, match_of, plain
from .phones import SparingPhoneRecognizer, fewest_digits_of

__all__ = [
    "Reader",
    "clues_of",
    "is_unknown",
    "lifted",
    "name_of",
    "nobody_knows",
    "own_clues",
    "reader_of",
]

Find = Callable[[str, NlpArtifacts | None], list[Any]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A recogniser and when to call it.

    Attributes:
        find: what to call.
        recognizer: whose results they are.
        floor: the lowest score that counts for any of its entities.
        words: the words that lift its scores, in lower case.
        clues: one of them must be found; none: it is always called.
    """

    find: Find
    recognizer: EntityRecognizer
    floor: float
    words: tuple[str, ...]
    clues: tuple[Clue, ...]

    def best_score(self, text: str, digits: int) -> float:
        """Return the best score it can give without a context word; 0: it finds nothing.

        Args:
            text: the segment.
            digits: how many digits are in it.
        """
        for clue in self.clues:  # the best one is the first
            if digits >= clue.digits and clue.pattern.search(text):
                return clue.score
        return 0.0 if self.clues else 1.0


def lifted(reader: Reader, around: str) -> bool:
    """Answer whether a context word may lift what the reader finds."""
    return any(word in around for word in reader.words)


def reader_of(
    recognizer: Any,
    floors: Mapping[str, float],
    clues: tuple[Clue, ...],
) -> Reader:
    """Return how to call a recogniser.

    Args:
        recognizer: it.
        floors: the entities to look for, and the lowest score that counts for each.
        clues: one of them must be found; none: it is always called.
    """
    entities = floors.keys() & set(recognizer.get_supported_entities())
    return Reader(
        find=_find(recognizer, sorted(entities)),
        recognizer=recognizer,
        floor=min(floors[entity] for entity in entities),
        words=tuple(word.lower() for word in recognizer.context or ()),
        clues=clues,
    )


def clues_of(recognizer: Any) -> tuple[Clue, ...]:
    """Return the clues of a recogniser that Presidio loads; none: no rule covers it."""
    if isinstance(recognizer, PhoneRecognizer):
        return (Clue(DIGITS, PhoneRecognizer.SCORE, fewest_digits_of(recognizer)),)
    return CLUES.get(recognizer.name, ())


def own_clues(recognizer: Any) -> tuple[Clue, ...]:
    """Return the clues of a user's recogniser; only numbers for other regions are known."""
    if isinstance(recognizer, SparingPhoneRecognizer) and recognizer.leniency != 0:
        return clues_of(recognizer)
    return ()


def is_unknown(recognizer: EntityRecognizer, clues: tuple[Clue, ...]) -> bool:
    """Answer whether no rule covers a recogniser; a model's names lie within a sentence."""
    names = isinstance(recognizer, SpacyRecognizer)
    own_code = not type(recognizer).analyze.__module__.startswith("presidio_analyzer.")
    return not clues and (own_code or not names)


def name_of(recognizer: Any) -> str:
    """Return what a recogniser is called; Presidio's types do not say that it has a name."""
    return str(recognizer.name)


def nobody_knows(recognizer: EntityRecognizer) -> str:
    """Say what to write where a recogniser can only be used if the user knows how far it looks."""
    name = name_of(recognizer)
    followed = plain(recognizer) and not _lifts(recognizer)
    why = "has an expression that cannot be followed" if followed else "has code of its own"
    return (
        f"the recogniser {name!r} {why}, so nobody can see how far it looks: write "
        f"PII(reach={{{name!r}: 100}}) if a match depends on no more than the 100 characters in "
        f"front of its beginning and the 100 behind, or PII(reach={{{name!r}: 'sentence'}}) if it "
        "depends on no more than one sentence"
    )


def _lifts(recognizer: EntityRecognizer) -> bool:
    default = cast("Any", EntityRecognizer).enhance_using_context
    return cast("Any", type(recognizer)).enhance_using_context is not default


def _find(recognizer: Any, entities: list[str]) -> Find:
    lifts = _lifts(recognizer)
    if plain(recognizer) and not lifts:
        matcher = PatternMatcher(recognizer)
        return lambda text, _: matcher(text)

    def find(text: str, artifacts: NlpArtifacts | None) -> list[Any]:
        found = recognizer.analyze(text, entities, artifacts) or ()
        if not all(0 <= one.start <= one.end <= len(text) for one in found):
            raise ValueError(f"the recogniser {recognizer.name!r} found what is not in the text")
        results = [match_of(recognizer, one) for one in found if one.start < one.end]
        if lifts:
            return list(recognizer.enhance_using_context(text, results, [], artifacts))
        return results

    return find
