"""``streamward cache replay``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import Annotated

import typer

from ..cache import FixedRate, Instant, Original, Pace, schedule
from ..cache.catalogue import Catalogue
from ..errors import ConfigurationError
from .console import progress
from .options import Id, KeyFile, PasswordFile, Prefix, Url, looking, one_recording

__all__ = ["replay"]


def replay(
    id_: Id,
    url: Url = "redis://localhost:6379/0",
    password_file: PasswordFile = None,
    prefix: Prefix = "streamward",
    key_file: KeyFile = None,
    pace: Annotated[
        str,
        typer.Option(help="instant, original, or a number of frames per second."),
    ] = "instant",
) -> None:
    """Write the bytes of a recording to the standard output, as a client gets them."""
    chosen = _pace(pace)

    async def send(catalogue: Catalogue) -> None:
        with progress("Looking", await catalogue.count()) as step:
            _, recording = await one_recording(catalogue, id_, step)
        loop = asyncio.get_running_loop()
        started = loop.time()
        for at, data in schedule(recording, chosen):
            await asyncio.sleep(started + at - loop.time())
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    try:
        with contextlib.suppress(KeyboardInterrupt):
            looking(send, url, password_file, prefix, key_file)
    except BrokenPipeError:  # whoever read has enough; at the end Python must not try again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _pace(said: str) -> Pace:
    if said in ("instant", "original"):
        return Instant() if said == "instant" else Original()
    try:
        rate = float(said)
    except ValueError as error:
        raise ConfigurationError(
            "--pace wants instant, original, or a number of frames per second above 0"
        ) from error
    return FixedRate(rate)
