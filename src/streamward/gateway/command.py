"""``streamward serve``."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ..errors import MissingExtraError

__all__ = ["serve"]

_NEEDED = ("httpx", "uvicorn")


class Guarding(StrEnum):
    """The guards that need no more than their name."""

    PII = "pii"
    SECRETS = "secrets"
    TOXICITY = "toxicity"
    TOXICITY_SCREEN = "toxicity-screen"


class Prompts(StrEnum):
    """What the guards do to prompts, as ``Policy(prompt=…)`` has it."""

    PASS = "pass"  # noqa: S105  # no secret
    REDACT = "redact"
    BLOCK = "block"
    PSEUDONYMISE = "pseudonymise"


class Told(StrEnum):
    """What becomes of ``X-Forwarded-…``, as ``Gateway(forwarded=…)`` has it."""

    LEAVE = "leave"
    APPEND = "append"
    REPLACE = "replace"


def serve(  # noqa: PLR0913  # an option each
    *,
    upstream: Annotated[
        str, typer.Option(help="The server to stand in front of, such as http://127.0.0.1:11434.")
    ],
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="On which port; 0 takes a free one.")] = 8080,
    guard: Annotated[
        list[Guarding] | None, typer.Option(help="What looks at streamed answers; repeat for more.")
    ] = None,
    monitor: Annotated[
        bool, typer.Option("--monitor", help="Only report what the guards find.")
    ] = False,
    prompt: Annotated[Prompts, typer.Option(help="What they do to prompts.")] = Prompts.PASS,
    cache: Annotated[
        str | None, typer.Option(help="Keep finished answers: 'memory', or redis://… .")
    ] = None,
    cache_password_file: Annotated[
        Path | None, typer.Option(help="A file with the password of the Redis user.")
    ] = None,
    heartbeat: Annotated[
        float, typer.Option(min=0, help="Seconds of silence before a sign of life; 0: none.")
    ] = 15.0,
    headers_file: Annotated[
        Path | None,
        typer.Option(help="A file with headers for the upstream, 'Name: value' on each line."),
    ] = None,
    keep_host: Annotated[
        bool, typer.Option("--keep-host", help="Pass the client's Host on.")
    ] = False,
    forwarded: Annotated[Told, typer.Option(help="What becomes of X-Forwarded-….")] = Told.LEAVE,
    cacert: Annotated[
        Path | None, typer.Option(help="Certificates to believe, instead of the usual ones.")
    ] = None,
    connect: Annotated[
        float, typer.Option(min=0, help="Seconds to connect; 0, here and below: no limit.")
    ] = 5.0,
    first_byte: Annotated[
        float, typer.Option(min=0, help="Seconds until the answer begins.")
    ] = 600.0,
    between_bytes: Annotated[
        float, typer.Option(min=0, help="Seconds from one piece of it to the next.")
    ] = 300.0,
    attempts: Annotated[int, typer.Option(min=1, help="How often to try to connect, at most.")] = 3,
    grace: Annotated[
        int, typer.Option(min=0, help="Seconds for open answers when stopped; 0: all they need.")
    ] = 0,
) -> None:
    """Stand in front of a model server: a gateway that passes on what it gets, guarded."""
    if any(find_spec(name) is None for name in _NEEDED):
        raise MissingExtraError("gateway", "streamward serve")
    from .run import Wish, run  # slow to load, and --help does not need it

    wish = Wish(
        upstream=upstream,
        host=host,
        port=port,
        guards=tuple(one.value for one in guard or ()),
        mode="monitor" if monitor else "enforce",
        prompt=prompt.value,
        cache=cache,
        cache_password_file=cache_password_file,
        heartbeat=heartbeat or None,
        headers_file=headers_file,
        keep_host=keep_host,
        forwarded=forwarded.value,
        cacert=cacert,
        connect=connect or None,
        first_byte=first_byte or None,
        between_bytes=between_bytes or None,
        attempts=attempts,
        grace=grace or None,
    )
    run(wish)
