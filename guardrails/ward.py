"""The ward: frames wait here, in order, until all their text is decided.

Strategy: a queue. A frame enters with the steps that its dialect read from it; its text goes to
the channels, and the frame leaves from the front of the queue once every channel has decided the
part that the frame carries. What leaves unchanged leaves as the bytes it came as; an edited frame
is its old bytes with only the edited strings replaced. Nothing overtakes anything.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Any

from ..wire import (
    PAYLOAD,
    Channel,
    Close,
    Edit,
    Frame,
    Framing,
    Path,
    Scrub,
    SoFar,
    Sound,
    Step,
    Text,
    Whole,
    loads,
    splice,
)
from ..wire.errors import HoldLimitError
from .channel import ChannelText, Part
from .channels import Channels
from .guard import Guard
from .panel import Panel, Verdict
from .stream_actions import StreamActions
from .wholes import Decided, Wholes

__all__ = ["MAX_HELD", "Ward"]

# Twice the largest frame: one that waits and one that arrives.
MAX_HELD = 16 * 1024 * 1024
_FRAME_COST = 1024  # of a small frame that waits, with all that belongs to it
_FEWEST = 64


class _Growing:
    """A text that each frame says from its beginning: what came, and what has left of it."""

    __slots__ = ("came", "edited", "left")

    def __init__(self) -> None:
        self.came = self.left = ""
        self.edited = False

    def take(self, part: Part, text: str | None) -> None:
        """Take what the next piece becomes; None: it stays."""
        self.edited = self.edited or text is not None
        self.left += part.text if text is None else text


class _Waiting:
    """A frame in the queue."""

    __slots__ = ("blocked", "edits", "frame", "growing", "parts", "scrubs", "size", "wholes")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.size = len(frame.raw)
        self.parts: list[tuple[ChannelText, Path, Part]] = []
        self.growing: dict[Path, tuple[_Growing, bool]] = {}  # and whether all of it is said
        self.edits: dict[Path, Any] = {}
        self.scrubs: list[tuple[Scrub, ChannelText | None]] = []
        self.wholes: dict[Path, tuple[Edit, ...]] = {}
        self.blocked = False


class Ward:
    """Guards the frames of one stream.

    Args:
        guards: who decides; at least one.
        framing: how frames are written anew.
        limit: how many bytes of frames may wait at the same time; and one frame for each KiB of it,
            64 at least, since a small frame costs more than its bytes.
        actions: what a prompt and its answer share; default: the stream's own.
        channels: what may be done to each sort of channel; None: what ``Channels()`` says.

    Attributes:
        findings: how often each (guard, entity, kind of action) was found.
        spoken: how many pieces of text have left.
        blocked: the verdict that ended the answer; the frames returned last are the last ones.
    """

    def __init__(
        self,
        guards: Sequence[Guard],
        framing: Framing,
        limit: int = MAX_HELD,
        *,
        actions: StreamActions | None = None,
        channels: Channels | None = None,
    ) -> None:
        self._panel = Panel(guards, actions)
        self._rules = channels or Channels()
        self._framing = framing
        self._limit = limit
        self._most = max(_FEWEST, limit // _FRAME_COST)
        self._queue: deque[_Waiting] = deque()
        self._held = 0
        self._channels: dict[Channel, ChannelText] = {}
        self._growing: dict[Channel, _Growing] = {}
        self._wholes = Wholes(self._panel)
        self._edited = False
        self.findings: Counter[tuple[str, str, str]] = Counter()
        self.spoken = 0
        self.blocked: Verdict | None = None

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the guards that failed, and that the stream goes on without."""
        return tuple(self._panel.failed)

    @property
    def held(self) -> int:
        """How many bytes of frames are waiting."""
        return self._held

    def feed(self, frame: Frame, steps: Iterable[Step] = ()) -> list[bytes]:
        """Take a frame and what it holds; return the frames that may leave now.

        Raises:
            HoldLimitError: too much is waiting.
            GuardFailedError: a guard raised, and its policy is *closed*.
        """
        waiting = _Waiting(frame)
        self._queue.append(waiting)
        self._held += waiting.size
        if frame.aside:
            self._look_aside(waiting)
        for step in steps:
            self._take(step, waiting)
        leaving = self._release()
        if self._held > self._limit or len(self._queue) > self._most:
            raise HoldLimitError(self._limit)
        return leaving

    def finish(self) -> list[bytes]:
        """Close every channel; return all that waits, decided."""
        self._close(self._channels)
        return self._release()

    def _take(self, step: Step, waiting: _Waiting) -> None:
        if isinstance(step, Text):
            if (growing := self._growing.get(step.channel)) is not None:
                growing.came += step.text
                waiting.growing[step.path] = growing, False
            self._text(step, waiting)
        elif isinstance(step, SoFar):
            self._so_far(step, waiting)
        elif isinstance(step, Close):
            self._close(self._channels if step.channels is None else step.channels)
        elif isinstance(step, Whole):
            decided = self._decide(step, waiting)
            if decided.text is not None and not waiting.blocked:
                number = step.form == "number"
                new = loads(decided.text.encode()) if number else decided.text
                waiting.edits[step.path] = new
                waiting.wholes[step.path] = decided.edits
        elif isinstance(step, Sound):
            self._sound(step, waiting)
        else:
            channel = self._channels.get(step.channel) if step.channel else None
            waiting.scrubs.append((step, channel))

    def _so_far(self, step: SoFar, waiting: _Waiting) -> None:
        growing = self._growing.get(step.channel)
        if growing is None or not step.text.startswith(growing.came):
            self._close((step.channel,))
            growing = self._growing[step.channel] = _Growing()
        piece = step.text[len(growing.came) :]
        growing.came = step.text
        waiting.growing[step.path] = growing, True
        self._text(Text(step.channel, step.path, piece), waiting)

    def _text(self, step: Text, waiting: _Waiting) -> None:
        channel = self._channels.get(step.channel)
        if channel is None:
            treatment = self._rules.treatment(step.channel)
            channel = ChannelText(step.channel.form, self._panel, treatment)
            self._channels[step.channel] = channel
        also: Sequence[Edit] = ()
        if waiting.wholes:
            # What was found in this leaf as a whole goes whatever the channel makes of it.
            waiting.edits.pop(step.path, None)
            also = waiting.wholes.get(step.path, ())
        part, verdicts = channel.add(step.text, also)
        if self.blocked is None:
            waiting.parts.append((channel, step.path, part))
        else:  # by what stands before it: it is looked at for the report only
            waiting.edits[step.path] = ""
        self._count(verdicts)

    def _sound(self, step: Sound, waiting: _Waiting) -> None:
        dropped = self._rules.audio == "drop"
        self.findings["channels", "AUDIO", "edit" if dropped else "flag"] += 1
        if dropped:
            waiting.edits[step.path] = step.silence

    def _close(self, channels: Iterable[Channel]) -> None:
        for key in tuple(channels):
            self._growing.pop(key, None)
            if channel := self._channels.pop(key, None):
                self._count(channel.close())

    def _decide(self, step: Whole, waiting: _Waiting) -> Decided:
        decided = self._wholes.look(step.text, step.form)
        if self._rules.treatment_of(step.kind) == "flag":
            verdicts = [verdict.unedited() for verdict in decided.verdicts]
            decided = Decided(None, verdicts, ())
        blocked = any(verdict.kind == "block" for verdict in decided.verdicts)
        waiting.blocked = waiting.blocked or blocked
        self._count(decided.verdicts, repeated=step.repeats)
        return decided

    def _count(self, verdicts: Iterable[Verdict], *, repeated: bool = False) -> None:
        for verdict in verdicts:
            self._edited = self._edited or verdict.kind == "edit"
            if not repeated:
                self.findings[verdict.guard, verdict.entity, verdict.kind] += 1
            if verdict.kind == "block" and self.blocked is None:
                self.blocked = verdict
                self._close(self._channels)

    def _release(self) -> list[bytes]:
        leaving: list[bytes] = []
        while self._queue:
            waiting = self._queue[0]
            for channel, _, part in waiting.parts:
                if not channel.ready(part):
                    return leaving
            self._queue.popleft()
            self._held -= waiting.size
            if self.blocked is not None and (waiting.blocked or self._reaches_block(waiting)):
                leaving += self._up_to_block(waiting)
                self._queue.clear()
                self._held = 0
                break
            self.spoken += len(waiting.parts)
            leaving.append(self._render(waiting))
        return [frame for frame in leaving if frame]

    def _reaches_block(self, waiting: _Waiting) -> bool:
        return any(channel.reaches_block(part) for channel, _, part in waiting.parts)

    def _up_to_block(self, waiting: _Waiting) -> list[bytes]:
        """Return the last frame: what its text says before the finding, if it says anything."""
        speaks = any(channel.speaks_before_block(part) for channel, _, part in waiting.parts)
        return [self._render(waiting)] if speaks and not waiting.blocked else []

    def _render(self, waiting: _Waiting) -> bytes:
        edits = waiting.edits
        for channel, path, part in waiting.parts:
            text = channel.render(part)
            if path in waiting.growing:
                growing, whole = waiting.growing[path]
                growing.take(part, text)
                if whole:
                    text = growing.left if growing.edited else None
            if text is not None:
                edits[path] = text
        edited = bool(edits)
        for scrub, spoken in waiting.scrubs:
            if self._scrubs(scrub, spoken, edited=edited):
                edits.setdefault(scrub.path, scrub.value)
        if not edits:
            return waiting.frame.raw
        if PAYLOAD in edits:
            data = edits[PAYLOAD].encode("utf-8", "replace")
            if not data:  # an event without data breaks clients; a text without it says nothing
                return b""
        else:
            data = splice(waiting.frame.data or b"", edits)
        return self._framing.with_data(waiting.frame, data)

    def _scrubs(self, scrub: Scrub, channel: ChannelText | None, *, edited: bool) -> bool:
        if scrub.when == "frame":
            return edited
        if scrub.when == "channel":
            return channel is not None and channel.edited
        return self._edited or scrub.when == "always"

    def _look_aside(self, waiting: _Waiting) -> None:
        """Drop comments and unknown fields in which something is found."""
        aside = waiting.frame.aside.decode("utf-8", "replace")
        if self._decide(Whole((), aside), waiting).text is not None:
            waiting.frame = self._framing.without_aside(waiting.frame)
