"""What the examples beside this file stream, in place of a model. In life: an SDK's stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

TOKENS = ("Her ", "mail is ", "ada.sam", "ple@exam", "ple.com", ". Any", "thing else?")


def stream() -> Iterator[str]:
    """Say it to those who do not await."""
    for token in TOKENS:
        yield f"data: {token}\n\n"


async def astream() -> AsyncIterator[str]:
    """Say it to those who do."""
    for event in stream():
        yield event
