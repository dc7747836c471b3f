"""Popular wrong settings of HAProxy, Envoy, Caddy and Apache, each in a configuration of its own.

Each runs in plain HTTP, with nothing around the setting but what the proxy needs to run.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from .proxies import PROXIES
from .servers import free_port, wait_for_port

__all__ = ["SETTINGS", "Setting", "with_setting"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Lines that somebody has, and what the doctor says of them.

    Attributes:
        name: what they are.
        proxy: one of ``PROXIES``, by name.
        lines: of the streams' place in its file.
        code: the fault that is named.
        change: a piece of the line to change.
        hop: who is named; ``unknown`` where the proxy shows itself in no header.
        silence: for how many seconds a stream must be silent to show it.
        until: the releases that have the fault; empty: all.
    """

    name: str
    proxy: str
    lines: str
    code: str
    change: str
    hop: str
    silence: float = 0.0
    until: tuple[int, ...] = ()


SETTINGS = (
    Setting(
        name="haproxy as it is",
        proxy="haproxy",
        lines="",
        code="bursts",
        change="`option http-no-delay`",
        hop="haproxy",
    ),
    Setting(
        name="haproxy compression",
        proxy="haproxy",
        lines="compression algo gzip\n  compression type text/event-stream",
        code="compressed_held",
        change="HAProxy: remove `compression algo`",
        hop="unknown",
    ),
    Setting(
        name="haproxy timeout server",
        proxy="haproxy",
        lines="option http-no-delay\n  timeout server 1s",
        code="idle_timeout",
        change="HAProxy: `timeout server`",
        hop="unknown",
        silence=3,
    ),
    Setting(
        name="envoy route timeout",  # 15 s where nobody says anything
        proxy="envoy",
        lines="timeout: 1s",
        code="idle_timeout",
        change="`timeout: 0s` in the route",
        hop="envoy",
        silence=3,
    ),
    Setting(
        name="envoy idle timeout",
        proxy="envoy",
        lines="timeout: 0s, idle_timeout: 1s",
        code="idle_timeout",
        change="`idle_timeout` above the heartbeat",
        hop="envoy",
        silence=3,
    ),
    Setting(
        name="caddy encode",
        proxy="caddy",
        lines="encode {\n gzip\n minimum_length 1\n match header Content-Type text/event-stream*\n}",
        code="compressed_held",
        change="take the path out of `encode`",
        hop="caddy",
        until=(2, 7),
    ),
    Setting(
        name="caddy read_timeout",
        proxy="caddy",
        lines="",
        code="idle_timeout",
        change="`read_timeout`",
        hop="caddy",
        silence=3,
    ),
    Setting(
        name="caddy crash",
        proxy="caddy",
        lines="",
        code="crash_hidden",
        change="run Caddy 2.11",
        hop="caddy",
        until=(2, 7),
    ),
    Setting(
        name="apache ProxyTimeout",
        proxy="apache",
        lines="ProxyTimeout 1",
        code="idle_timeout",
        change="Apache: `ProxyTimeout`",
        hop="unknown",
        silence=3,
    ),
    Setting(
        name="apache force-response-1.0",
        proxy="apache",
        lines="SetEnv force-response-1.0 1\nSetEnv downgrade-1.0 1",
        code="http10_client",
        change="HTTP/1.1",
        hop="unknown",
    ),
)
"""Every setting, with what is wrong with it."""

_HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  {lines}
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  server app {upstream}
"""
_ENVOY = """
static_resources:
  listeners:
    - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: front
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [{{ match: {{ prefix: / }}, route: {{ cluster: app, {lines} }} }}]
  clusters:
    - name: app
      load_assignment:
        cluster_name: app
        endpoints:
          - lb_endpoints:
              - endpoint: {{ address: {{ socket_address: {{ address: {host}, port_value: {behind} }} }} }}
"""
_CADDY = """
{{
  admin off
}}
http://127.0.0.1:{port} {{
  {lines}
  reverse_proxy {upstream} {{
    transport http {{
      read_timeout {silence}
    }}
  }}
}}
"""
_MODULES = ("mpm_event", "authz_core", "env", "setenvif", "proxy", "proxy_http")
_APACHE = """
ServerRoot {folder}
ServerName 127.0.0.1
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
Mutex file:{folder} default
{modules}
User nobody
Group nogroup
Listen 127.0.0.1:{port}
ProxyPass "/" "http://{upstream}/"
{lines}
"""
_FILES = {"haproxy": _HAPROXY, "envoy": _ENVOY, "caddy": _CADDY, "apache": _APACHE}


@contextlib.contextmanager
def with_setting(setting: Setting, folder: Path, upstream: str) -> Generator[str]:
    """Run a proxy that has a setting, in front of an application; yield its URL."""
    (proxy,) = [one for one in PROXIES if one.name == setting.proxy]
    port, upstream = free_port(), upstream.removeprefix("http://")
    host, _, behind = upstream.partition(":")
    where = "/usr/lib/apache2/modules/mod_{0}.so"
    modules = [f"LoadModule {one}_module {where.format(one)}" for one in _MODULES]
    text = _FILES[setting.proxy].format(
        lines=setting.lines,
        port=port,
        upstream=upstream,
        host=host,
        behind=behind,
        folder=folder,
        modules="\n".join(modules),
        silence="1s" if setting.silence else "75s",
    )
    (folder / proxy.file).write_text(text)
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            proxy.command(proxy.runs, folder), stdout=said, stderr=said, env={"HOME": str(folder)}
        )
    try:
        while not wait_for_port(port, 0.5):
            if process.poll() is not None:
                raise RuntimeError((folder / "said.txt").read_text())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
