"""The options that the commands have in common, and what they open.

No secret is an option, and none is read from the environment: other users of a machine can see
both. Secrets come from files.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import typer

from ..cache import Encryption, Recording
from ..cache.catalogue import Catalogue, Kept, Step
from ..errors import ConfigurationError, CorruptRecordingError

__all__ = [
    "Id",
    "Json",
    "KeyFile",
    "PasswordFile",
    "Prefix",
    "Url",
    "hexadecimal_lines",
    "looking",
    "one_recording",
    "with_password",
]

_T = TypeVar("_T")

Id = Annotated[str, typer.Argument(metavar="ID", help="Of the recording, or the beginning of it.")]
Url = Annotated[
    str, typer.Option(help="Where Redis is, as for RedisCache, but without a password.")
]
PasswordFile = Annotated[
    Path | None, typer.Option(help="A file with the password of the Redis user.")
]
Prefix = Annotated[str, typer.Option(help="What all names in Redis begin with.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="A file with the keys of Encryption, in hexadecimal, one a line."),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


def looking(
    command: Callable[[Catalogue], Awaitable[_T]],
    url: str,
    password_file: Path | None,
    prefix: str,
    key_file: Path | None = None,
) -> _T:
    """Return what ``command`` returns for the recordings that are meant.

    Raises:
        ConfigurationError: an option cannot be used.
        CacheUnavailableError: Redis does not answer, or refuses.
    """
    if re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", prefix) is None:
        raise ConfigurationError("--prefix wants what RedisCache(prefix=…) was given")
    encryption = Encryption(keys=hexadecimal_lines(key_file)) if key_file else None
    url = with_password(url, password_file, "--url", "--password-file")
    catalogue = Catalogue(url, prefix=prefix, encryption=encryption)

    async def run() -> _T:
        try:
            return await command(catalogue)
        finally:
            await catalogue.close()

    return asyncio.run(run())


async def one_recording(catalogue: Catalogue, beginning: str, step: Step) -> tuple[Kept, Recording]:
    """Return the recording whose id begins like this.

    Raises:
        ConfigurationError: there is none, or more than one, or it is sealed.
        CorruptRecordingError: it cannot be read.
    """
    kept = await catalogue.one(beginning, step)
    if kept.recording is not None:
        return kept, kept.recording
    if kept.unread == "sealed":
        raise ConfigurationError("the recording is sealed: --key-file wants a file with its key")
    raise CorruptRecordingError("this is no recording, or none of the keys opens it")


def hexadecimal_lines(path: Path) -> list[bytes]:
    """Return the bytes that each line of a file stands for.

    Raises:
        ConfigurationError: it cannot be read, or has other lines, or none.
    """
    lines = _text_of(path).split()
    try:
        found = [bytes.fromhex(line) for line in lines]
    except ValueError as error:  # no quoting: it is secret
        raise ConfigurationError(
            f"{path} wants lines in hexadecimal, such as `openssl rand -hex 32` prints"
        ) from error
    if not found:
        raise ConfigurationError(f"{path} is empty")
    return found


def with_password(url: str, path: Path | None, option: str, file_option: str) -> str:
    """Return the URL of a Redis with the password from a file, if there is one.

    Raises:
        ConfigurationError: the URL holds a password already, or the file cannot be read.
    """
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    if ":" in user or any("password" in name for name in parse_qs(parts.query)):
        raise ConfigurationError(
            f"a password in {option} can be seen by other users of this machine: write it into a "
            f"file, and say {file_option}"
        )
    if path is None:
        return url
    password = quote(_text_of(path).strip(), safe="")
    if parts.scheme == "unix":
        return parts._replace(query=f"{parts.query}&password={password}".strip("&")).geturl()
    return f"{parts.scheme}://{user}:{password}@{url.partition('://')[2].removeprefix(user + at)}"


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read") from error
