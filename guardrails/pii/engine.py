"""Presidio's recognisers, called directly on one segment of text at a time.

``AnalyzerEngine.analyze`` spends more on itself than on a short segment, and calls every
recogniser. Here a recogniser is called only if the segment holds a clue for it, and the results are
the same; the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import spacy.util
from phonenumbers import PhoneMetadata
from presidio_analyzer import EntityRecognizer, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import PhoneRecognizer, SpacyRecognizer

from ...wire.errors import ConfigurationError
from ..guard import Finding
from .clues import CLUES, DIGITS, TRIGGER, Clue
from .context import LeftContext
from .merging import merge
from .offline import tamed
from .tokens import WordEngine

__all__ = ["Engine", "engine", "supported_entities"]

Floor = Callable[[str], float]
"""The lowest score that counts, for each entity."""

_SHORTEST_INTERNATIONAL = 8
"""An international prefix (``00``) and the shortest country code with number, in digits."""

_PHONE_CLUE = Clue(DIGITS, PhoneRecognizer.SCORE)

_WARM_UP = "mail a@b.co, call +1 212 555 0123, card 4111 1111 1111 1111, http://x.org, 10.0.0.1 ::1"


@dataclass(frozen=True, slots=True)
class _Reader:
    """A recogniser and when to call it.

    Attributes:
        entities: what it is asked for.
        clues: one of them must be found; none: it is always called.
        digits: how many digits the segment must have, from and to.
    """

    recognizer: EntityRecognizer
    entities: frozenset[str]
    clues: tuple[Clue, ...] = ()
    digits: tuple[int, float] = (0, float("inf"))

    @property
    def context(self) -> list[str]:
        """The words that lift its scores."""
        return self.recognizer.context or []

    def best_score(self, text: str, digits: int) -> float:
        """Return the best score it can give without a context word; 0: it finds nothing.

        Args:
            text: the segment.
            digits: how many digits are in it.
        """
        if not self.clues:
            return 1.0
        fewest, most = self.digits
        if not fewest <= digits <= most:
            return 0.0
        return max((clue.score for clue in self.clues if clue.pattern.search(text)), default=0.0)


class Engine:
    """Recognisers for a set of entities; stateless after construction, so threads may share it.

    Args:
        recognizers: Presidio's recognisers, as the registry loads them.
        nlp: gives the words around a match, and named entities if it is a model.
        entities: the entities to look for.
    """

    def __init__(
        self,
        recognizers: Sequence[EntityRecognizer],
        nlp: NlpEngine,
        entities: frozenset[str],
        language: str,
    ) -> None:
        self.words = WordEngine(language)
        self._language = language
        self._entities = sorted(entities)
        self._nlp = nlp
        self._enhancer = LemmaContextAwareEnhancer()
        self._readers = [
            reader
            for recognizer in recognizers
            if not entities.isdisjoint(recognizer.get_supported_entities())
            for reader in _readers(recognizer, entities)
        ]
        self.segments_suffice = all(reader.clues for reader in self._readers)
        """Whether the rules of :mod:`.barriers` cover every recogniser."""

    def find(self, text: str, left: LeftContext, floor: Floor, offset: int = 0) -> list[Finding]:
        """Return what is found in a segment, in order.

        Args:
            text: the segment.
            left: the key words before it.
            floor: the lowest score that counts, for each entity.
            offset: of the segment in the run.
        """
        readers = self._readers_for(text, left, floor)
        if not readers:
            return []
        artifacts = self._nlp.process_text(text, self._language)
        results: list[Any] = []
        for reader in readers:
            results += reader.recognizer.analyze(text, self._entities, artifacts) or []
        if not results:
            return []
        results = self._enhancer.enhance_using_context(
            text,
            results,
            _with_left(artifacts, left.words()),
            [reader.recognizer for reader in readers],
        )
        return merge((r for r in results if r.score >= floor(r.entity_type)), offset)

    def _readers_for(self, text: str, left: LeftContext, floor: Floor) -> list[_Reader]:
        if not TRIGGER.search(text) and self.segments_suffice:
            return []
        digits = len(DIGITS.findall(text))
        around = ""
        chosen: list[_Reader] = []
        for reader in self._readers:
            best = reader.best_score(text, digits)
            if best and best < min(map(floor, reader.entities)):
                # A context word may lift the score; whether one does is for Presidio to say.
                around = around or "\n".join((*left.words(), text)).lower()
                if not any(word.lower() in around for word in reader.context):
                    continue
            if best:
                chosen.append(reader)
        return chosen


def _readers(recognizer: Any, entities: frozenset[str]) -> list[_Reader]:
    entities = entities.intersection(recognizer.get_supported_entities())
    if isinstance(recognizer, PhoneRecognizer):
        return _phone_readers(recognizer, entities)
    return [_Reader(tamed(recognizer), entities, CLUES.get(recognizer.name, ()))]


def _phone_readers(recognizer: Any, entities: frozenset[str]) -> list[_Reader]:
    """Split the recogniser by the number of digits: a year is a number in one region of eight."""
    regions: Sequence[str] = recognizer.supported_regions
    fewest = {region: _fewest_digits(region) for region in regions}
    steps = sorted(set(fewest.values()))
    readers: list[_Reader] = []
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        part = PhoneRecognizer(
            context=recognizer.context,
            supported_language=recognizer.supported_language,
            supported_regions=tuple(r for r in fewest if fewest[r] <= step),
            leniency=recognizer.leniency,
            name=recognizer.name,
        )
        most = float("inf") if following is None else following - 1
        readers.append(_Reader(part, entities, (_PHONE_CLUE,), (step, most)))
    return readers


def _fewest_digits(region: str) -> int:
    """Return how many digits the shortest number has that is valid when read in this region."""
    metadata: Any = PhoneMetadata.metadata_for_region(region)
    lengths: tuple[int, ...] = metadata.general_desc.possible_length
    return min(*lengths, _SHORTEST_INTERNATIONAL)


def _with_left(artifacts: NlpArtifacts, left: Sequence[str]) -> NlpArtifacts:
    """Put the words before the segment in front of its own, outside of its offsets."""
    artifacts.tokens = cast("Any", [*left, *artifacts.tokens])  # read as a list of words
    artifacts.tokens_indices = [*(-len(word) for word in left), *artifacts.tokens_indices]
    artifacts.lemmas = [*left, *artifacts.lemmas]
    artifacts.keywords = [*left, *artifacts.keywords]
    return artifacts


@cache
def engine(entities: frozenset[str], language: str, model: str | None) -> Engine:
    """Return the engine for a configuration; built and warmed up once.

    Raises:
        ConfigurationError: the model is not installed, or the language is unknown.
    """
    built = Engine(_recognizers(language, model), _nlp(language, model), entities, language)
    built.find(_WARM_UP, LeftContext(built.words.key_words), lambda _: 0.0)
    return built


@cache
def supported_entities(language: str, model: str | None) -> frozenset[str]:
    """Return the entities that can be found.

    Raises:
        ConfigurationError: the model is not installed, or the language is unknown.
    """
    return frozenset(
        entity
        for recognizer in _recognizers(language, model)
        for entity in recognizer.get_supported_entities()
    )


def _recognizers(language: str, model: str | None) -> list[EntityRecognizer]:
    registry: Any = RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language], nlp_engine=_nlp(language, model))
    loaded: list[EntityRecognizer] = registry.recognizers
    return [r for r in loaded if model or not isinstance(r, SpacyRecognizer)]


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
