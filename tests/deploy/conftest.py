"""The application servers, each started once for a module; the Worker, bundled once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.servers import SERVERS, served
from support.worker import bundled
from support.worker.origin import Origin


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


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the Worker, with what wrangler makes of it."""
    return bundled(tmp_path_factory.mktemp("worker"))


@pytest.fixture(scope="module")
def origin() -> Origin:
    """An application that answers as a test says."""
    return Origin()
