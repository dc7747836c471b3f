"""The arrangement of links holds: the wheel has the tree, and every part of it can be imported."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# Where each folder of the top level is in the package.
LINKS = {
    "wire": "wire",
    "guardrails": "guardrails",
    "cache": "cache",
    "middleware": "middleware",
    "deploy": "deploy/files",
}


@pytest.mark.parametrize(("folder", "link"), LINKS.items())
def test_links_resolve_to_the_folders(folder, link):
    assert (ROOT / "src" / "streamward" / link).resolve() == ROOT / folder


def test_the_wheel_has_the_tree(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if name.startswith("streamward/")}

    face = ROOT / "src" / "streamward"
    own = [path for path in face.rglob("*") if not _linked(path.relative_to(face))]
    expected = {f"streamward/{path.relative_to(face)}" for path in own if _counts(path)}
    for folder, link in LINKS.items():
        expected |= {
            f"streamward/{link}/{path.relative_to(ROOT / folder)}"
            for path in (ROOT / folder).rglob("*")
            if _counts(path)
        }
    assert inside == expected


def _counts(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _linked(inside: Path) -> bool:
    return any(inside.is_relative_to(link) for link in LINKS.values())
