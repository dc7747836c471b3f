"""The commands of ``streamward cache``, by their names."""

from __future__ import annotations

import typer

from .ls import ls
from .purge import purge
from .replay import replay
from .show import show
from .stats import stats

__all__ = ["cache"]

cache = typer.Typer(
    no_args_is_help=True,
    help="Look into the Redis in which answers are kept. Ids may be given by their beginning.",
)
# One id in 64 begins with a dash, and is an id nevertheless.
_DASHES = {"ignore_unknown_options": True, "help_option_names": ["--help"]}

for command in (stats, ls, show, replay, purge):
    cache.command(context_settings=_DASHES)(command)
