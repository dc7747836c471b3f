"""One of ``examples/frameworks`` as a server imports it, while a test steers it.

``support.steered:app`` is the application of the example that ``EXAMPLE`` names. Its ``model`` is
this module, which does what the file ``script`` in the server's folder says, and notes there what
happens. The examples keep the policy as it is; here heartbeats are due at once, and ``UNCUT`` among
the variables stands for a server that needs ``Policy(cut=False)``.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import streamward
from streamward import Policy, Streamward, StreamwardWSGI

__all__ = ["EXAMPLES", "PAIRS", "Story", "app", "astream", "stream"]

EXAMPLES = Path(__file__).parents[2] / "examples/frameworks"

PAIRS = [
    ("fastapi_app", "uvicorn-h11"),
    ("fastapi_app", "gunicorn-uvicorn"),
    ("starlette_app", "uvicorn-httptools"),
    ("litestar_app", "granian"),
    ("quart_app", "hypercorn"),
    ("django_asgi", "daphne"),
    ("flask_app", "gunicorn-wsgi"),
    ("flask_app", "waitress-wsgi"),
    ("django_wsgi", "gunicorn-gevent-wsgi"),
    ("django_wsgi", "granian-wsgi"),
]
"""Each framework, and each server, at least once."""

_STEP = 0.01
_POLICY = Policy(heartbeat=0.05, cut="UNCUT" not in os.environ)


class Story:
    """What is streamed, and what has become of it.

    Args:
        folder: where the notes are.
    """

    def __init__(self, folder: Path) -> None:
        self._script = folder / "script"
        self._notes = folder
        self._number = 0

    def ask_for(self, script: str) -> None:
        """Say what comes next: ``edited``, ``fails``, ``silent`` or ``endless``."""
        self._number += 1
        self._script.write_text(f"{self._number} {script}")
        self._notes = self._script.with_name(f"notes-{self._number}")
        self._notes.mkdir()

    def noted(self, what: str) -> bool:
        """Return whether something has happened: ``go-on`` or ``closed``."""
        return (self._notes / what).exists()

    def note(self, what: str) -> None:
        """Note that something has happened."""
        (self._notes / what).touch()

    def begun(self) -> tuple[Story, str]:
        """Return the story that is asked for now, and its script."""
        number, script = self._script.read_text().split()
        return Story(self._script.with_name(f"notes-{number}")), script

    def pieces(self, script: str) -> Iterator[str | None]:
        """Return what is said, with None where the model thinks."""
        yield "Her mail is ada.sam"
        while script == "silent" and not self.noted("go-on"):
            yield None
        while script == "endless":
            yield "word "
            yield None
        if script == "fails":
            raise RuntimeError("a secret reason")
        yield "ple@example.com. "
        yield "Anything else?"


def stream() -> Iterator[str]:
    """Stand in for the examples' model."""
    story, script = Story(Path.cwd()).begun()
    try:
        for piece in story.pieces(script):
            if piece is None:
                time.sleep(_STEP)
            else:
                yield f"data: {piece}\n\n"
    finally:
        story.note("closed")


async def astream() -> AsyncIterator[str]:
    """Stand in for the examples' model."""
    story, script = Story(Path.cwd()).begun()
    try:
        for piece in story.pieces(script):
            if piece is None:
                await asyncio.sleep(_STEP)
            else:
                yield f"data: {piece}\n\n"
    finally:
        story.note("closed")


def _load(name: str) -> object:
    sys.path.append(str(EXAMPLES))
    sys.modules["model"] = sys.modules[__name__]
    streamward.__dict__.update(
        Streamward=partial(Streamward, policy=_POLICY),
        StreamwardWSGI=partial(StreamwardWSGI, policy=_POLICY, heartbeats=True),
    )
    return importlib.import_module(name).app


if (_example := os.environ.get("EXAMPLE")) is not None:
    app = _load(_example)
