"""The schemas of Gateway API, which no package of Python's has."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ..programs import node_packages, program

__all__ = ["wrong_names", "wrong_values"]

_HERE = Path(__file__).parent
_MODELS = "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1"


def wrong_values(folder: Path, objects: list[dict[str, Any]]) -> list[str]:
    """Return what each object says that its schema does not allow; empty where nothing."""
    _furnish(folder)
    said = _run(folder, [program("node"), "takes.mjs"], json.dumps(objects))
    wrong: list[str] = json.loads(said)
    return wrong


def wrong_names(folder: Path, objects: list[dict[str, Any]]) -> str:
    """Return what a compiler says of names that the types do not have; schemas let them be."""
    _furnish(folder)
    lines = [
        f'export const o{number}: import("{_MODELS}/{one["kind"]}").I{one["kind"]} = {json.dumps(one)};'
        for number, one in enumerate(objects)
    ]
    (folder / "objects.ts").write_text("\n".join(lines))
    flags = "--noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler"
    return _run(folder, ["node_modules/.bin/tsc", *flags.split(), "objects.ts"])


def _furnish(folder: Path) -> None:
    shutil.copy(_HERE / "takes.mjs", folder)
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(node_packages("gateway"))


def _run(folder: Path, command: list[str], given: str = "") -> str:
    said = subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, timeout=100, check=False
    )
    return said.stdout + said.stderr
