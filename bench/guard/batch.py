"""Presidio on a whole text, in the ways in which it runs without a model or the network."""

from __future__ import annotations

from typing import Any

import spacy
import tldextract
import tldextract.tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpEngine, NoOpNlpEngine, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import SpacyRecognizer

from streamward.guardrails.pii.guard import DEFAULT_THRESHOLD, FLOOR
from streamward.guardrails.pii.tokens import WordEngine

__all__ = ["FLOOR", "URL_FLOOR", "engines", "presidio"]

URL_FLOOR = DEFAULT_THRESHOLD["URL"]


class _BlankSpacy(SpacyNlpEngine):
    """A loaded pipeline as an engine, as Presidio's documentation shows it."""

    def __init__(self) -> None:
        super().__init__()
        loaded: Any = self  # the attribute is declared as what it is before loading
        loaded.nlp = {"en": spacy.blank("en")}


def engines() -> dict[str, NlpEngine]:
    """Return what gives Presidio its words: ours, spaCy's tokeniser, and nothing."""
    nothing = NoOpNlpEngine([{"lang_code": "en", "model_name": "none"}])
    nothing.load()
    return {"words": WordEngine("en"), "blank_spacy": _BlankSpacy(), "no_op": nothing}


def presidio(engine: NlpEngine | None = None) -> AnalyzerEngine:
    """Return Presidio with all that it finds in English without a model.

    Args:
        engine: what gives it words. Default: the light one that ``PII`` has too.
    """
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    registry: Any = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if not isinstance(r, SpacyRecognizer)]
    return AnalyzerEngine(registry=registry, nlp_engine=engine or WordEngine("en"))
