"""An answer that stopped properly, but early, is told apart from one that broke off."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wire_run import run
from wire_vectors import (
    CREATED,
    PIECES,
    VECTORS,
    Vector,
    anthropic,
    chat,
    chunk,
    completed,
    contents,
    end,
    numbered,
    ollama,
    said,
    text_block,
    ui,
)
from word_guard import FINDING_NOTHING

EARLY = {
    "chat length": "length",
    "chat filter": "content_filter",
    "responses incomplete *": "other",
    "anthropic max tokens *": "length",
    "anthropic refusal": "content_filter",
    "ollama length *": "length",
    "ui length *": "length",
}


def responses(reason: object) -> Vector:
    ending = completed(kind="incomplete", incomplete_details=reason)
    return Vector("", "openai_responses", numbered(CREATED, ending), complete=False)


MORE = [
    (responses({"reason": "max_output_tokens"}), {"length"}),
    (responses({"reason": "content_filter"}), {"content_filter"}),
    (responses({"reason": ["max_output_tokens"]}), {"other"}),
    (responses(None), {"other"}),
    (
        Vector(
            "",
            "anthropic",
            anthropic(*text_block(0, PIECES), *end("model_context_window_exceeded")),
        ),
        {"length"},
    ),
    (Vector("", "openai_chat", chat(*contents("ab"), chunk(finish="eos"))), {"other"}),
    (
        Vector(
            "",
            "openai_chat",
            chat(chunk(finish="length"), chunk(finish="content_filter", index=1)),
        ),
        {"length", "content_filter"},
    ),
    (ollama("", said("a"), {**said(""), "done": True, "done_reason": "load"}), {"other"}),
    (Vector("", "ai_sdk_ui", ui(reason="content-filter")), {"content_filter"}),
    (Vector("", "ai_sdk_ui", ui(reason="unknown")), {"other"}),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_only_a_proper_end_is_early(vector: Vector) -> None:
    reader = run(vector, FINDING_NOTHING).reader
    assert reader is not None

    early = EARLY.get(vector.name, vector.early)
    assert reader.early == ({early} if early else set())


@pytest.mark.parametrize(("vector", "early"), MORE)
def test_the_words_of_every_dialect_are_understood(vector: Vector, early: set[str]) -> None:
    reader = run(vector, FINDING_NOTHING).reader
    assert reader is not None

    assert reader.early == early
    assert not reader.complete


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v.name in EARLY], ids=lambda vector: vector.name
)
def test_before_its_end_nothing_is_early(vector: Vector) -> None:
    """The last frame is the one that says so: the marker, the stop, the last object."""
    boundary = b"\n" if vector.dialect == "ollama" else b"\n\n"
    frames = [frame + boundary for frame in vector.body.split(boundary) if frame]

    for number in range(1, len(frames)):
        reader = run(Vector("", vector.dialect, b"".join(frames[:number])), FINDING_NOTHING).reader
        assert reader is None or reader.early == set()
