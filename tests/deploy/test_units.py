"""The systemd units: valid, and each server takes its flags and lets a stream end."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from support.asking import Reader, Remote
from support.programs import ROOT, program
from support.servers import free_port, wait_for_port

from streamward.deploy import EXAMPLE, KITS, render

UNITS = render(KITS["systemd"])
# How the longest stream is told to each server; granian has no limit of its own.
GRACE = {
    "uvicorn.service": "--timeout-graceful-shutdown",
    "gunicorn.service": "--graceful-timeout",
    "gunicorn-wsgi.service": "--graceful-timeout",
    "granian.service": None,
}


def command(unit: str) -> list[str]:
    """Return what ``ExecStart`` runs."""
    joined = UNITS[unit].replace("\\\n", " ")
    (line,) = [line for line in joined.splitlines() if line.startswith("ExecStart=")]
    return shlex.split(line.removeprefix("ExecStart="))


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_the_unit(unit, tmp_path):
    binaries = Path(sys.executable).parent
    text = UNITS[unit].replace("/srv/chat/.venv/bin", str(binaries)).replace("/srv/chat", "/srv")
    (tmp_path / unit).write_text(text)

    said = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", tmp_path / unit],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.returncode, [line for line in said.stderr.splitlines() if unit in line]) == (0, [])


@pytest.mark.parametrize("unit", UNITS)
def test_grace_fits_the_longest_stream(unit):
    (stop,) = [line for line in UNITS[unit].splitlines() if line.startswith("TimeoutStopSec=")]
    flag = GRACE[unit]
    words = command(unit)

    assert int(stop.partition("=")[2]) > EXAMPLE.longest
    assert flag is None or int(words[words.index(flag) + 1]) == EXAMPLE.longest


@pytest.mark.parametrize("unit", UNITS)
def test_a_stopped_server_lets_its_stream_end(unit):
    """The very flags of the unit, with one worker, since the application is steered in memory."""
    port = free_port()
    app = "support.lockstep:wsgi" if "wsgi" in unit else "support.lockstep:app"
    words = [word.replace("app:app", app).replace("8000", str(port)) for word in command(unit)]
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / Path(words[0]).name), *words[1:], "--workers", "1"],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT / 'src'}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_for_port(port, 30)
        url = f"http://127.0.0.1:{port}"
        remote = Remote(url)
        with httpx.stream(
            "GET", f"{url}/?frames=20&pace=100", headers={"x-stream": remote.name}, timeout=20
        ) as response:
            reader = Reader(response)
            reader.frame()
            remote.allow_all()
            reader.frame()
            process.terminate()
            assert reader.rest().count(b"\n\n") == 20
        assert process.wait(20) is not None
    finally:
        process.kill()
        process.wait()
