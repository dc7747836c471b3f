"""The command's work: what was typed becomes a plan, and a plan becomes a report."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from ..errors import ConfigurationError
from ..listening import listen, url_of
from .diagnosis import diagnose
from .exchange import Case
from .probe import Ask
from .report import as_json as report_as_json
from .report import exit_code, print_report
from .series import Plan, examine
from .serve import echo_server

__all__ = ["asking", "examined", "serving"]


def asking(
    url: str | None,
    method: str | None,
    headers: Sequence[str],
    data: str | None,
    patience: float,
    cacert: Path | None,
    *,
    http1: bool,
) -> Ask:
    """Return the request that was described as curl's are.

    Raises:
        ConfigurationError: something in it cannot be used.
    """
    if url is None or not urlsplit(url).hostname:
        raise ConfigurationError("say which http or https URL, or --serve")
    given = dict(map(_header, headers))
    body = _body(data)
    if body and "content-type" not in {name.lower() for name in given}:
        given["content-type"] = "application/json"
    return Ask(
        url=url,
        method=method or ("POST" if body else "GET"),
        headers=given,
        body=body,
        patience=patience,
        trust=_trust(cacert) if cacert is not None else None,
        http1=http1,
    )


def examined(plan: Plan, *, as_json: bool) -> int:
    """Examine, print the report, and return the exit code."""
    progress = Console(stderr=True)
    if progress.is_terminal:
        with progress.status("Beginning") as status:
            case = asyncio.run(examine(plan, lambda doing: status.update(f"{doing} …")))
    else:
        case = asyncio.run(examine(plan))
    return _reported(plan, case, as_json=as_json)


def serving(host: str, port: int) -> None:
    """Be the echo until Ctrl-C.

    Raises:
        ConfigurationError: nobody can listen there.
    """
    with listen(host, port) as sock:
        Console(stderr=True).print(f"The echo listens on {url_of(sock)}", soft_wrap=True)
        echo_server().run(sockets=[sock])


def _reported(plan: Plan, case: Case, *, as_json: bool) -> int:
    findings = diagnose(case)
    if as_json:
        report = report_as_json(case, findings, plan.ask.url, plan.direct)
        print(json.dumps(report, indent=2))  # noqa: T201  # this is the command's output
    else:
        print_report(_console(), case, findings, plan.ask.url, plan.direct)
    return exit_code(case, findings)


def _console() -> Console:
    """Return where the report goes; a file has no width of its own."""
    return Console() if sys.stdout.isatty() else Console(width=110)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip().isascii() or not name.strip():
        raise ConfigurationError("write a header as 'Name: value'")
    return name.strip(), value.strip()


def _body(data: str | None) -> bytes:
    if data is None or not data.startswith("@"):
        return (data or "").encode()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise ConfigurationError("the file of --data cannot be read") from error


def _trust(cacert: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cacert)
    except OSError as error:
        raise ConfigurationError("the file of --cacert holds no certificates") from error
