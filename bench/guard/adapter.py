"""One interface for all that guards a text as it arrives; ours and Presidio on the whole text."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from presidio_anonymizer import AnonymizerEngine

from bench.guard.batch import FLOOR, URL_FLOOR, presidio
from bench.guard.planted import KINDS
from streamward.guardrails import PII
from streamward.guardrails.channel import ChannelText, Part
from streamward.guardrails.panel import Panel

__all__ = ["Peer", "Pumped", "Stream", "presidio_whole", "streamward"]


class Stream(Protocol):
    """One text on its way through a guard."""

    def feed(self, piece: str) -> str:
        """Take the next piece; return the text that a reader sees now."""
        ...

    def finish(self) -> str:
        """Say that the text is over; return the rest."""
        ...


@dataclass(frozen=True)
class Peer:
    """Something that guards a stream.

    Attributes:
        name: how it is called in the tables.
        version: of the package it is from.
        kinds: what it claims to find, in Presidio's words.
        open: begins a stream.
        how: how it was set up.
    """

    name: str
    version: str
    kinds: frozenset[str]
    open: Callable[[], Stream]
    how: str


class _Streamward:
    """The text of one channel, as the ward keeps it: no frames, no JSON."""

    def __init__(self, panel: Panel) -> None:
        self._channel = ChannelText("text", panel)
        self._waiting: deque[Part] = deque()

    def feed(self, piece: str) -> str:
        part, _ = self._channel.add(piece)
        self._waiting.append(part)
        return self._leaving()

    def finish(self) -> str:
        self._channel.close()
        return self._leaving()

    def _leaving(self) -> str:
        out: list[str] = []
        while self._waiting and self._channel.ready(self._waiting[0]):
            part = self._waiting.popleft()
            new = self._channel.render(part)
            out.append(part.text if new is None else new)
        return "".join(out)


def streamward(version: str) -> Peer:
    """Return our own guard with its defaults."""
    panel = Panel([PII()])
    return Peer("streamward", version, frozenset(KINDS), lambda: _Streamward(panel), "PII()")


class _Whole:
    """Collects all of the text, asks Presidio once, and shows the result."""

    def __init__(self, analyzer: Any, anonymizer: Any) -> None:
        self._analyzer = analyzer
        self._anonymizer = anonymizer
        self._pieces: list[str] = []

    def feed(self, piece: str) -> str:
        self._pieces.append(piece)
        return ""

    def finish(self) -> str:
        text = "".join(self._pieces)
        found = self._analyzer.analyze(text, "en", score_threshold=FLOOR)
        found = [one for one in found if one.entity_type != "URL" or one.score >= URL_FLOOR]
        shown: str = self._anonymizer.anonymize(text, found).text
        return shown


def presidio_whole(version: str) -> Peer:
    """Return Presidio on the whole text, with the thresholds that are ours by default."""
    make: Any = AnonymizerEngine  # untyped
    analyzer, anonymizer = presidio(), make()
    how = "AnalyzerEngine without a model on the whole text, then AnonymizerEngine"
    return Peer("presidio", version, frozenset(KINDS), lambda: _Whole(analyzer, anonymizer), how)


class _NoMore:
    """Awaited where a source has nothing yet."""

    def __await__(self) -> Generator[None]:
        yield


class Pumped:
    """Drives a peer that is an async generator over another, without an event loop.

    An event loop would be measured with it. The peers here await nothing but their source.

    Args:
        wrap: the peer: takes the source, yields what may be shown.
        pack: makes what the source yields for a piece, or None for the end.
        unpack: returns the text in what the peer yields.
    """

    def __init__(
        self,
        wrap: Callable[[AsyncIterator[Any]], AsyncIterator[Any]],
        pack: Callable[[str | None], Any],
        unpack: Callable[[Any], str],
    ) -> None:
        self._pack = pack
        self._unpack = unpack
        self._inbox: deque[Any] = deque()
        self._over = False
        self._out = wrap(self._source())
        self._step: Any = None

    def feed(self, piece: str) -> str:
        self._inbox.append(self._pack(piece))
        return self._drain()

    def finish(self) -> str:
        last = self._pack(None)
        if last is not None:
            self._inbox.append(last)
        self._over = True
        return self._drain()

    async def _source(self) -> AsyncGenerator[Any]:
        while True:
            while self._inbox:
                yield self._inbox.popleft()
            if self._over:
                return
            await _NoMore()

    def _drain(self) -> str:
        shown: list[str] = []
        while True:
            step = self._step or anext(self._out).__await__()
            self._step = None
            try:
                if step.send(None) is not None:
                    raise RuntimeError("this peer needs an event loop")
            except StopIteration as done:
                shown.append(self._unpack(done.value))
            except StopAsyncIteration:
                break
            else:
                self._step = step
                break
        return "".join(shown)
