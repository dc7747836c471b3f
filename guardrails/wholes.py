"""Texts that are complete in themselves: each is decided once, however often it is said."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from ..wire import Edit, Form
from .channel import ChannelText
from .panel import Panel, Verdict

__all__ = ["Decided", "Wholes"]

# Responses repeats a text up to four times; more than this is not worth remembering.
_MEMO_CHARACTERS = 256 * 1024
# What a text costs beside its characters, so that many short ones do not pile up.
_MEMO_ENTRY = 512


class Decided(NamedTuple):
    """What a whole text becomes (None: it stays), the verdicts on it, and the edits."""

    text: str | None
    verdicts: list[Verdict]
    edits: tuple[Edit, ...]


class Wholes:
    """Decides texts that are complete in themselves, each of them once."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._known: OrderedDict[tuple[str, Form], Decided] = OrderedDict()
        self._size = 0

    def look(self, text: str, form: Form) -> Decided:
        """Decide a text."""
        key = (text, form)
        if key in self._known:
            return self._known[key]
        channel = ChannelText(form, self._panel)
        part, verdicts = channel.add(text)
        verdicts += channel.close()
        edits = channel.edits
        result = Decided(channel.render(part), verdicts, edits)
        self._known[key] = result
        self._size += len(text) + _MEMO_ENTRY
        while self._size > _MEMO_CHARACTERS:
            (old, _), _ = self._known.popitem(last=False)
            self._size -= len(old) + _MEMO_ENTRY
        return result
