"""Presidio's recognisers, called directly on one segment of text at a time.

``AnalyzerEngine.analyze`` spends more on itself than on a short segment, and calls every
recogniser. Here a recogniser is called only if the segment holds a clue for it, and the results are
the same; the tests compare the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import spacy.util
from presidio_analyzer import EntityRecognizer, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import PhoneRecognizer, SpacyRecognizer

from ...wire.errors import ConfigurationError
from ..guard import Finding
from .clues import CLUES, DIGITS, TRIGGER, Clue
from .matching import PatternMatcher, plain
from .merging import merge
from .offline import tamed
from .phones import fewest_digits_of
from .rows import Rows
from .tokens import WordEngine

__all__ = ["Engine", "Left", "description", "engine", "supported_entities"]

Left = Callable[[], Sequence[str]]
"""Gives the last key words before a segment."""

Find = Callable[[str, NlpArtifacts | None], list[Any]]

# Also a number for each region: phonenumbers compiles a region's patterns at its first number.
_WARM_UP = (
    "mail a@b.co, call +1 212 555 0123, card 4111 1111 1111 1111, http://x.org, 10.0.0.1 ::1, "
    "2125550123, 02079460958, 030123456, 0142685300, 036123456, 09876543210, 1123456789"
)


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
        own: recognisers of the user's, of which nothing is known.
    """

    def __init__(
        self,
        recognizers: Sequence[EntityRecognizer],
        nlp: NlpEngine,
        floors: Mapping[str, float],
        language: str,
        own: Sequence[EntityRecognizer] = (),
    ) -> None:
        self.words = WordEngine(language)
        self._language = language
        self._floors = floors
        self._nlp = nlp
        self._reads_words = not isinstance(nlp, WordEngine)
        self._enhancer = LemmaContextAwareEnhancer()
        self._readers = [
            _reader(recognizer, floors, clues)
            for recognizer, clues in (
                *((one, _clues(one)) for one in recognizers),
                *((one, ()) for one in own),
            )
            if not floors.keys().isdisjoint(recognizer.get_supported_entities())
        ]
        self.segments_suffice = all(reader.clues for reader in self._readers)
        """Whether the rules of :mod:`.barriers` cover every recogniser."""
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
            results = self._enhancer.enhance_using_context(
                text,
                results,
                _with_left(artifacts or self._nlp.process_text(text, self._language), before),
                [reader.recognizer for reader in readers],
            )
        floors = self._floors
        return merge(
            (r for r in results if r.score >= floors.get(r.entity_type, _NEVER)),
            offset,
        )

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


def _find(recognizer: Any, entities: list[str]) -> Find:
    if plain(recognizer):
        matcher = PatternMatcher(recognizer)
        return lambda text, _: matcher(text)
    return lambda text, artifacts: recognizer.analyze(text, entities, artifacts) or []


def _with_left(artifacts: NlpArtifacts, left: Sequence[str]) -> NlpArtifacts:
    """Put the words before the segment in front of its own, outside of its offsets."""
    artifacts.tokens = cast("Any", [*left, *artifacts.tokens])  # read as a list of words
    artifacts.tokens_indices = [*(-len(word) for word in left), *artifacts.tokens_indices]
    artifacts.lemmas = [*left, *artifacts.lemmas]
    artifacts.keywords = [*left, *artifacts.keywords]
    return artifacts


def engine(
    floors: Mapping[str, float],
    language: str,
    model: str | None,
    own: Sequence[EntityRecognizer] = (),
) -> Engine:
    """Return the engine for a configuration, warmed up.

    Raises:
        ConfigurationError: the model is not installed, or the language is unknown.
    """
    built = Engine(_recognizers(language, model), _nlp(language, model), floors, language, own)
    built.find(_WARM_UP, tuple)
    return built


def supported_entities(
    language: str,
    model: str | None,
    own: Sequence[EntityRecognizer] = (),
) -> frozenset[str]:
    """Return the entities that can be found.

    Raises:
        ConfigurationError: the model is not installed, or the language is unknown; or ``own`` has
            something that is not a recogniser for the language.
    """
    for recognizer in own:
        _check(recognizer, language)
    return frozenset(
        entity
        for recognizer in (*_recognizers(language, model), *own)
        for entity in recognizer.get_supported_entities()
    )


def _check(recognizer: Any, language: str) -> None:
    if not isinstance(cast("object", recognizer), EntityRecognizer):
        raise ConfigurationError(
            f"PII(recognizers=[{recognizer!r}]) cannot work: write recognisers of Presidio, such "
            "as PatternRecognizer(supported_entity='TEAM', deny_list=['red', 'blue'])",
        )
    if recognizer.supported_language != language:
        raise ConfigurationError(
            f"the recogniser {recognizer.name!r} is for the language "
            f"{recognizer.supported_language!r}: write supported_language={language!r}",
        )


def description(recognizer: Any) -> str:
    """Return a digest of what a recogniser finds; its own code counts by its ``version``."""
    kind: type[object] = recognizer.__class__
    flags = getattr(recognizer, "global_regex_flags", None)
    said: dict[str, object] = recognizer.to_dict()
    parts = (kind.__module__, kind.__qualname__, str(flags), sorted(said.items()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def _recognizers(language: str, model: str | None) -> Sequence[EntityRecognizer]:
    registry: Any = RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language], nlp_engine=_nlp(language, model))
    loaded: list[EntityRecognizer] = registry.recognizers
    return [tamed(r) for r in loaded if model or not isinstance(r, SpacyRecognizer)]


@cache
def _nlp(language: str, model: str | None) -> NlpEngine:
    try:
        if model is None:
            return WordEngine(language)
    except ImportError as error:
        raise ConfigurationError(
            f"unknown language {language!r}: write a code such as 'en'"
        ) from error
    if not (spacy.util.is_package(model) or Path(model).exists()):
        # Presidio would download it here.
        raise ConfigurationError(
            f"the spaCy model {model!r} is not installed: python -m spacy download {model}",
        )
    nlp = SpacyNlpEngine(models=[{"lang_code": language, "model_name": model}])
    nlp.load()
    return nlp
