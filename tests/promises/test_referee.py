"""An independent referee (``chunk-invariance`` on PyPI) tries every cut of every default entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from chunk_invariance import assert_chunk_invariant
from support.secrets import SECRETS

from streamward import Limits
from streamward.guardrails import PII
from streamward.middleware.pipeline import Pipeline
from streamward.wire import PLAIN

GUARD = PII()


def streamed(chunks: Iterable[str]) -> Iterator[str]:
    """What leaves of a plain text stream."""
    pipeline = Pipeline(PLAIN, headers={}, path="/", guards=[GUARD], limits=Limits())
    for chunk in chunks:
        yield b"".join(pipeline.feed(chunk.encode())).decode()
    yield b"".join(pipeline.finish()).decode()


def whole(text: str) -> str:
    """What the guard makes of the text at once."""
    for finding in reversed(GUARD.find(text)):
        text = f"{text[: finding.start]}<{finding.entity}>{text[finding.end :]}"
    return text


@pytest.mark.parametrize("entity", sorted(SECRETS))
def test_every_cut_in_two_of_every_entity(entity):
    words, value = SECRETS[entity]
    text = f"Note: {words}{value}, and more of it."

    tried = assert_chunk_invariant(streamed, whole, text)

    assert tried == len(text)
    assert value not in whole(text)


@pytest.mark.parametrize("text", ["a@b.co 1", "+1 212 555 0142", "1.2.3.4 x.com"])
def test_every_cut_in_four_of_short_texts(text):
    assert assert_chunk_invariant(streamed, whole, text, splits=4) >= 64
