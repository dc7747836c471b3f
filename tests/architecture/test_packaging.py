"""The arrangement of links holds: the wheel has the tree, and every part of it can be imported."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("wire", "guardrails", "cache", "middleware")


@pytest.mark.parametrize("room", ROOMS)
def test_links_resolve_to_the_rooms(room):
    assert (ROOT / "src" / "streamward" / room).resolve() == ROOT / room


def test_the_wheel_has_the_tree(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if name.startswith("streamward/")}

    face = ROOT / "src" / "streamward"
    expected = {
        f"streamward/{path.relative_to(face)}"
        for path in face.rglob("*")
        if path.is_file() and not {"__pycache__", *ROOMS} & set(path.relative_to(face).parts)
    }
    for room in ROOMS:
        expected |= {
            f"streamward/{room}/{path.relative_to(ROOT / room)}"
            for path in (ROOT / room).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
    assert inside == expected
