"""What stands in front: one row each. Another proxy is another row."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from support import asking, nginx
from support.proxies import PROXIES, proxied

__all__ = ["Row", "rows"]


_BOTH = ("1.1", "2")


@dataclass(frozen=True)
class Row:
    """One way to an application.

    Attributes:
        proxy: its name and version; "-": none.
        setup: how it is configured.
        http: what each client speaks: ``"plain"``, or ``"1.1"`` or ``"2"`` over TLS.
        start: runs it in a folder, before an upstream.
    """

    proxy: str
    setup: str
    http: tuple[str, ...]
    start: Callable[[Path, str], AbstractContextManager[asking.Front]]


@dataclass(frozen=True)
class _Direct:
    plain: str
    trust: ssl.SSLContext
    tls: str = ""


def rows(programs: list[str]) -> list[Row]:
    """Return the ways to an application: none, two through each nginx, one through each other."""
    found = [Row("-", "no proxy", ("plain",), _direct)]
    for program in programs:
        with _chosen(program):
            name = "nginx " + ".".join(map(str, nginx.version()))
        found += [
            Row(name, "proxy_pass alone", ("plain",), partial(_bare, program)),
            Row(name, "deploy/nginx", _BOTH, partial(_kit, program)),
        ]
    for proxy in PROXIES:
        name = f"{proxy.name} {proxy.release()}"
        found.append(Row(name, f"deploy/{proxy.name}", _BOTH, partial(proxied, proxy)))
    return found


@contextlib.contextmanager
def _direct(folder: Path, upstream: str) -> Generator[asking.Front]:
    del folder
    yield _Direct(upstream, ssl.create_default_context())


@contextlib.contextmanager
def _bare(program: str, folder: Path, upstream: str) -> Generator[asking.Front]:
    with _chosen(program), nginx.bare(folder, upstream) as running:
        yield running


@contextlib.contextmanager
def _kit(program: str, folder: Path, upstream: str) -> Generator[asking.Front]:
    with _chosen(program), nginx.kit(folder, upstream) as running:
        yield running


@contextlib.contextmanager
def _chosen(program: str) -> Generator[None]:
    """Have ``support.nginx`` run this program."""
    before = os.environ.get("STREAMWARD_NGINX")
    os.environ["STREAMWARD_NGINX"] = program
    try:
        yield
    finally:
        os.environ.pop("STREAMWARD_NGINX")
        if before is not None:
            os.environ["STREAMWARD_NGINX"] = before
