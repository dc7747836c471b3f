"""The command line: ``streamward COMMAND``.

Every command is one function in a module of its own, beside what it runs; here they get their
names. Their heavy imports stand inside the functions, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .errors import MissingExtraError, StreamwardError

if TYPE_CHECKING:
    import typer

__all__ = ["commands", "main"]


def main() -> None:
    """Run the command line; what the user can mend is said in one line."""
    try:
        commands()()
    except StreamwardError as error:
        sys.exit(f"streamward: {error}")


def commands() -> typer.Typer:
    """Return the typer application.

    Raises:
        MissingExtraError: typer is not installed.
    """
    try:
        import typer  # the extra may be missing

        from .cachectl.command import cache  # needs rich, too
    except ImportError as error:
        raise MissingExtraError("demo", "the command line") from error
    from .demo.command import demo  # needs typer
    from .deploy.command import deploy  # needs typer
    from .doctor.command import doctor
    from .gateway.command import serve

    app = typer.Typer(
        name="streamward",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root(  # pyright: ignore[reportUnusedFunction]  # typer calls it
        *,
        version: bool = typer.Option(
            False, "--version", help="Say the version, and stop.", is_eager=True, callback=_version
        ),
    ) -> None:
        """Streaming LLM answers made safe, replayable and unbreakable."""
        del version  # `_version` has dealt with it

    app.command()(demo)
    app.command()(deploy)
    app.command()(doctor)
    app.command()(serve)
    app.add_typer(cache, name="cache")
    return app


def _version(wanted: bool) -> None:  # noqa: FBT001  # typer passes it so
    import typer  # the extra may be missing

    from . import __version__  # loads the rest of the package

    if wanted:
        typer.echo(f"streamward {__version__}")
        raise typer.Exit
