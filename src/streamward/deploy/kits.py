"""The kits, one row each: which values of a site its files have, and its variants.

A new kit is a folder of files in ``deploy/``, a function that says how its files write a site, and
a row in :data:`KITS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .site import Site

__all__ = ["KITS", "Kit"]

Exchange = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """Files for one program.

    Attributes:
        name: of the kit, and of its folder in ``deploy/``.
        written: how its files write a site: texts by any name. Each text that it returns for the
            example is in a shipped file, and nothing else in any of them is like it.
        variants: what to exchange in the shipped files, by the name of the variant.
        then: what the user does with the files.
    """

    name: str
    written: Callable[[Site], Exchange]
    variants: Mapping[str, Exchange] = field(default_factory=dict[str, Exchange])
    then: str


def _nginx(site: Site) -> Exchange:
    return {
        "host": site.host,
        "upstream": "\n    ".join(f"server {one};" for one in site.upstreams),
        "upstream with threads": "\n    ".join(
            f"server {one} max_conns=64;" for one in site.upstreams
        ),
        "paths": "\n        ".join(
            f"location {path} {{ include streamward/stream.conf; }}" for path in site.paths
        ),
        "silence": f"_timeout {site.silence}s;",
        "heartbeat": f"heartbeats of {site.heartbeat} s",
        "longest": f"worker_shutdown_timeout {site.longest}s;",
    }


_NGINX_VARIANTS = {
    "1.22": {"include streamward/listen.conf": "include streamward/listen-1.22.conf"},
    "wsgi": {"include streamward/upstream-asgi.conf": "include streamward/upstream-wsgi.conf"},
    "njs": {
        "include streamward/without-njs.conf": "include streamward/with-njs.conf",
        "# js_body_filter ": "js_body_filter ",
    },
}


def _systemd(site: Site) -> Exchange:
    host, _, port = site.upstreams[0].rpartition(":")
    return {
        "app": f" {site.app} ",
        "listen": f"--host {host.strip('[]')} --port {port}",
        "bind": f"--bind {site.upstreams[0]}",
        "uvicorn's grace": f"--timeout-graceful-shutdown {site.longest}",
        "gunicorn's grace": f"--graceful-timeout {site.longest}",
        "grace in words": f"{site.longest} s)",
        "systemd's grace": f"TimeoutStopSec={site.longest + 15}",
    }


def _kubernetes(site: Site) -> Exchange:
    backend = "backend: { service: { name: chat, port: { name: http } } }"
    return {
        "host": site.host,
        "app": f"- {site.app}",
        "flag": f"--port={site.port}",
        "port": f"containerPort: {site.port} ",
        "paths": "\n        ".join(
            f"- path: {{ type: PathPrefix, value: {path} }}" for path in site.paths
        ),
        "paths of an ingress": "\n          ".join(
            f"- {{ path: {path}, pathType: Prefix, {backend} }}" for path in site.paths
        ),
        "silence": f"streamIdleTimeout: {site.silence}s",
        "silence in a word": f'proxy-read-timeout: "{site.silence}"',
        "silence in words": f'"{site.silence}s" is ignored',
        "heartbeat": f"heartbeats of {site.heartbeat} s",
        "uvicorn's grace": f"--timeout-graceful-shutdown={site.longest} ",
        "the pod's grace": f"terminationGracePeriodSeconds: {site.longest + 30}",
        "the controller's grace": f"worker-shutdown-timeout: {site.longest}s",
    }


def _haproxy(site: Site) -> Exchange:
    return {
        "host": site.host,
        "paths": f"acl streams path_beg {' '.join(site.paths)}",
        "upstream": "\n    ".join(
            f"server app{number} {one}" for number, one in enumerate(site.upstreams)
        ),
        "silence": f"timeout server {site.silence}s",
        "silence of a client": f"timeout client {site.silence}s",
        "silence of a tunnel": f"timeout tunnel {site.silence}s",
        "heartbeat": f"heartbeats of {site.heartbeat} s",
        "longest": f"hard-stop-after {site.longest}s",
    }


def _envoy(site: Site) -> Exchange:
    return {
        "host": site.host,
        "paths": f"regex: '{_either(site.paths)}.*'",
        "upstream": "\n              ".join(map(_endpoint, site.upstreams)),
        "silence": f"idle_timeout: {site.silence}s",
        "heartbeat": f"heartbeats of {site.heartbeat} s",
        "longest": f"--drain-time-s {site.longest}",
    }


def _endpoint(upstream: str) -> str:
    host, _, port = upstream.rpartition(":")
    where = f"{{ address: {host.strip('[]')!r}, port_value: {port} }}".replace("'", '"')
    return f"- endpoint: {{ address: {{ socket_address: {where} }} }}"


def _caddy(site: Site) -> Exchange:
    return {
        "host": site.host,
        "paths": f"@streams path {' '.join(f'{path}*' for path in site.paths)}",
        "upstream": f"reverse_proxy {' '.join(site.upstreams)}",
        "silence": f"read_timeout {site.silence}s",
        "heartbeat": f"heartbeats of {site.heartbeat} s",
        "longest": f"grace_period {site.longest}s",
    }


def _apache(site: Site) -> Exchange:
    flags = f"flushpackets=on timeout={site.silence} ttl=4 retry=0 upgrade=websocket"
    return {
        "host": site.host,
        "paths": f'<LocationMatch "^{_either(site.paths)}">',
        "upstream": "\n    ".join(
            f'BalancerMember "http://{one}" {flags}' for one in site.upstreams
        ),
        "heartbeat": f"heartbeats of {site.heartbeat} s",
        "longest": f"GracefulShutdownTimeout {site.longest}",
    }


def _cloudflare(site: Site) -> Exchange:
    begins = [f'starts_with(http.request.uri.path, "{path}")' for path in site.paths]
    streams = f"({' or '.join(begins)})"
    return {
        "host": site.host,
        "paths": streams,
        "paths in Terraform": streams.replace('"', '\\"'),
        "paths of the Worker": f'"PATHS": {json.dumps(site.paths)}',
        "routes": f'"routes": {json.dumps([f"{site.host}{path}*" for path in site.paths])}',
        "heartbeat": f'"HEARTBEAT_SECONDS": {site.heartbeat}\n',
        "upstream": f"service: http://{site.upstreams[0]}",
        "longest": f"grace-period: {site.longest}s",
    }


def _either(paths: tuple[str, ...]) -> str:
    """Return the regular expression of what begins with one of them."""
    return f"({'|'.join(map(re.escape, paths))})"


_ALL = (
    Kit(
        name="nginx",
        written=_nginx,
        variants=_NGINX_VARIANTS,
        then="copy the files into /etc/nginx, then: nginx -t && systemctl reload nginx",
    ),
    Kit(
        name="systemd",
        written=_systemd,
        then="copy the unit of your server to /etc/systemd/system, then: systemctl daemon-reload",
    ),
    Kit(
        name="kubernetes",
        written=_kubernetes,
        then="kubectl apply -f deployment.yaml -f gateway.yaml -f envoy-gateway.yaml",
    ),
    Kit(
        name="haproxy",
        written=_haproxy,
        then="copy the file into /etc/haproxy, then: haproxy -c -f /etc/haproxy/haproxy.cfg",
    ),
    Kit(
        name="envoy",
        written=_envoy,
        then="envoy --mode validate -c envoy.yaml",
    ),
    Kit(
        name="caddy",
        written=_caddy,
        then="copy the file into /etc/caddy, then: caddy validate --config /etc/caddy/Caddyfile",
    ),
    Kit(
        name="apache",
        written=_apache,
        then="copy the file into /etc/apache2/sites-available, then: a2ensite streamward",
    ),
    Kit(
        name="cloudflare",
        written=_cloudflare,
        then="CLOUDFLARE_API_TOKEN=... python rules.py ZONE_ID --dry-run",
    ),
)

KITS: Mapping[str, Kit] = {kit.name: kit for kit in _ALL}
"""The kits by name."""
