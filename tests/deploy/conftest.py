"""The application servers, each started once for a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.servers import SERVERS, served


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """The name of each server in turn."""
    return request.param


@pytest.fixture(scope="module")
def upstream(server: str) -> Iterator[str]:
    """That server, with the application that keeps in step."""
    app = "support.lockstep:wsgi" if "wsgi" in server else "support.lockstep:app"
    with served(server, app) as url:
        yield url


@pytest.fixture(scope="module")
def h11() -> Iterator[str]:
    """The server that shows most faults of a proxy: it ends an HTTP/1.0 answer by closing."""
    with served("uvicorn-h11", "support.lockstep:app") as url:
        yield url
