"""``streamward cache ls``."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from ..cache.catalogue import Catalogue, Kept
from ..cache.live.names import readable
from .console import duration, note, progress, say_json, short, show_table, size
from .options import Json, KeyFile, PasswordFile, Prefix, Url, looking

__all__ = ["described", "ls"]

_COLUMNS = ("id", "scope", "state", "dialect", "size", "frames", "age", "ttl left")


def ls(
    url: Url = "redis://localhost:6379/0",
    password_file: PasswordFile = None,
    prefix: Prefix = "streamward",
    key_file: KeyFile = None,
    scope: Annotated[str, typer.Option(help="Only of the scope whose id begins so.")] = "",
    *,
    json: Json = False,
) -> None:
    """List the recordings, the newest first."""
    found = looking(lambda one: _find(one, scope), url, password_file, prefix, key_file)
    found.sort(key=lambda one: one["age"] if one["age"] is not None else float("inf"))
    if json:
        for one in found:
            say_json(one)
    else:
        show_table(_COLUMNS, map(_row, found), left=4)
    if sealed := sum(one["state"] == "sealed" for one in found):
        note(f"{sealed} of {len(found)} are sealed: --key-file opens them")


def described(kept: Kept) -> dict[str, Any]:
    """Return what can be said of a recording without its frames."""
    made = kept.recording
    return {
        "id": kept.id,
        "scope": readable(made.scope) if made else None,
        "dialect": made.dialect if made else None,
        "size": kept.size,
        "frames": len(made.frames) if made else None,
        "age": max(0.0, round(time.time() - made.created_at, 3)) if made else None,
        "ttl": kept.ttl,
        "state": kept.unread or ("purged" if kept.purged else "served"),
    }


async def _find(catalogue: Catalogue, scope: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with progress("Reading", await catalogue.count()) as step:
        async for some in catalogue.kept(step):
            facts = [described(one) for one in some]  # the frames are let go of at once
            found += [one for one in facts if (one["scope"] or "").startswith(scope)]
    return found


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    read = facts["frames"] is not None
    return (
        short(facts["id"]),
        short(facts["scope"] or ""),
        facts["state"],
        facts["dialect"] or "",
        size(facts["size"]),
        f"{facts['frames']}" if read else "",
        duration(facts["age"]) if read else "",
        duration(facts["ttl"]),
    )
