"""The words around a match, which Presidio's context enhancer reads, without a language model.

Presidio's own ``NoOpNlpEngine`` gives no words, and so loses the context. This engine cuts the text
with one regular expression and takes the lower-cased word for its lemma. Stop words and punctuation
are spaCy's (Presidio depends on it), so that "the number **is** 555…" counts words as spaCy does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, cast

import spacy.util
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from spacy.lang.lex_attrs import is_punct

__all__ = ["WordEngine"]

_TOKEN = re.compile(r"\w+|[^\w\s]")


class WordEngine(NlpEngine):
    """An ``NlpEngine`` of one regular expression; needs no model, no file and no network."""

    engine_name = "words"
    is_available = True

    def __init__(self, language: str) -> None:
        self._language = language
        self._stop_words: set[str] = spacy.util.get_lang_class(language).Defaults.stop_words
        self.is_keyword = lru_cache(maxsize=4096)(self._is_keyword)

    def load(self) -> None:
        """Do nothing: there is nothing to load."""

    def is_loaded(self) -> bool:
        """Return True."""
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Return the words of a text."""
        found = list(_TOKEN.finditer(text))
        return NlpArtifacts(
            entities=[],
            # Presidio says Doc, and asks no more of it than a list of words gives.
            tokens=cast("Any", [match.group() for match in found]),
            tokens_indices=[match.start() for match in found],
            lemmas=[match.group().lower() for match in found],
            nlp_engine=self,
            language=language,
        )

    def process_batch(
        self,
        texts: Iterable[str],
        language: str,
        batch_size: int = 1,
        n_process: int = 1,
        **kwargs: Any,
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """Yield each text with its words."""
        del batch_size, n_process, kwargs
        for text in texts:
            yield text, self.process_text(text, language)

    def is_stopword(self, word: str, language: str) -> bool:
        """Answer whether the word says nothing about what stands behind it."""
        del language
        return word.lower() in self._stop_words

    def is_punct(self, word: str, language: str) -> bool:
        """Answer whether the word is punctuation."""
        del language
        return bool(is_punct(word))

    def get_supported_entities(self) -> list[str]:
        """Return nothing: entities need a model."""
        return []

    def get_supported_languages(self) -> list[str]:
        """Return the one language whose stop words are used."""
        return [self._language]

    def key_words(self, text: str) -> Iterator[str]:
        """Yield the lower-cased words that may serve as context, as ``NlpArtifacts`` would."""
        for token in _TOKEN.findall(text):
            word = token.lower()
            if self.is_keyword(word):
                yield word

    def _is_keyword(self, word: str) -> bool:
        language = self._language
        return (
            word != "be"
            and not self.is_stopword(word, language)
            and not self.is_punct(word, language)
        )
