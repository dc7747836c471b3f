"""What a pattern recogniser matches, without the explanations that Presidio writes for each match.

They take longer than the match. What is found stays the same; the tests compare.
"""

from __future__ import annotations

from typing import Any

from presidio_analyzer import EntityRecognizer, PatternRecognizer, RecognizerResult

from .patterns import Match as Found
from .patterns import Pattern, compiled

__all__ = ["Match", "PatternMatcher", "TooMuchWorkError", "match_of", "plain", "without_duplicates"]


class TooMuchWorkError(Exception):
    """A segment takes longer than a stream can wait; by its text alone, not by the clock."""


class _Unexplained:
    """Takes what Presidio's context enhancer has to say about a score."""

    def set_supportive_context_word(self, word: str) -> None:
        """Forget it."""

    def set_improved_score(self, score: float) -> None:
        """Forget it."""


_UNEXPLAINED: Any = _Unexplained()


class Match(RecognizerResult):
    """A result that its finder has for itself, so that nobody needs to copy it."""

    def __init__(self, recognizer: EntityRecognizer, start: int, end: int, score: float) -> None:
        self.recognizer = recognizer
        self.entity_type: str = recognizer.supported_entities[0]
        self.start: int = start
        self.end: int = end
        self.score: float = score
        self.analysis_explanation = _UNEXPLAINED
        self.recognition_metadata = {self.RECOGNIZER_IDENTIFIER_KEY: recognizer.id}

    def __deepcopy__(self, memo: object) -> Match:
        return self


def match_of(recognizer: EntityRecognizer, result: Any) -> Match:
    """Return what a recogniser's own code found; ``AnalyzerEngine`` adds its id in the same way."""
    if isinstance(result, Match):
        return result
    match = Match(recognizer, result.start, result.end, result.score)
    match.entity_type = result.entity_type
    match.recognition_metadata |= result.recognition_metadata or {}
    return match


def plain(recognizer: EntityRecognizer) -> bool:
    """Answer whether patterns, and checks of what they match, are all there is to a recogniser."""
    analyze: object = type(recognizer).analyze
    return analyze is PatternRecognizer.analyze


class PatternMatcher:
    """Finds what ``PatternRecognizer.analyze`` would.

    Args:
        recognizer: a :func:`plain` one.
    """

    def __init__(self, recognizer: Any) -> None:
        self._recognizer = recognizer
        flags: int = recognizer.global_regex_flags
        self._patterns: list[tuple[Pattern, float]] = [
            (compiled(pattern.regex, flags), pattern.score) for pattern in recognizer.patterns
        ]

    def __call__(self, text: str) -> list[Any]:
        """Return the results for a text."""
        results: list[Any] = []
        for pattern, score in self._patterns:
            for found in pattern.finditer(text):
                result = self.result(text, found, score)
                if result is not None:
                    results.append(result)
        return without_duplicates(results)

    def result(self, text: str, found: Found, score: float) -> Match | None:
        """Return what a match of a pattern is worth; None: nothing."""
        start, end = found.span()
        return None if start == end else self.worth(text, start, end, score)

    def worth(self, text: str, start: int, end: int, score: float) -> Match | None:
        """Return what a span that a pattern matched is worth; None: nothing."""
        said = text[start:end]
        valid = self._recognizer.validate_result(said)
        if valid is not None:
            score = 1.0 if valid else 0.0
        if score <= 0 or self._recognizer.invalidate_result(said):
            return None
        return Match(self._recognizer, start, end, score)


def without_duplicates(results: list[Any]) -> list[Any]:
    """Drop the results of one recogniser that stand within others of it, as Presidio does."""
    return results if len(results) < 2 else EntityRecognizer.remove_duplicates(results)
