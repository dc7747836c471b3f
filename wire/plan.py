"""A description, ready to be followed: its places and marks looked up once, not in every frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .deep import ARGUMENTS, FOREIGN, OPAQUE
from .frame import Frame
from .json_splice import Path
from .place import Mark, Place, positions_of
from .reading import Channel, Scrub
from .rules import Closes, Hides, Rules, Says

__all__ = ["Plan", "Voice"]


class Voice:
    """One text that comes in pieces, ready to be looked up."""

    def __init__(self, says: Says) -> None:
        self.says = says
        self.place = Place(says.at)
        self.when = Mark(says.when)
        self.flat = self.when.flat
        self.key = [Place(one) for one in says.key]
        self.signature = Place(says.signature) if says.signature else None

    def found(self, frame: Frame, value: Any) -> Iterator[tuple[Path, Any]]:
        """Yield what stands at its place, where the frame looks as it must."""
        if self.flat and not self.when.holds(frame, value):
            return
        for path, found in self.place.find(value):
            if self.flat or self.when.holds(frame, value, positions_of(path)):
                yield path, found

    def channel(self, group: Path) -> Channel:
        """Return the channel of these keys."""
        says = self.says
        name = says.name or says.at
        return Channel((name, *group), says.kind, says.form, self.signature is not None)

    def group(self, value: Any, positions: tuple[int, ...]) -> Path:
        """Return what tells this channel from others of the voice."""
        return _keys(self.key, value, positions)


class End:
    """One sort of frame that ends channels, ready to be looked up."""

    def __init__(self, closes: Closes) -> None:
        self.when = Mark(closes.when)
        self.key = [Place(one) for one in closes.key]
        self.of = closes.of
        lists = [*self.key, *([self.when.lists] if self.when.lists else [])]
        self._flat = self.when.flat
        self._through = max(lists, key=lambda place: place.lists, default=Place(""))

    def groups(self, frame: Frame, value: Any) -> Iterator[Path]:
        """Yield the keys that end with a frame."""
        if self._flat and not self.when.holds(frame, value):
            return
        for positions in self._through.elements(value):
            if self.when.holds(frame, value, positions):
                yield _keys(self.key, value, positions)


class Hidden:
    """Something that gives the text away, ready to be looked up."""

    def __init__(self, hides: Hides) -> None:
        self._place = Place(hides.at)
        self._hides = hides
        self._tokens = Place(hides.spells) if hides.spells else None

    def scrubs(self, value: Any, said: Mapping[Path, str]) -> Iterator[Scrub]:
        """Yield what goes with an edit of what is said in a frame, or at once."""
        for path, inner in self._place.find(value):
            if inner not in (None, self._hides.empty):
                ahead = self._tokens is not None and not self._spells(value, path, said)
                yield Scrub(path, self._hides.empty, "always" if ahead else self._hides.when)

    def _spells(self, value: Any, path: Path, said: Mapping[Path, str]) -> bool:
        tokens = self._tokens.find(value) if self._tokens else ()
        spelled = [token for at, token in tokens if at[: len(path)] == path]
        if not all(isinstance(token, str) for token in spelled):
            return False
        beside = positions_of(path)
        texts = [text for at, text in said.items() if positions_of(at)[: len(beside)] == beside]
        return "".join(spelled) in (*texts, "".join(texts))


class Plan:
    """The rules of a dialect, ready to be followed; shared by its readers.

    Raises:
        ConfigurationError: a place or a mark is not written as one.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.voices = [Voice(one) for one in rules.says]
        self.ends = [End(one) for one in rules.closes]
        self.hides = [Hidden(one) for one in rules.hides]
        self.repeats = [Place(one) for one in rules.repeats]
        self.done = Mark(rules.done)
        self.fails = Mark(rules.fails)
        self.unreadable = Mark(rules.unreadable)
        self.finish = Place(rules.finish)
        self.usage = [Place(one) for one in rules.usage or ()]
        self.skip = (OPAQUE - set(rules.read)) | set(rules.alone)
        self.arguments = ARGUMENTS | set(rules.arguments)
        self.foreign = FOREIGN | set(rules.foreign)
        of_voices, of_ends = [one.when for one in self.voices], [one.when for one in self.ends]
        marks = [self.done, self.fails, *of_voices, *of_ends]
        tested = {place for mark in marks for place in mark.places}
        spoken = {voice.says.at for voice in self.voices}
        grows = any(voice.says.so_far for voice in self.voices)
        self.steady = not grows and not tested & spoken


def _keys(places: list[Place], value: Any, positions: tuple[int, ...]) -> Path:
    """Return what stands at places; where nothing does, the position in the innermost list."""
    found: list[str | int] = []
    for place in places:
        key = place.at(value, positions)
        if isinstance(key, bool) or not isinstance(key, str | int):
            key = positions[place.lists - 1] if 0 < place.lists <= len(positions) else -1
        found.append(key)
    return tuple(found)
