"""``streamward doctor``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigurationError, MissingExtraError

__all__ = ["doctor"]

_MISUSE = 2  # as typer says it


def doctor(  # noqa: PLR0913  # one parameter for each option
    url: Annotated[str | None, typer.Argument(help="The stream, or an echo.")] = None,
    *,
    direct: Annotated[
        str | None, typer.Option(help="The same at the application itself, to compare with.")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", "-X", help="GET, or POST where there is a body.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="'Name: value'; may be repeated.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", "-d", help="The body, or @FILE. Sent as JSON.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    silence: Annotated[
        float,
        typer.Option(
            min=0, max=900, help="How long an echo is silent, in seconds; 0 leaves that out."
        ),
    ] = 20.0,
    guarded: Annotated[
        bool, typer.Option("--guarded", help="Every stream there has streamward's headers.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Let the echo break a request before it answers.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Ask a stream of your own only once.")
    ] = False,
    frames: Annotated[int, typer.Option(min=8, max=200, help="Frames of an echo.")] = 12,
    pace: Annotated[
        float, typer.Option(min=0.02, max=5, help="Seconds between two frames of an echo.")
    ] = 0.1,
    patience: Annotated[
        float, typer.Option(min=1, help="Give up after so many seconds without a byte.")
    ] = 60.0,
    cacert: Annotated[
        Path | None, typer.Option(help="Certificates to believe, instead of the system's.")
    ] = None,
    http1: Annotated[
        bool,
        typer.Option("--http1", help="Ask over HTTP/1.1 where HTTP/2 is offered, as SDKs do."),
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Be the echo, and wait for probes.")
    ] = False,
    host: Annotated[str, typer.Option(help="Where the echo listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="On which port.")] = 8100,
) -> None:
    """Say where a stream is held, cut, replayed or repeated, and which line to change.

    Exit code 0: nothing found; 1: something found; 2: could not probe; 3: no stream there.
    """
    try:
        _need(serve=serve)
        from .run import asking, examined, serving  # slow to load, and --help does not need them

        if serve:
            serving(host, port)
            return
        from .series import Plan

        plan = Plan(
            ask=asking(url, method, header or [], data, patience, cacert, http1=http1),
            direct=direct,
            frames=frames,
            pace=pace,
            silence=silence,
            guarded=guarded,
            retry=retry,
            twice=not once,
        )
        code = examined(plan, as_json=as_json)
    except ConfigurationError as error:
        typer.echo(f"streamward: {error}", err=True)
        raise typer.Exit(_MISUSE) from error
    raise typer.Exit(code)


def _need(*, serve: bool) -> None:
    needed = ("httpx", "h2", "rich", "uvicorn") if serve else ("httpx", "h2", "rich")
    if any(find_spec(name) is None for name in needed):
        raise MissingExtraError("doctor", "streamward doctor")
