"""What a dialect says of itself as data is what its code does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wire_vectors import VECTORS

from streamward.wire import DIALECTS, MAX_FRAME, NDJSON, SSE, detect, is_end_marker, loads
from streamward.wire.errors import UnreadableFrameError
from streamward.wire.place import Mark

CUT = [vector for vector in VECTORS if vector.framing in (SSE, NDJSON)]
ROWS = {dialect.name: dialect for dialect in DIALECTS}
PLAIN = {"raw_sse", "unknown_json", "unknown_ndjson"}


def frames_of(vector):
    framer = vector.framing.framer(MAX_FRAME)
    frames = [*framer.feed(vector.body), *framer.finish()]
    return [frame for frame in frames if frame.data is not None or frame.event]


def value_of(frame):
    try:
        return loads(frame.data or b"")
    except UnreadableFrameError:
        return None


def read(vector, frames):
    reader = ROWS[vector.dialect].reader()
    for frame in frames:
        if frame.data is None:
            reader.named(frame)
        else:
            reader.read(frame)
    return reader


@pytest.mark.parametrize("vector", CUT, ids=lambda vector: f"{vector.dialect}: {vector.name}")
def test_a_stream_ends_with_the_mark_of_its_end(vector):
    mark = Mark(ROWS[vector.dialect].signs.ends)
    frames = frames_of(vector)
    reader = read(vector, frames)
    ending = [mark.holds(frame, value_of(frame)) for frame in frames]

    assert any(ending) or not (reader.complete or reader.early or reader.failed)
    if reader.complete and vector.dialect not in PLAIN:
        assert not read(vector, frames[: ending.index(True)]).complete


@pytest.mark.parametrize("vector", CUT, ids=lambda vector: f"{vector.dialect}: {vector.name}")
def test_a_first_frame_is_claimed_by_the_same_row(vector):
    frames = (frame for frame in frames_of(vector) if not is_end_marker(frame))
    first = next(frames, None)
    if first is None:
        pytest.skip("no frame")
    rows = [row for row in DIALECTS if row.framing is vector.framing]
    found = detect(vector.framing, {}, "", first)
    claimed = [
        row
        for row in rows
        if any(Mark(one).holds(first, value_of(first)) for one in row.signs.claims)
    ]

    assert (claimed[0] if claimed else rows[-1]).name == found.name or (
        not claimed and found.name in PLAIN
    )


def test_each_dialect_with_an_end_says_so():
    without = {row.name for row in DIALECTS if row.framing in (SSE, NDJSON) and not row.signs.ends}

    assert without == PLAIN
