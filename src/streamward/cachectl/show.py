"""``streamward cache show``."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

import typer

from ..cache import Recording
from ..cache.catalogue import Catalogue
from .console import duration, note, progress, say_json, show_table, size
from .ls import described
from .options import Id, Json, KeyFile, PasswordFile, Prefix, Url, looking, one_recording

__all__ = ["show"]


def show(
    id_: Id,
    url: Url = "redis://localhost:6379/0",
    password_file: PasswordFile = None,
    prefix: Prefix = "streamward",
    key_file: KeyFile = None,
    *,
    text: Annotated[bool, typer.Option("--text", help="Show what the frames say, too.")] = False,
    json: Json = False,
) -> None:
    """Show a recording frame by frame: when each left, and how large it is."""

    async def look(catalogue: Catalogue) -> tuple[dict[str, Any], Recording]:
        with progress("Looking", await catalogue.count()) as step:
            kept, recording = await one_recording(catalogue, id_, step)
        return described(kept), recording

    facts, recording = looking(look, url, password_file, prefix, key_file)
    frames = _timeline(recording, text=text)
    if json:
        head = {"status": recording.status, "headers": _headers(recording)}
        say_json({**facts, **head, "frames": frames})
        return
    show_table(("", ""), _head(facts, recording), left=2)
    columns = ["frame", "at ms", "gap ms", "bytes", *(["text"] if text else [])]
    show_table(columns, ([str(value) for value in frame.values()] for frame in frames), left=0)
    if not text:
        note("--text shows what the frames say")


def _timeline(recording: Recording, *, text: bool) -> list[dict[str, Any]]:
    times = [0, *(frame.at_ms for frame in recording.frames)]
    gaps = [late - early for early, late in pairwise(times)]
    return [
        {
            "index": index,
            "at_ms": frame.at_ms,
            "gap_ms": gap,
            "bytes": len(frame.data),
            # Escaped: what a model said must not command a terminal.
            **({"text": ascii(frame.data.decode("utf-8", "replace"))[1:-1]} if text else {}),
        }
        for index, (frame, gap) in enumerate(zip(recording.frames, gaps, strict=True))
    ]


def _head(facts: dict[str, Any], recording: Recording) -> list[tuple[str, str]]:
    lasted = recording.frames[-1].at_ms if recording.frames else 0
    return [
        ("id", facts["id"]),
        ("scope", facts["scope"]),
        ("state", facts["state"]),
        ("dialect", facts["dialect"]),
        ("status", f"{recording.status}"),
        *((name, value) for name, value in _headers(recording)),
        ("age", duration(facts["age"])),
        ("ttl left", duration(facts["ttl"])),
        ("frames", f"{len(recording.frames)} in {duration(lasted / 1000)}"),
        ("bytes", f"{size(len(recording.body))}, kept as {size(facts['size'])}"),
    ]


def _headers(recording: Recording) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in recording.headers]
