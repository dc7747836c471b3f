"""Run a stream through framer, detection, reader and ward, as a door does."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from wire_vectors import Vector

from streamward.guardrails import Channels, Guard
from streamward.guardrails.ward import Ward
from streamward.wire import (
    Dialect,
    Frame,
    Framing,
    Reader,
    detect,
    expect,
    is_bare_error,
    is_end_marker,
)

LIMIT = 1 << 20


@dataclass
class Run:
    """One stream on its way."""

    vector: Vector
    guards: Sequence[Guard]
    channels: Channels = field(default_factory=Channels)
    out: bytes = b""
    dialect: Dialect | None = None
    reader: Reader | None = None
    framing: Framing = field(init=False)
    ward: Ward = field(init=False)

    def __post_init__(self) -> None:
        framing = self.vector.framing
        self.framing = framing
        self.framer = framing.framer(LIMIT)
        self.ward = Ward(self.guards, framing, channels=self.channels)

    def feed(self, chunk: bytes) -> None:
        for frame in self.framer.feed(chunk):
            self._frame(frame)

    def finish(self) -> None:
        for frame in self.framer.finish():
            self._frame(frame)
        if self.ward.blocked is None:
            self.out += b"".join(self.ward.finish())

    def _frame(self, frame: Frame) -> None:
        if self.ward.blocked is not None:
            return
        if frame.data is None:
            steps = self.reader.named(frame) if self.reader and frame.event else []
        elif self.reader is None and is_end_marker(frame):
            steps = []
        else:
            if self.reader is None:
                self.dialect = self._recognise(frame)
                self.reader = self.dialect.reader()
            steps = self.reader.read(frame)
        self.out += b"".join(self.ward.feed(frame, steps))

    def _recognise(self, frame: Frame) -> Dialect:
        vector = self.vector
        if is_bare_error(frame):
            return expect(self.framing, vector.path, vector.headers)
        return detect(self.framing, vector.headers, vector.path, frame)


def run(
    vector: Vector,
    guard: Guard,
    chunks: Iterable[bytes] | None = None,
    channels: Channels | None = None,
) -> Run:
    """Run a vector; whole unless chunks are given."""
    going = Run(vector, [guard], channels or Channels())
    for chunk in [vector.body] if chunks is None else chunks:
        going.feed(chunk)
    going.finish()
    return going


def bytewise(body: bytes) -> list[bytes]:
    return [body[i : i + 1] for i in range(len(body))]


def cut(body: bytes, at: Iterable[int]) -> list[bytes]:
    """Cut a body at offsets (taken modulo its length)."""
    edges = sorted({0, len(body), *(i % (len(body) + 1) for i in at)})
    return [body[a:b] for a, b in pairwise(edges)]


def random_cuts(body: bytes, seed: int, count: int = 12) -> list[bytes]:
    dice = random.Random(seed)
    return cut(body, [dice.randrange(len(body) + 1) for _ in range(count)])
