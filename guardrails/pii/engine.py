"""Presidio's recognisers, called directly on one segment of text at a time.

``AnalyzerEngine.analyze`` spends more on itself than on a short segment, and calls every
recogniser. Here a recogniser is called only if the segment holds a clue for it, and the results are
the same; the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from presidio_analyzer import EntityRecognizer
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_analyzer.predefined_recognizers import PhoneRecognizer, SpacyRecognizer

from ..guard import Finding
from .clues import CLUES, DIGITS, TRIGGER, Clue
from .matching import Match, PatternMatcher, match_of, plain
from .merging import Result, merge
from .own import OwnPatterns
from .phones import fewest_digits_of
from .rows import Rows
from .tokens import WordEngine

__all__ = ["Engine", "Left"]

Left = Callable[[], Sequence[str]]
"""Gives the last key words before a segment."""

Find = Callable[[str, NlpArtifacts | None], list[Any]]


@dataclass(frozen=True, slots=True)
class _Reader:
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


class Engine:
    """Recognisers for a set of entities; stateless after construction, so threads may share it.

    Args:
        recognizers: Presidio's recognisers, as the registry loads them.
        nlp: gives the words around a match, and named entities if it is a model.
        floors: the entities to look for, and the lowest score that counts for each.
        language: of the texts.
        own: recognisers of the user's.
        reach: how far the matches of recognisers whose patterns cannot be followed in linear time
            reach, and of those with code of their own, in characters; None: nobody knows.
    """

    def __init__(
        self,
        recognizers: Sequence[EntityRecognizer],
        nlp: NlpEngine,
        floors: Mapping[str, float],
        language: str,
        own: Sequence[EntityRecognizer] = (),
        reach: int | None = None,
    ) -> None:
        self.words = WordEngine(language)
        self._language = language
        self._floors = floors
        self._nlp = nlp
        self._enhancer = LemmaContextAwareEnhancer()
        asked = [
            (recognizer, clues)
            for recognizer, clues in (
                *((one, _clues(one)) for one in recognizers),
                *((one, ()) for one in own),
            )
            if not floors.keys().isdisjoint(recognizer.get_supported_entities())
        ]
        unknown = [one for one, clues in asked if not clues]
        self.patterns = OwnPatterns(unknown, linear=reach is not None)
        """What no rule of :mod:`.barriers` covers, but patterns can be followed."""
        readers = [_reader(one, floors, clues) for one, clues in asked if one not in self.patterns]
        self._reaching = [one for one in readers if reach and _is_reaching(one)]
        self.reach = reach if self._reaching else None
        """How far the recognisers reach that :meth:`reached` asks; None: there are none."""
        self._readers = [one for one in readers if one not in self._reaching]
        self.segments_suffice = all(reader.clues for reader in self._readers)
        """Whether the rules of :mod:`.barriers` cover every recogniser that :meth:`find` asks."""
        self._reads_words = not (isinstance(nlp, WordEngine) and self.segments_suffice)
        self.quick = self.segments_suffice and not self.reach and self.patterns.linear
        """Whether a call never takes longer than an event loop can wait."""
        self.rows = Rows([reader.recognizer for reader in self._readers])

    def find(self, text: str, left: Left, offset: int = 0) -> list[Finding]:
        """Return what is found in a segment, in order.

        Args:
            text: the segment.
            left: the key words before it.
            offset: of the segment in the run.

        Raises:
            TooMuchWorkError: the segment would take too long.
        """
        return merge(self.results(text, left), offset)

    def results(self, text: str, left: Left) -> list[Result]:
        """Return what the recognisers say about a segment, where the score suffices.

        Args:
            text: the segment.
            left: the key words before it.

        Raises:
            TooMuchWorkError: the segment would take too long.
        """
        if self.segments_suffice and not TRIGGER.search(text):
            return []
        before = left()
        around = "\n".join((*before, text)).lower()
        readers = self._readers_for(text, around)
        if not readers:
            return []
        artifacts = self._nlp.process_text(text, self._language) if self._reads_words else None
        results = [result for reader in readers for result in reader.find(text, artifacts)]
        if results and any(_lifted(reader, around) for reader in readers):
            recognizers = [reader.recognizer for reader in readers]
            results = self._enhanced(text, results, recognizers, before, artifacts)
        return self._above(results)

    def reached(self, text: str) -> list[Match]:
        """Return what the recognisers find whose reach is known, before any score is lifted."""
        artifacts = self._nlp.process_text(text, self._language)
        return [match for one in self._reaching for match in one.find(text, artifacts)]

    def confirmed(
        self,
        text: str,
        results: Sequence[Result],
        recognizers: Sequence[EntityRecognizer],
        left: Left,
    ) -> list[Result]:
        """Return the results whose score suffices with the words around them.

        Args:
            text: what they were found in.
            results: of recognisers that found them elsewhere, their offsets those in the text.
            recognizers: whose results they are.
            left: the key words before the text.
        """
        words = [word.lower() for one in recognizers for word in one.context or ()]
        before = left() if words else ()
        around = "\n".join((*before, text)).lower()
        if any(word in around for word in words):
            results = self._enhanced(text, results, recognizers, before, None)
        return self._above(results)

    def _enhanced(
        self,
        text: str,
        results: Sequence[Any],
        recognizers: Sequence[EntityRecognizer],
        before: Sequence[str],
        artifacts: NlpArtifacts | None,
    ) -> list[Any]:
        artifacts = artifacts or self._nlp.process_text(text, self._language)
        return self._enhancer.enhance_using_context(
            text, list(results), _with_left(artifacts, before), list(recognizers)
        )

    def _above(self, results: Sequence[Result]) -> list[Result]:
        floors = self._floors
        return [r for r in results if r.score >= floors.get(r.entity_type, _NEVER)]

    def _readers_for(self, text: str, around: str) -> list[_Reader]:
        digits = len(DIGITS.findall(text))
        chosen: list[_Reader] = []
        for reader in self._readers:
            best = reader.best_score(text, digits)
            # A context word may lift the score; whether one does is for Presidio to say.
            if best and (best >= reader.floor or _lifted(reader, around)):
                chosen.append(reader)
        return chosen


_NEVER = 2.0


def _lifted(reader: _Reader, around: str) -> bool:
    """Answer whether a context word may lift what the reader finds."""
    return any(word in around for word in reader.words)


def _reader(
    recognizer: Any,
    floors: Mapping[str, float],
    clues: tuple[Clue, ...],
) -> _Reader:
    entities = floors.keys() & set(recognizer.get_supported_entities())
    return _Reader(
        find=_find(recognizer, sorted(entities)),
        recognizer=recognizer,
        floor=min(floors[entity] for entity in entities),
        words=tuple(word.lower() for word in recognizer.context or ()),
        clues=clues,
    )


def _clues(recognizer: Any) -> tuple[Clue, ...]:
    if isinstance(recognizer, PhoneRecognizer):
        return (Clue(DIGITS, PhoneRecognizer.SCORE, fewest_digits_of(recognizer)),)
    return CLUES.get(recognizer.name, ())


def _is_reaching(reader: _Reader) -> bool:
    """Answer whether a reach can be declared: no rule covers it, and it is not a model."""
    return not (reader.clues or isinstance(reader.recognizer, SpacyRecognizer))


def _find(recognizer: Any, entities: list[str]) -> Find:
    default = cast("Any", EntityRecognizer).enhance_using_context
    lifts = recognizer.__class__.enhance_using_context is not default
    if plain(recognizer) and not lifts:
        matcher = PatternMatcher(recognizer)
        return lambda text, _: matcher(text)

    def find(text: str, artifacts: NlpArtifacts | None) -> list[Any]:
        found = recognizer.analyze(text, entities, artifacts) or ()
        results = [match_of(recognizer, one) for one in found]
        if lifts:
            return list(recognizer.enhance_using_context(text, results, [], artifacts))
        return results

    return find


def _with_left(artifacts: NlpArtifacts, left: Sequence[str]) -> NlpArtifacts:
    """Put the words before the segment in front of its own, outside of its offsets."""
    artifacts.tokens = cast("Any", [*left, *artifacts.tokens])  # read as a list of words
    artifacts.tokens_indices = [*(-len(word) for word in left), *artifacts.tokens_indices]
    artifacts.lemmas = [*left, *artifacts.lemmas]
    artifacts.keywords = [*left, *artifacts.keywords]
    return artifacts
