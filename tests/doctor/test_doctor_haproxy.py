"""HAProxy names itself nowhere; the doctor knows it by how it sends."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Callable, Iterator

import pytest
from support.programs import program
from support.servers import free_port, wait_for_port

from streamward.doctor import diagnose
from streamward.doctor.probe import Ask
from streamward.doctor.series import Plan, examine

_CONF = """
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server {timeout}
  {option}
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  server app {upstream}
"""


@pytest.fixture
def haproxy(tmp_path, echo) -> Iterator[Callable[..., str]]:
    """Start HAProxy in front of an echo; return its URL."""
    with contextlib.ExitStack() as stack:

        def start(option: str = "", timeout: str = "75s") -> str:
            port = free_port()
            conf = tmp_path / "haproxy.cfg"
            upstream = echo.removeprefix("http://")
            conf.write_text(
                _CONF.format(option=option, timeout=timeout, port=port, upstream=upstream)
            )
            server = subprocess.Popen(
                [program("haproxy"), "-db", "-f", str(conf)], stderr=subprocess.DEVNULL
            )
            stack.callback(server.wait, 10)
            stack.callback(server.terminate)
            wait_for_port(port)
            return f"http://127.0.0.1:{port}"

        yield start


def findings(url: str, silence: float = 0):
    plan = Plan(ask=Ask(url=url), frames=12, pace=0.1, silence=silence)
    return diagnose(asyncio.run(examine(plan)))


def test_haproxy_as_it_is_sends_in_bursts(haproxy):
    (found,) = findings(haproxy())

    assert (found.code, found.hop) == ("bursts", "haproxy")
    assert "`option http-no-delay`" in found.change


def test_haproxy_with_its_option_is_left_in_peace(haproxy):
    assert findings(haproxy("option http-no-delay"), silence=1) == ()


def test_a_short_server_timeout_is_named(haproxy):
    (found,) = findings(haproxy("option http-no-delay", timeout="1s"), silence=3)

    assert found.code == "idle_timeout"
