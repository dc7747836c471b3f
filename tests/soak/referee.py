"""Presidio on the whole text: what a stream has to equal."""

from __future__ import annotations

from functools import cache

import tldextract
import tldextract.tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

from streamward.guardrails import Finding
from streamward.guardrails.pii.guard import DEFAULT_THRESHOLD, FLOOR
from streamward.guardrails.pii.merging import merge
from streamward.guardrails.pii.tokens import WordEngine

__all__ = ["on_the_whole"]


@cache
def _presidio() -> AnalyzerEngine:
    """Presidio as it comes, without a model and without the network."""
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.remove_recognizer("SpacyRecognizer")
    return AnalyzerEngine(registry=registry, nlp_engine=WordEngine("en"))


def on_the_whole(text: str) -> list[Finding]:
    """Return what ``AnalyzerEngine`` finds in a text, by the thresholds and the overlap rule."""
    results = _presidio().analyze(text, "en", score_threshold=FLOOR)
    return merge(r for r in results if r.score >= DEFAULT_THRESHOLD.get(r.entity_type, FLOOR))
