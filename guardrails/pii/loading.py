"""From a configuration to an engine: which recognisers and which model it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import spacy.util
from presidio_analyzer import EntityRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpEngine, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    EmailRecognizer,
    PhoneRecognizer,
    SpacyRecognizer,
)

from ...wire.errors import ConfigurationError
from .engine import Engine
from .offline import tamed
from .reach import Reach
from .readers import name_of
from .tokens import WordEngine

__all__ = ["description", "engine", "model_name", "supported_entities"]

# Also a number for each region: phonenumbers compiles a region's patterns at its first number.
_WARM_UP = (
    "mail a@b.co, call +1 212 555 0123, card 4111 1111 1111 1111, http://x.org, 10.0.0.1 ::1, "
    "2125550123, 02079460958, 030123456, 0142685300, 036123456, 09876543210, 1123456789"
)

_REPLACED: tuple[object, ...] = (EmailRecognizer, PhoneRecognizer)
"""The user's recognisers that leave the stand-ins of :mod:`.offline` their place."""


def engine(
    floors: Mapping[str, float],
    language: str,
    model: str | NlpEngine | None,
    own: Sequence[EntityRecognizer],
    reach: Reach,
) -> Engine:
    """Return the engine for a configuration, warmed up.

    Raises:
        ConfigurationError: the model is not installed, the language is unknown, or nobody knows how
            far a recogniser looks.
    """
    built = Engine(
        _recognizers(language, model),
        _nlp(language, model),
        floors,
        language,
        [tamed(one) if type(one) in _REPLACED else one for one in own],
        reach,
    )
    built.find(_WARM_UP, tuple)
    return built


def supported_entities(
    language: str,
    model: str | NlpEngine | None,
    own: Sequence[EntityRecognizer] = (),
) -> frozenset[str]:
    """Return the entities that can be found.

    Raises:
        ConfigurationError: the model is not installed, or the language is unknown; or ``own`` has
            something that is not a recogniser for the language.
    """
    for recognizer in own:
        _check(recognizer, language)
        if model is None and isinstance(recognizer, SpacyRecognizer):
            raise ConfigurationError(
                f"the recogniser {name_of(recognizer)!r} says what a language model found: write "
                "PII(model='en_core_web_sm', ...)",
            )
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


def model_name(model: str | NlpEngine | None) -> str | None:
    """Return what to call a model in a fingerprint; an engine is named by its class and models."""
    if model is None or isinstance(model, str):
        return model
    kind = type(model)
    return f"{kind.__module__}.{kind.__qualname__}{getattr(model, 'models', None)!r}"


def description(recognizer: Any) -> str:
    """Return a digest of what a recogniser finds; its own code counts by its ``version``."""
    kind: type[object] = recognizer.__class__
    flags = getattr(recognizer, "global_regex_flags", None)
    said: dict[str, object] = recognizer.to_dict()
    parts = (kind.__module__, kind.__qualname__, str(flags), sorted(said.items()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _loaded(nlp: NlpEngine, language: str) -> NlpEngine:
    if not nlp.is_loaded():
        nlp.load()
    if language not in nlp.get_supported_languages():
        raise ConfigurationError(
            f"the NLP engine has no model for the language {language!r}: write language="
            f"{min(nlp.get_supported_languages())!r}",
        )
    return nlp


@cache
def _recognizers(language: str, model: str | NlpEngine | None) -> Sequence[EntityRecognizer]:
    registry: Any = RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language], nlp_engine=_nlp(language, model))
    loaded: list[EntityRecognizer] = registry.recognizers
    return [tamed(r) for r in loaded if model or not isinstance(r, SpacyRecognizer)]


@cache
def _nlp(language: str, model: str | NlpEngine | None) -> NlpEngine:
    if isinstance(model, NlpEngine):
        return _loaded(model, language)
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
