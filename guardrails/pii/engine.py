"""Presidio's recognisers, called directly on one segment of text at a time.

``AnalyzerEngine.analyze`` spends more on itself than on a short segment, and calls every
recogniser. Here a recogniser is called only if the segment holds a clue for it, and the results are
the same; the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from presidio_analyzer import EntityRecognizer
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from ...wire.errors import ConfigurationError
from ..guard import Finding
from .clues import DIGITS, TRIGGER
from .matching import Match
from .merging import Result, merge
from .own import OwnPatterns
from .reach import Reach
from .readers import (
    Reader,
    clues_of,
    is_unknown,
    lifted,
    name_of,
    nobody_knows,
    own_clues,
    reader_of,
)
from .rows import Rows
from .tokens import WordEngine

__all__ = ["Engine", "Left"]

Left = Callable[[], Sequence[str]]
"""Gives the last key words before a segment."""


class Engine:
    """Recognisers for a set of entities; stateless after construction, so threads may share it.

    Args:
        recognizers: Presidio's recognisers, as the registry loads them.
        nlp: gives the words around a match, and named entities if it is a model.
        floors: the entities to look for, and the lowest score that counts for each.
        language: of the texts.
        own: recognisers of the user's.
        reach: how far those look that no rule covers.

    Raises:
        ConfigurationError: nobody knows how far one looks.
    """

    def __init__(
        self,
        recognizers: Sequence[EntityRecognizer],
        nlp: NlpEngine,
        floors: Mapping[str, float],
        language: str,
        own: Sequence[EntityRecognizer],
        reach: Reach,
    ) -> None:
        self.words = WordEngine(language)
        self._language = language
        self._floors = floors
        self._nlp = nlp
        self._enhancer = LemmaContextAwareEnhancer()
        known = [(one, clues_of(one)) for one in recognizers]
        known += [(one, own_clues(one)) for one in own]
        reach.check(name_of(one) for one, clues in known if is_unknown(one, clues))
        asked = [
            (one, clues)
            for one, clues in known
            if not floors.keys().isdisjoint(one.get_supported_entities())
        ]
        unknown = [one for one, clues in asked if is_unknown(one, clues)]
        numbers = {one.id: far for one in unknown if isinstance(far := reach.of(name_of(one)), int)}
        self.patterns = OwnPatterns(unknown, numbers)
        """What no rule of :mod:`.barriers` covers, but patterns can be followed."""
        for one in unknown:
            if one not in self.patterns and reach.of(name_of(one)) is None:
                raise ConfigurationError(nobody_knows(one))
        readers = [
            reader_of(one, floors, clues) for one, clues in asked if one not in self.patterns
        ]
        self._reaching = [one for one in readers if one.recognizer.id in numbers]
        self._reaches = {one.recognizer.id: numbers[one.recognizer.id] for one in self._reaching}
        self.reach = max(self._reaches.values(), default=None)
        """How far the recognisers look that :meth:`reached` asks; None: there are none."""
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
        if results and any(lifted(reader, around) for reader in readers):
            recognizers = [reader.recognizer for reader in readers]
            results = self._enhanced(text, results, recognizers, before, artifacts)
        return self._above(results)

    def reached(self, text: str) -> list[Match]:
        """Return what the recognisers find whose reach is known, before any score is lifted."""
        artifacts = self._nlp.process_text(text, self._language)
        return [match for one in self._reaching for match in one.find(text, artifacts)]

    def believe(self, match: Match) -> None:
        """Hold a match that :meth:`reached` returned against what was said of its recogniser.

        Raises:
            ConfigurationError: it is longer, so what was said is not true.
        """
        reach, length = self._reaches[match.recognizer.id], match.end - match.start
        if length > reach:
            raise ConfigurationError(
                f"the recogniser {name_of(match.recognizer)!r} matched {length} characters or "
                f"more, and PII(reach={reach}) says that it never does: write a larger reach",
            )

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

    def _readers_for(self, text: str, around: str) -> list[Reader]:
        digits = len(DIGITS.findall(text))
        chosen: list[Reader] = []
        for reader in self._readers:
            best = reader.best_score(text, digits)
            # A context word may lift the score; whether one does is for Presidio to say.
            if best and (best >= reader.floor or lifted(reader, around)):
                chosen.append(reader)
        return chosen


_NEVER = 2.0


def _with_left(artifacts: NlpArtifacts, left: Sequence[str]) -> NlpArtifacts:
    """Put the words before the segment in front of its own, outside of its offsets."""
    artifacts.tokens = cast("Any", [*left, *artifacts.tokens])  # read as a list of words
    artifacts.tokens_indices = [*(-len(word) for word in left), *artifacts.tokens_indices]
    artifacts.lemmas = [*left, *artifacts.lemmas]
    artifacts.keywords = [*left, *artifacts.keywords]
    return artifacts
