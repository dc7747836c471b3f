"""The command line, from the outside."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import httpx
import pytest
from typer.testing import CliRunner

from streamward import __version__
from streamward.cli import commands, main
from streamward.demo.console import curl_line
from streamward.demo.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 60


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["demo", "--help"]])
def test_explains_itself(arguments: list[str]) -> None:
    result = CliRunner().invoke(commands(), arguments, env={"COLUMNS": "100", "NO_COLOR": "1"})

    assert result.exit_code == 0
    assert "demo" in result.output


def test_says_its_version() -> None:
    result = CliRunner().invoke(commands(), ["--version"])

    assert (result.exit_code, result.output) == (0, f"streamward {__version__}\n")


@pytest.mark.parametrize(
    ("missing", "arguments"), [("typer", ["--help"]), ("fastapi", ["demo"]), ("rich", ["demo"])]
)
def test_names_the_extra_in_one_line(
    monkeypatch: pytest.MonkeyPatch, missing: str, arguments: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(sys, "argv", ["streamward", *arguments])

    with pytest.raises(SystemExit) as stopped:
        main()

    said = str(stopped.value)
    assert said.endswith("needs the extra 'demo': pip install 'streamward[demo]'")
    assert "\n" not in said


def test_says_so_when_the_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["streamward", "demo", "--port", str(port)])
        with pytest.raises(SystemExit) as stopped:
            main()

    said = f"streamward: cannot listen on 127.0.0.1 port {port} (Address already in use): try another --port"
    assert str(stopped.value) == said


def test_works_as_a_module() -> None:
    command = [sys.executable, "-m", "streamward", "--version"]

    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    assert said == f"streamward {__version__}\n"


@contextmanager
def started() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command on a free port, with Ctrl-C as a terminal would deliver it."""
    # Where tests run in the background, children ignore SIGINT unless told otherwise.
    code = "import signal, streamward.cli as cli; signal.signal(signal.SIGINT, signal.default_int_handler); cli.main()"
    command = [sys.executable, "-c", code, "demo", "--port", "0"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "120", "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        yield process, _address(process.stdout)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _address(output: IO[str]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (line := output.readline()):
        if found := re.search(r"http://[\d.:]+\d", line):
            return found[0]
    pytest.fail("the demo did not start")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly_while_a_stream_is_open(how: signal.Signals) -> None:
    with started() as (process, url):
        body = {"stream": True, "messages": [{"role": "user", "content": SCENES[-1].prompt}]}
        with httpx.stream("POST", f"{url}/v1/chat/completions", json=body) as response:
            next(response.iter_raw())
            process.send_signal(how)
            rest = process.communicate(timeout=10)[0]

    assert process.returncode == 0
    assert "Traceback" not in rest
    assert rest.endswith("Stopped.\n")


def test_the_curl_line_works_as_it_is_printed(demo) -> None:
    line = curl_line(demo.url, "It's me, and that's all")

    said = subprocess.run(
        shlex.split(f"{line} -s"), capture_output=True, text=True, timeout=60, check=True
    ).stdout

    data = [row[6:] for row in said.splitlines() if row.startswith("data: ")]
    assert data[-1] == "[DONE]"
    deltas = [json.loads(row)["choices"][0]["delta"] for row in data[:-1]]
    assert "It's me, and that's all" in "".join(delta.get("content", "") for delta in deltas)
