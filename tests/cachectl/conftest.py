"""The commands, run in this process against real servers."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

import pytest
from support.cachectl import Command, Said

from streamward.cli import main

if TYPE_CHECKING:
    from pathlib import Path

numbers = itertools.count()


@pytest.fixture
def prefix() -> str:
    return f"ctl{next(numbers)}"


@pytest.fixture
def say(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> Command:
    """Run ``streamward cache …``; ``answer`` is what is typed."""

    def run(*words: str, answer: str = "") -> Said:
        typed = tmp_path / "typed"
        typed.write_text(answer)
        monkeypatch.setattr(sys, "argv", ["streamward", "cache", *words])
        capfdbinary.readouterr()
        with typed.open() as stdin, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", stdin)
            with pytest.raises(SystemExit) as stopped:
                main()
        out, err = capfdbinary.readouterr()
        return Said(stopped.value.code, out, err.decode())

    return run
