"""The kits, one row each: which values of a site its files have, and its variants.

A new kit is a folder of files in ``deploy/``, a function that says how its files write a site, and
a row in :data:`KITS`.
"""

from __future__ import annotations

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
)

KITS: Mapping[str, Kit] = {kit.name: kit for kit in _ALL}
"""The kits by name."""
