"""The official JavaScript clients: what each makes of many streams, in one process of Node.

Every client is asked the same: a clean answer and one with findings, with CRLF and with comments,
with a heartbeat at every boundary, blocked, failed and cut. What the answer says it says in every
channel that the dialect has.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from streamward import Policy, Streamward
from streamward.guardrails import PII
from streamward.wire import SSE, Dialect, Framing

from .clients import CLEAN, TEXT, WORDS
from .programs import ROOT, node_packages, program
from .servers import running
from .streams import ScriptedApp

__all__ = [
    "TOOL",
    "WHOLE",
    "Answering",
    "arguments",
    "joined",
    "made_of",
    "pieces_of",
    "scenes",
    "sse",
]

_PROGRAMS = ROOT / "tests" / "javascript"
_SECONDS = 120

Answering = Callable[[Sequence[str]], list[bytes]]
"""Gives the frames of an answer that says these pieces in each of its channels."""

WHOLE = {
    "clean": CLEAN,
    "edited": WORDS,
    "cut-anywhere": WORDS,
    "heartbeats": WORDS,
    "crlf": WORDS,
    "comments": WORDS,
}
"""What is said in the scenes in which nothing goes wrong."""

TOOL = {scene: {"to": words, "n": 7} for scene, words in WHOLE.items()}
"""What a tool is called with in these."""


@cache
def _guard(*, blocks: bool) -> PII:
    return PII(actions={"CREDIT_CARD": "block"}) if blocks else PII()


def made_of(client: str, asked: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a client tells of each stream.

    Args:
        client: a program in ``tests/javascript``.
        asked: applications by path; the first segment says who of the program asks.
        folder: an empty one, for the program and its packages.
    """
    (folder / "node_modules").symlink_to(node_packages("javascript"))
    for name in (f"{client}.mjs", "told.mjs"):
        shutil.copy(_PROGRAMS / name, folder)
    with running(_Signpost(asked)) as url:
        done = subprocess.run(
            [program("node"), f"{client}.mjs", url, *asked],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told.keys() == asked.keys()
    return told


def scenes(
    who: Sequence[str], answer: Answering, dialect: Dialect, content_type: str = "text/event-stream"
) -> dict[str, Any]:
    """Return applications by path: each scene, for each who asks."""
    clean, edited = answer(pieces_of(CLEAN)), answer(pieces_of(TEXT))
    broken = clean[: len(clean) // 2]

    def guarded(script: Sequence[Any], *, blocks: bool = False, ends: bool = True) -> Streamward:
        app = ScriptedApp(script, content_type=content_type, ends=ends)
        return Streamward(app, guards=[_guard(blocks=blocks)], policy=Policy(cache=None))

    apps = {
        "clean": guarded(clean),
        "edited": guarded(edited),
        "cut-anywhere": guarded(answer(_units(TEXT))),
        "heartbeats": _Beating(guarded(edited), dialect),
        "crlf": guarded([one.replace(b"\n", b"\r\n") for one in edited]),
        "comments": guarded([part for one in edited for part in (b": note\n\n", one)]),
        "failed": guarded([*broken, RuntimeError("internal")]),
        "cut": guarded(broken, ends=False),
        "blocked": guarded(edited, blocks=True),
    }
    return {f"{one}/{name}": app for one in who for name, app in apps.items()}


def sse(value: Any, event: str = "", framing: Framing = SSE) -> bytes:
    """Write an event, or a line; outside of ASCII only half a surrogate pair is escaped."""
    try:
        data = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        data = json.dumps(value).encode()
    return framing.build(data, event)


def arguments(pieces: Sequence[str]) -> list[str]:
    """Return the arguments of a tool that is told these pieces, cut as they are."""
    return ['{"to": "', *(json.dumps(one)[1:-1] for one in pieces), '", "n": 7}']


def joined(pieces: Sequence[str]) -> str:
    """Return the text of pieces that may be cut inside of a surrogate pair."""
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16")


def pieces_of(text: str) -> list[str]:
    """Cut a text into pieces of three characters."""
    return [text[begin : begin + 3] for begin in range(0, len(text), 3)]


def _units(text: str) -> list[str]:
    """Cut as JavaScript servers do, one code unit at a time."""
    data = text.encode("utf-16-le")
    cut = (data[begin : begin + 2] for begin in range(0, len(data), 2))
    return [unit.decode("utf-16-le", "surrogatepass") for unit in cut]


class _Signpost:
    """Leads to an application by the first two segments of a path, which are taken off."""

    def __init__(self, apps: Mapping[str, Any]) -> None:
        self._apps = apps

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        _, who, name, *rest = scope["path"].split("/")
        await self._apps[f"{who}/{name}"]({**scope, "path": f"/{'/'.join(rest)}"}, receive, send)


class _Beating:
    """Puts a dialect's heartbeat at every boundary of what leaves."""

    def __init__(self, app: Any, dialect: Dialect) -> None:
        self._app = app
        self._dialect = dialect

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        framer = self._dialect.framing.framer(1 << 20)

        async def beating(message: Any) -> None:
            if message["type"] == "http.response.body":
                frames = framer.feed(message.get("body", b""))
                frames += [] if message.get("more_body") else framer.finish()
                body = b"".join(self._dialect.heartbeat + frame.raw for frame in frames)
                message = {**message, "body": body}
            await send(message)

        await self._app(scope, receive, beating)
