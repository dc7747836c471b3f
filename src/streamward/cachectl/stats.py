"""``streamward cache stats``."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ..cache.catalogue import Catalogue, Memory
from .console import progress, say_json, show_table, size
from .options import Json, PasswordFile, Prefix, Url, looking

__all__ = ["stats"]


class _Stats(NamedTuple):
    recordings: int
    bytes: int
    running: int
    scopes: int
    memory: Memory | None


def stats(
    url: Url = "redis://localhost:6379/0",
    password_file: PasswordFile = None,
    prefix: Prefix = "streamward",
    *,
    json: Json = False,
) -> None:
    """Say how much is kept, for how many, and how full Redis is."""
    found = looking(_count, url, password_file, prefix)
    if json:
        memory = found.memory._asdict() if found.memory else None
        say_json({**found._asdict(), "memory": memory})
    else:
        show_table(["", ""], _rows(found))


async def _count(catalogue: Catalogue) -> _Stats:
    counts: Counter[str] = Counter()
    with progress("Counting", await catalogue.count()) as step:
        async for names, sizes in catalogue.sizes(step):
            counts.update(name.kind for name in names)
            counts["bytes"] += sizes
    memory = await catalogue.memory()
    return _Stats(counts["recording"], counts["bytes"], counts["lease"], counts["scope"], memory)


def _rows(found: _Stats) -> list[tuple[str, str]]:
    rows = [
        ("recordings", f"{found.recordings}"),
        ("their bytes", size(found.bytes)),
        ("running answers", f"{found.running}"),
        ("scopes", f"{found.scopes}"),
    ]
    memory = found.memory
    if memory is None:
        return [*rows, ("memory of Redis", "not allowed to ask")]
    limit = f"{size(memory.limit)}, then {memory.policy}" if memory.limit else "none"
    return [
        *rows,
        ("memory of Redis", size(memory.used)),
        ("its limit", limit),
        ("servers", f"{memory.servers}"),
    ]
