"""Reads and writes the frames of a dialect that is described and not programmed."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from .deep import deep_scan
from .dialect import Early, Problem, Reader, early_by
from .errors import UnreadableFrameError
from .frame import Frame
from .json_codec import dumps, is_array, is_object, loads
from .json_splice import Name, Path
from .place import NOWHERE, Place, positions_of
from .plan import Plan, Voice
from .reading import PAYLOAD, Channel, Close, Scrub, SoFar, Step, Text, Usage, Whole
from .rules import CALL, CODE, SENTENCE, Writes

__all__ = ["DescribedReader"]

_END_MARKER = b"[DONE]"
# What begins so and is no JSON is broken, and not a word between two frames.
_OPENINGS = (b"{", b"[{", b'["', b'"')
# What tells channels apart comes from the upstream: a bound on what it can make us remember.
_MAX_CHANNELS = 1024


class DescribedReader(Reader):
    """Reads one stream by a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.steady = plan.steady
        self._channels: dict[Channel, Path] = {}  # that are open, and their keys
        self._speaking: dict[Path, str] = {}  # by keys: the kind of text that comes now
        self._left: set[tuple[Path, str]] = set()  # keys and kinds that have ended once
        self._spoke = False
        self._done = False
        self._left_open = False
        self._finished = False
        self._early: set[Early] = set()

    @property
    def complete(self) -> bool:
        """The end came, every channel had been closed, and every reason is a good one."""
        return self._whole() and not self._early

    @property
    def early(self) -> frozenset[Early]:
        """The reasons that are not good ones, where the end came."""
        return frozenset(self._early) if self._whole() else frozenset()

    def _whole(self) -> bool:
        rules = self._plan.rules
        ended = (self._done or not rules.done) and (self._finished or not rules.finish)
        speaks = bool(rules.done or rules.finish or self._spoke)
        open_still = self._left_open or (bool(self._channels) and bool(rules.closes))
        return ended and speaks and not open_still and not self.failed

    def read(self, frame: Frame) -> list[Step]:
        """Read one frame. One without a payload says nothing (MCP begins with such a one)."""
        data = frame.data or b""
        if self._plan.rules.unreadable and self._plan.unreadable.holds(frame, None):
            raise UnreadableFrameError("a frame carries text that cannot be read")
        if data == _END_MARKER or not data:
            return self._end(frame, None) if data else []
        try:
            value = loads(data)
        except UnreadableFrameError:
            return self._plain(frame)
        steps: list[Step] = []
        if self._plan.rules.fails and self._plan.fails.holds(frame, value):
            self.failed = True
            steps.append(Close())
        said = self._voices(frame, value, steps)
        steps.extend(self._signatures(value))
        for hidden in self._plan.hides:
            steps.extend(hidden.scrubs(value, said))
        self._rest(value, said, steps)
        self._close(frame, value, steps)
        self._note(value)
        return steps + self._end(frame, value)

    def named(self, frame: Frame) -> list[Step]:
        """Read an event that has a name and no payload."""
        steps: list[Step] = []
        self._close(frame, NOWHERE, steps)
        return steps + self._end(frame, NOWHERE)

    def _plain(self, frame: Frame) -> list[Step]:
        """Read a payload that is no JSON: a sentinel, a word, or an error as plain text."""
        data = frame.data or b""
        fails = bool(self._plan.rules.fails) and self._plan.fails.holds(frame, None)
        if not fails and (not frame.ended or data.startswith(_OPENINGS)):
            raise UnreadableFrameError("a frame is not valid JSON")
        text = data.decode("utf-8", "replace")
        steps: list[Step] = [Whole(PAYLOAD, text)]
        if text.encode() != data:
            steps.append(Scrub(PAYLOAD, text, "always"))
        if fails:
            self.failed = True
            steps.insert(0, Close())
        return steps + self._end(frame, None)

    def _voices(self, frame: Frame, value: Any, steps: list[Step]) -> dict[Path, str]:
        said: dict[Path, str] = {}
        for voice in self._plan.voices:
            for path, found in voice.found(frame, value):
                positions = positions_of(path)
                texts = _texts(found, path, so_far=voice.says.so_far)
                said.update(texts)
                for at, text in texts.items():
                    if text:
                        group = (*voice.group(value, positions), *at[len(path) :])
                        self._speak(voice, group, at, text, steps)
        return said

    def _speak(self, voice: Voice, group: Path, path: Path, text: str, steps: list[Step]) -> None:
        self._spoke = True
        if self._plan.rules.in_turn:
            self._turn(group, voice.says.kind, steps)
        channel = self._opened(voice, group)
        steps.append((SoFar if voice.says.so_far else Text)(channel, path, text))

    def _signatures(self, value: Any) -> Iterator[Step]:
        """Find the signatures; each goes if any text that it vouches for was edited."""
        for voice in self._plan.voices:
            for path, signed in voice.signature.find(value) if voice.signature else ():
                if signed:
                    channel = voice.channel(voice.group(value, positions_of(path)))
                    yield Scrub(path, "", "channel", channel)

    def _opened(self, voice: Voice, group: Path) -> Channel:
        channel = voice.channel(group)
        if channel not in self._channels:
            if len(self._channels) >= _MAX_CHANNELS:
                raise UnreadableFrameError("a stream has too many channels")
            self._channels[channel] = group
        return channel

    def _turn(self, group: Path, kind: str, steps: list[Step]) -> None:
        """End what the same keys said before; should it go on, it is not ended again."""
        spoke = self._speaking.get(group, kind)
        if spoke not in (kind, "tool") and (group, spoke) not in self._left:
            self._left.add((group, spoke))
            self._drop(group, (), steps, spoke)
        self._speaking[group] = kind

    def _close(self, frame: Frame, value: Any, steps: list[Step]) -> None:
        if not self._channels and not self._speaking:
            return
        for end in self._plan.ends:
            for group in end.groups(frame, value):
                self._drop(group, end.of, steps)
                self._forget(group)

    def _forget(self, group: Path) -> None:
        """Let keys that have ended begin anew: they take turns again."""
        for keys in [one for one in self._speaking if one[: len(group)] == group]:
            del self._speaking[keys]
        self._left = {one for one in self._left if one[0][: len(group)] != group}

    def _drop(self, group: Path, of: Container[Any], steps: list[Step], kind: str = "") -> None:
        """Close channels whose keys begin so."""
        ended = tuple(
            channel
            for channel, keys in self._channels.items()
            if keys[: len(group)] == group
            and (not of or channel.key[0] in of)
            and kind in ("", channel.kind)
        )
        for channel in ended:
            del self._channels[channel]
        if ended:
            steps.append(Close(ended))

    def _rest(self, value: Any, said: Container[Path], steps: list[Step]) -> None:
        """Scan what no rule mentions."""
        plan = self._plan
        repeats = {path for place in plan.repeats for path, _ in place.find(value)}
        given, foreign = plan.arguments, plan.foreign
        for step in deep_scan(value, skip=plan.skip, arguments=given, foreign=foreign):
            if step.path in said:
                continue
            again = repeats and any(step.path[: len(path)] == path for path in repeats)
            steps.append(step._replace(repeats=True) if again and isinstance(step, Whole) else step)

    def _note(self, value: Any) -> None:
        """Take the reasons for the end, and the counts; a later count replaces an earlier one."""
        plan = self._plan
        if plan.rules.finish:
            for _, reason in plan.finish.find(value):
                if reason:
                    self._finished = True
                    if reason not in plan.rules.good:
                        self._early.add(early_by(reason))
        if plan.usage:
            read, written = (_count(place, value) for place in plan.usage)
            old = self.usage or Usage()
            if read is not None or written is not None:
                self.usage = Usage(
                    old.input_tokens if read is None else read,
                    old.output_tokens if written is None else written,
                )

    def _end(self, frame: Frame, value: Any) -> list[Step]:
        if frame.data != _END_MARKER and not self._is_done(frame, value):
            return []
        self._done = self._done or self._is_done(frame, value)
        self._left_open = bool(self._channels) and bool(self._plan.ends)
        self._channels.clear()
        return [Close()]

    def _is_done(self, frame: Frame, value: Any) -> bool:
        return bool(self._plan.rules.done) and self._plan.done.holds(frame, value)

    def error(self, problem: Problem) -> bytes:
        """Write what the dialect's client raises on."""
        return self._written(self._plan.rules.error, problem)

    def refusal(self, problem: Problem) -> bytes | None:
        """Write the dialect's own end for an answer that was refused, where it has one."""
        return self._written(self._plan.rules.refusal, problem) or None

    def _written(self, frames: tuple[Writes, ...], problem: Problem) -> bytes:
        build = self._plan.rules.framing.build
        return b"".join(build(_payload(one.value, problem), one.event) for one in frames)


def _payload(value: Any, problem: Problem) -> bytes:
    return value if isinstance(value, bytes) else dumps(_filled(value, problem))


def _filled(value: Any, problem: Problem) -> Any:
    if is_object(value):
        return {name: _filled(inner, problem) for name, inner in value.items()}
    if is_array(value):
        return [_filled(inner, problem) for inner in value]
    return (
        {CODE: problem.code, SENTENCE: problem.message, CALL: problem.call}.get(value, value)
        if isinstance(value, str)
        else value
    )


def _texts(value: Any, path: Path, *, so_far: bool) -> dict[Path, str]:
    """Return the texts that stand somewhere: one, or every string below if all of them grow."""
    if isinstance(value, str):
        return {path: value}
    if not so_far or not isinstance(value, dict | list):
        return {}
    leaves = deep_scan(value, path, skip=())
    texts = [leaf for leaf in leaves if isinstance(leaf, Whole) and leaf.form != "number"]
    return {leaf.path: leaf.text for leaf in texts if not isinstance(leaf.path[-1], Name)}


def _count(place: Place, value: Any) -> int | None:
    """Return the last count that stands somewhere."""
    counts = [count for _, count in place.find(value) if isinstance(count, int)]
    return counts[-1] if counts else None
