"""Imports point downwards, codecs do no I/O, public names are what ``__all__`` says."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import streamward

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("wire", "guardrails", "cache", "middleware")
# Which rooms each room may know besides itself.
BELOW = {
    "wire": set[str](),
    "guardrails": {"wire"},
    "cache": {"wire"},
    "middleware": {"wire", "guardrails", "cache"},
}
# The cache is bytes in, bytes out: of what lies below it needs the errors alone.
ONLY = {("cache", "wire"): {"errors"}}
IO = {
    "asyncio", "aiohttp", "anyio", "concurrent", "httpx", "logging", "multiprocessing", "redis",
    "requests", "select", "selectors", "socket", "ssl", "structlog", "subprocess", "threading", "time",
}  # fmt: skip
SANS_IO = [*(ROOT / "wire").rglob("*.py"), *(ROOT / "guardrails").glob("*.py")]


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> list[tuple[int, str]]:
    """Return (level, module) of every import, those inside functions included."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.level, node.module or ""))
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_downwards_only(room):
    """Everything is inside the package, so imports are relative; what climbs out names a room."""
    for path in modules(room):
        depth = len(path.relative_to(ROOT / room).parts)
        for level, name in imports(path):
            assert not name.startswith("streamward"), f"{path}: write a relative import"
            if level <= depth:
                continue
            target, _, rest = name.partition(".")
            assert level == depth + 1, f"{path}: climbs out of the package"
            assert target in BELOW[room], f"{path}: {room} must not know {target}"
            allowed = ONLY.get((room, target))
            assert allowed is None or rest in allowed, f"{path}: {room} must not know {name}"


@pytest.mark.parametrize("path", SANS_IO, ids=lambda p: str(p.relative_to(ROOT)))
def test_codecs_and_guards_do_no_io(path):
    tops = {name.partition(".")[0] for level, name in imports(path) if level == 0}

    assert not tops & IO
    assert not any(
        isinstance(n, ast.AsyncFunctionDef) for n in ast.walk(ast.parse(path.read_text()))
    )


def test_importing_the_package_needs_no_extra():
    """Only what is in the base install is imported by importing everything but the extras' own."""
    import subprocess
    import sys

    heavy = (
        "presidio_analyzer",
        "presidio_anonymizer",
        "spacy",
        "redis",
        "cryptography",
        "fastapi",
        "grpc",
        "httpx",
        "torch",
    )
    code = "import sys, streamward, streamward.guardrails, streamward.cache, streamward.wire; "
    code += "import streamward.doctor, streamward.gateway; "
    code += f"print([m for m in {heavy} if m in sys.modules])"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert output.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name",
    [
        "streamward",
        *(f"streamward.{room}" for room in ROOMS),
        "streamward.doctor",
        "streamward.gateway",
        "streamward.errors",
    ],
)
def test_public_names_exist_and_are_sorted_once(name):
    module = importlib.import_module(name)

    assert all(hasattr(module, public) for public in module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)


def test_every_module_can_be_imported():
    names = [m.name for m in pkgutil.walk_packages(streamward.__path__, "streamward.")]

    for name in names:
        if not name.endswith("__main__"):
            importlib.import_module(name)

    assert len(names) > 40


@pytest.mark.parametrize("room", [*ROOMS, "src/streamward"])
def test_files_stay_readable(room):
    for path in modules(room):
        assert len(path.read_text().splitlines()) <= 320, path


def test_every_error_is_in_one_tree_and_has_a_stable_code():
    errors = importlib.import_module("streamward.errors")
    wire_errors = importlib.import_module("streamward.wire.errors")
    classes = [getattr(errors, name) for name in errors.__all__]

    assert all(issubclass(c, errors.StreamwardError) for c in classes)
    assert all(c.__name__ in (wire_errors.__doc__ or "") for c in classes)
    assert all(c.code and c.public_message for c in classes)
