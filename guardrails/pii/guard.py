"""The guard against personal data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from ...wire.errors import ConfigurationError, MissingExtraError
from ..action import Action, ActionLike, Redact, action_of
from ..blocking import Blocking, BlockingLike
from ..guard import Finding, OnError, Scanner
from ..hold import HoldLike, hold_of
from .reach import Reach, ReachLike

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer
    from presidio_analyzer.nlp_engine import NlpEngine

    from .engine import Engine

__all__ = ["PII"]

DEFAULT_THRESHOLD: Mapping[str, float] = {"URL": 0.6}
"""Below :data:`FLOOR` only what looks like a URL without a schema, such as ``main.rs``, is common.

Presidio gives a bare host name 0.5, as much as a social security number, and 0.6 with ``https://``
in front; a context word ("website", "link") lifts the former above.
"""

FLOOR = 0.4
"""The lowest score that counts by default.

It is what Presidio gives a telephone number, and the least that a match has whose context was
confirmed. Below are bare digits in the shape of an account (0.05), a licence (0.01 to 0.3) or a
card without a valid checksum: years, quantities and order numbers would be redacted with them.
"""

MAX_HOLD = 1024
"""Characters of one undivided piece of text that may wait for its end.

An e-mail address ends within 320 characters, an IBAN within 43, a telephone number with extension
within about 90; a signed link may take a thousand. Presidio's patterns take time quadratic in this
number at worst; what would take longer than a stream can wait fails closed like a longer one.
"""

_SCANNER_VERSION = "6"  # raise it when the same text would be decided differently
_SHORTEST_HOLD = 128


class PII:
    """Finds personal data in a run of text, exactly as Presidio finds it in the whole of it.

    Args:
        entities: the kinds to look for (``"EMAIL_ADDRESS"``, ``"PHONE_NUMBER"``, …). Default: all
            that Presidio's recognisers for the language find without a model.
        threshold: the lowest score that counts, from 0 to 1; or a mapping from entities to it, in
            which the others have 0.4. Default: ``{"URL": 0.6}``.
        actions: what happens to findings of a kind, for kinds that the default does not fit.
        action: what happens to the others; default ``"redact"``, which writes ``<EMAIL_ADDRESS>``.
        language: of Presidio's recognisers and of the stop words; default ``"en"``.
        model: an installed spaCy model, by name or path, such as ``"en_core_web_sm"``; or an NLP
            engine of Presidio (``StanzaNlpEngine``, ``TransformersNlpEngine``). It finds
            ``PERSON``, ``LOCATION`` and the like; text then leaves sentence by sentence.
        recognizers: your own recognisers of Presidio, and those of other countries. Patterns and
            deny-lists are searched for in the whole text, and hold it only where they may match.
            Nobody can see how far code of their own looks: see ``reach``.
        reach: how far recognisers look that have code of their own, or an expression that cannot be
            followed. Without it they are refused. A number of characters: whether a match begins at
            a place, and where it ends, depends on so many in front of the place and so many behind
            it, at most. They are then asked about the whole text, in windows that overlap, and text
            waits for twice this at most; a longer match fails the guard. Or ``"sentence"``: it
            depends on the sentence or line that the match is in; they are then asked about each as
            a whole, and text leaves sentence by sentence. Or a mapping from their names to these. A
            number also counts for expressions that do not run in linear time; a ``model`` always
            reads sentences. Default: None, nobody knows.
        hold: how much more must arrive before a piece leaves, at least: a number of tokens, or a
            :class:`Hold`; default 0.
        on_error: ``"closed"`` (default) ends the stream when the guard fails; ``"open"`` goes on.
        max_hold: how many characters of one piece without a boundary, of one match of a pattern of
            your own, or of one sentence that is read as a whole, may wait; default 1024. A longer
            one counts as a finding of the kind ``"UNDECIDED"`` and is redacted as a whole, unless
            ``actions`` says otherwise or every action is ``"flag"``.
        blocking: for how long a stream waits for a model, a recogniser with code of its own or an
            expression that does not run in linear time, and how many calls may run at once; default
            ``Blocking()``. Without these every call is quick.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
        MissingExtraError: presidio is not installed.
    """

    name = "pii"

    def __init__(  # noqa: PLR0913  # one knob each; all but two are rarely touched
        self,
        *,
        entities: Collection[str] | None = None,
        threshold: float | Mapping[str, float] = DEFAULT_THRESHOLD,
        actions: Mapping[str, ActionLike] | None = None,
        action: ActionLike = "redact",
        language: str = "en",
        model: str | NlpEngine | None = None,
        recognizers: Sequence[EntityRecognizer] = (),
        reach: ReachLike | None = None,
        hold: HoldLike = 0,
        on_error: OnError = "closed",
        max_hold: int = MAX_HOLD,
        blocking: Blocking | None = None,
    ) -> None:
        self.hold = hold_of(hold)
        self.on_error: OnError = _on_error(on_error)
        self._max_hold = _count("max_hold", max_hold, at_least=_SHORTEST_HOLD)
        self._reach = Reach(reach, self._max_hold)
        self._model = model
        self._language = language
        self._default = action_of(action)
        self._recognizers = tuple(recognizers)
        self._entities = _entities(entities, language, model, self._recognizers)
        known = self._entities | {"UNDECIDED"}
        self._actions = {
            _known(entity, known, "actions"): action_of(one)
            for entity, one in (actions or {}).items()
        }
        self._threshold = _thresholds(threshold, self._entities)
        self._engine, self._described = _engine(
            self._threshold, language, model, self._recognizers, self._reach
        )
        self._undecided = self._actions.get("UNDECIDED") or self._closed_action()
        self.blocking: BlockingLike = False if self._engine.quick else blocking or Blocking()

    @property
    def entities(self) -> frozenset[str]:
        """The kinds that are looked for."""
        return self._entities

    def scanner(self) -> Scanner:
        """Open a scanner for one run of text."""
        from .settling import opened  # needs presidio

        return opened(self._engine, self._max_hold)

    def find(self, text: str) -> list[Finding]:
        """Return the findings in a whole text: what a scanner returns for it in any pieces."""
        scanner = self.scanner()
        return [*scanner.feed(text), *scanner.finish()]

    def action(self, entity: str) -> Action:
        """Return what happens to a finding of this kind."""
        if entity == "UNDECIDED":
            return self._undecided
        return self._actions.get(entity, self._default)

    def fingerprint(self) -> str:
        """Describe everything that changes a verdict; part of the cache key."""
        actions = {entity: self.action(entity).fingerprint() for entity in self._entities}
        parts = {
            "entities": sorted(self._entities),
            "threshold": sorted(self._threshold.items()),
            "actions": sorted(actions.items()),
            "undecided": self._undecided.fingerprint(),
            "model": _model_name(self._model),
            "language": self._language,
            "recognizers": self._described,
            "reach": self._reach.describe(),
            "max_hold": self._max_hold,
            "presidio": version("presidio-analyzer"),
            "phonenumbers": version("phonenumbers"),
            "scanner": _SCANNER_VERSION,
        }
        return f"pii:{parts!r}"

    def _closed_action(self) -> Action:
        """Return what happens to text that nobody looked at: it must not leave as it is."""
        if self._default.kind == "block":
            return self._default
        flags = all(self.action(entity).kind == "flag" for entity in self._entities)
        return self._default if flags else Redact()


def _engine(
    floors: Mapping[str, float],
    language: str,
    model: str | NlpEngine | None,
    own: Sequence[EntityRecognizer],
    reach: Reach,
) -> tuple[Engine, list[str]]:
    from .loading import description, engine  # needs presidio

    return engine(floors, language, model, own, reach), [description(one) for one in own]


def _model_name(model: str | NlpEngine | None) -> str | None:
    from .loading import model_name  # needs presidio

    return model_name(model)


def _entities(
    entities: Collection[str] | None,
    language: str,
    model: str | NlpEngine | None,
    own: Sequence[EntityRecognizer],
) -> frozenset[str]:
    try:
        from .loading import supported_entities  # an optional library
    except ImportError as error:
        raise MissingExtraError("pii", "PII()") from error
    supported = supported_entities(language, model, own)
    if isinstance(entities, str):
        raise ConfigurationError(f"PII(entities=...) takes a list: write [{entities!r}]")
    wanted = supported if entities is None else frozenset(entities)
    if not wanted:
        raise ConfigurationError("PII(entities=[]) finds nothing: name one, or leave it out")
    for entity in sorted(wanted - supported):
        if model is None and entity in _NEED_MODEL:
            raise ConfigurationError(
                f"{entity} needs a language model: write PII(model='en_core_web_sm', ...)",
            )
        _known(entity, supported, "entities")
    return wanted


_NEED_MODEL = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "NRP"})


def _known(entity: str, known: frozenset[str], setting: str) -> str:
    if entity not in known:
        raise ConfigurationError(
            f"unknown entity {entity!r} in PII({setting}=...): "
            f"write one of {', '.join(sorted(known))}",
        )
    return entity


def _count(setting: str, value: int, *, at_least: int) -> int:
    if type(value) is not int or value < at_least:
        raise ConfigurationError(
            f"PII({setting}={value!r}) cannot work: write a whole number, {at_least} or more",
        )
    return value


def _on_error(value: OnError) -> OnError:
    if value not in ("closed", "open"):
        raise ConfigurationError(f"unknown on_error {value!r}: write 'closed' or 'open'")
    return value


def _thresholds(
    threshold: float | Mapping[str, float],
    entities: frozenset[str],
) -> dict[str, float]:
    """Return the lowest score that counts, for each entity."""
    if not isinstance(threshold, Mapping):
        return dict.fromkeys(entities, _score(threshold))
    named = {entity: _score(score) for entity, score in threshold.items()}
    if threshold is not DEFAULT_THRESHOLD:
        for entity in named:
            _known(entity, entities, "threshold")
    return {entity: named.get(entity, FLOOR) for entity in entities}


def _score(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigurationError(f"a threshold of {value!r} cannot work: write one from 0 to 1")
    return float(value)
