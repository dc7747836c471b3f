"""What servers send that is not one plain data line: as it came, or redacted, but never lost.

The shapes are the rows of ``reference/wire-formats.md`` §2.4. Which client fails on which of them
is its own affair while the server sends them: a stream in which nothing is found stays byte for
byte. Where something is found, the text is the same as in the plain stream.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wire_run import random_cuts
from wire_vectors import VECTORS, Vector
from word_guard import EDITING, FINDING_NOTHING, GONE, SECRET

from streamward import Limits
from streamward.middleware.pipeline import Pipeline
from streamward.wire import SSE, Frame

BLOCKS = re.compile(rb"(?:\r\n|\n|\r){2}")


def between(more: bytes) -> Callable[[bytes], bytes]:
    """Return how a block becomes one with something before it."""
    return lambda block: more + block


def two_lines(block: bytes) -> bytes:
    """Write an object over two data lines, cut behind its brace, where that is white space."""
    return re.sub(rb"^data: ?\{(?=\")", b"data: {\ndata: ", block, flags=re.MULTILINE)


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "a comment between": between(b": hb\n\n"),
    "a comment glued to the data": between(b": hb\n"),
    "a blank line between": between(b"\n"),
    "an id, and comments behind it": between(b"id: 7\n"),
    "a retry alone": between(b"retry: 5\n\n"),
    "an event without data": between(b"event: nothing\n\n"),
    "empty data": between(b"data:\n\n"),
    "no space behind the colon": lambda block: block.replace(b"data: ", b"data:"),
    "an object over two lines": two_lines,
    "line ends of Windows": lambda block: block.replace(b"\n", b"\r\n"),
    "line ends of old": lambda block: block.replace(b"\n", b"\r"),
}


def irregular(vector: Vector, shape: str) -> bytes:
    blocks = [block + b"\n\n" for block in vector.body.split(b"\n\n") if block]
    return b"".join(map(SHAPES[shape], blocks))


def through(vector: Vector, body: bytes, guard: Any, seed: int) -> tuple[bytes, Pipeline]:
    pipeline = Pipeline(
        SSE, headers=vector.headers, path=vector.path, guards=[guard], limits=Limits()
    )
    out = [piece for chunk in random_cuts(body, seed) for piece in pipeline.feed(chunk)]
    return b"".join([*out, *pipeline.finish()]), pipeline


def payloads(body: bytes) -> list[Any]:
    framer = SSE.framer(1 << 20)
    frames: list[Frame] = [*framer.feed(body), *framer.finish()]
    return [parsed(frame.data) for frame in frames if frame.data]


def parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data


def is_plain(vector: Vector) -> bool:
    body = vector.body
    return vector.framing is SSE and body.endswith(b"\n\n") and b"\r" not in body


# In raw text a data line is text; audio and tokens that run ahead are taken out in any case.
PLAIN = [
    vector
    for vector in VECTORS
    if is_plain(vector)
    and vector.dialect != "raw_sse"
    and through(vector, vector.body, FINDING_NOTHING, 1)[0] == vector.body
]
vectors = pytest.mark.parametrize("vector", PLAIN, ids=lambda vector: vector.name)
shapes = pytest.mark.parametrize("shape", SHAPES)


@shapes
@vectors
def test_nothing_found_leaves_as_it_came(vector, shape):
    body = irregular(vector, shape)

    out, pipeline = through(vector, body, FINDING_NOTHING, len(body))

    assert out == body
    assert pipeline.complete == vector.complete


@shapes
@vectors
def test_what_is_found_is_redacted_as_in_the_plain_stream(vector, shape):
    plain, _ = through(vector, vector.body, EDITING, 1)

    out, pipeline = through(vector, irregular(vector, shape), EDITING, len(shape))

    assert payloads(out) == payloads(plain)
    assert SECRET.encode() not in out
    assert (GONE.encode() in out) == (GONE.encode() in plain)
    assert pipeline.complete == vector.complete
