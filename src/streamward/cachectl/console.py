"""How the commands show things: tables to people, JSON to programs, progress beside both."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Generator, Iterable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..cache.catalogue import Step

__all__ = ["duration", "note", "progress", "say_json", "short", "show_table", "size"]

# Enough to tell a million of them apart, and what the commands take in place of all 43.
_SHORT = 10


def short(one: str) -> str:
    """Return the beginning of an id."""
    return one[:_SHORT]


def size(count: float) -> str:
    """Return a number of bytes with three digits that count."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.3g} {unit}" if count < 1000 else f"{count:.0f} {unit}"


def duration(seconds: float) -> str:
    """Return a time in its one or two largest units."""
    for length, unit, smaller, part in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= length:
            rest = int(seconds % length // smaller)
            return f"{int(seconds // length)} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{seconds:.3g} s"


def say_json(value: object) -> None:
    """Write one line of JSON."""
    print(json.dumps(value, ensure_ascii=False), flush=True)  # noqa: T201 - what was asked for


def show_table(columns: Iterable[str], rows: Iterable[Iterable[str]], *, left: int = 1) -> None:
    """Write a table; all but the first ``left`` columns are numbers."""
    columns = tuple(columns)
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:  # nothing is cut off for a program
        console.width = 1000
    console.print(table, crop=False)


def note(text: str) -> None:
    """Say something beside the output."""
    print(text, file=sys.stderr)  # noqa: T201 - the place for it


@contextlib.contextmanager
def progress(what: str, total: int) -> Generator[Step]:
    """Show how far a walk through ``total`` names is, on a terminal."""
    console = Console(stderr=True)
    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    ]
    shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with shown:
        task = shown.add_task(what, total=total)
        yield lambda more: shown.advance(task, more)
