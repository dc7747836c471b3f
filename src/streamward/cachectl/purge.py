"""``streamward cache purge``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, assert_never

import typer

from ..cache import scope_id, scope_of_principal
from ..cache.catalogue import Catalogue, Step
from ..cache.live.names import readable
from ..errors import ConfigurationError
from .console import note, progress
from .options import PasswordFile, Prefix, Url, hexadecimal_lines, looking

__all__ = ["What", "purge"]


class What(StrEnum):
    """What shall be forgotten."""

    ENTRY = "entry"
    SCOPE = "scope"
    PRINCIPAL = "principal"
    ALL = "all"


def purge(
    what: Annotated[What, typer.Argument(help="One recording, all of somebody, or all there is.")],
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="The id of the entry or scope, or what CachePolicy(principal=…) says.",
        ),
    ] = "",
    url: Url = "redis://localhost:6379/0",
    password_file: PasswordFile = None,
    prefix: Prefix = "streamward",
    secret_file: Annotated[
        Path | None,
        typer.Option(help="A file with RedisCache(secret=…) in hexadecimal, for a principal."),
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Forget recordings: from then on no process serves them."""
    if bool(name) is (what is What.ALL):
        raise ConfigurationError("purge wants 'entry ID', 'scope ID', 'principal NAME' or 'all'")
    meant = f"{what} {name}".strip()
    if not yes:
        typer.confirm(f"Forget {meant} under the prefix {prefix}?", abort=True, err=True)

    async def forget(catalogue: Catalogue) -> bool:
        with progress("Looking", await catalogue.count()) as step:
            return await _forget(catalogue, what, name, secret_file, step)

    if not looking(forget, url, password_file, prefix):
        note("there was nothing to forget")
        raise typer.Exit(1)
    note(f"forgot {meant}")


async def _forget(
    catalogue: Catalogue, what: What, name: str, secret_file: Path | None, step: Step
) -> bool:
    match what:
        case What.ALL:
            return await catalogue.purge(None)
        case What.PRINCIPAL:
            return await catalogue.purge(await _id_of(catalogue, name, secret_file))
        case What.SCOPE:
            return await catalogue.purge(await catalogue.scope(name, step))
        case What.ENTRY:
            return await catalogue.delete((await catalogue.one(name, step)).id)
        case _:  # pragma: no cover - the checker proves it unreachable
            assert_never(what)


async def _id_of(catalogue: Catalogue, principal: str, secret_file: Path | None) -> str:
    secret = hexadecimal_lines(secret_file)[0] if secret_file else await catalogue.secret()
    if secret is None:
        raise ConfigurationError(
            "no secret is in Redis: --secret-file wants what RedisCache(secret=…) was given"
        )
    return readable(scope_id(secret, scope_of_principal(principal)))
