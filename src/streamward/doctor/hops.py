"""Who stands on the way, as far as the headers of both ends tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from .exchange import Case, Exchange

__all__ = ["SHOWN", "SIGNS", "Hop", "Kind", "hops_of", "plain", "shown"]

Kind = Literal[
    "alb",
    "apache",
    "api_gateway",
    "app",
    "caddy",
    "cloudflare",
    "cloudfront",
    "envoy",
    "fastly",
    "front_door",
    "google",
    "h2o",
    "haproxy",
    "heroku",
    "lighttpd",
    "nginx",
    "tunnel",
    "unknown",
    "varnish",
    "vercel",
]


class Sign(NamedTuple):
    """What tells a hop: a header of the response, or of the request as the application got it."""

    kind: Kind
    header: str
    pattern: str = ""
    side: Literal["response", "request"] = "response"


SIGNS: Final[tuple[Sign, ...]] = (
    Sign("cloudflare", "cf-ray"),
    Sign("cloudflare", "server", "cloudflare"),
    Sign("cloudflare", "cf-ray", side="request"),
    Sign("tunnel", "cf-warp-tag-id", side="request"),
    Sign("cloudfront", "x-amz-cf-id"),
    Sign("cloudfront", "via", "cloudfront"),
    Sign("cloudfront", "x-amz-cf-id", side="request"),
    Sign("fastly", "x-served-by", "cache-"),
    Sign("front_door", "x-azure-ref"),
    Sign("front_door", "x-azure-fdid", side="request"),
    Sign("vercel", "x-vercel-id"),
    Sign("vercel", "x-vercel-id", side="request"),
    Sign("heroku", "via", "vegur|heroku"),
    Sign("google", "via", r"\bgoogle\b"),
    Sign("google", "x-cloud-trace-context", side="request"),
    Sign("api_gateway", "x-amz-apigw-id"),
    Sign("api_gateway", "apigw-requestid"),
    Sign("alb", "server", "awselb"),
    Sign("alb", "x-amzn-trace-id", side="request"),
    Sign("varnish", "x-varnish"),
    Sign("varnish", "via", "varnish"),
    Sign("varnish", "x-varnish", side="request"),
    Sign("envoy", "server", "envoy"),
    Sign("envoy", "x-envoy-upstream-service-time"),
    Sign("envoy", "x-envoy-expected-rq-timeout-ms", side="request"),
    Sign("nginx", "server", "nginx|openresty|tengine|apisix|kong"),
    Sign("nginx", "x-kong-upstream-latency"),
    Sign("caddy", "server", "caddy"),
    Sign("caddy", "via", "caddy"),
    Sign("apache", "server", "apache"),
    Sign("lighttpd", "server", "lighttpd"),
    Sign("lighttpd", "x-host", side="request"),  # its mod_proxy leaves the application's Server
    Sign("h2o", "server", r"\bh2o"),
    Sign(
        "app", "server", "uvicorn|hypercorn|granian|gunicorn|waitress|daphne|werkzeug|node|python"
    ),
)
"""The signs, in the order in which hops usually stand: the outermost first."""

SHOWN: Final = (
    "age",
    "alt-svc",
    "cache-control",
    "cache-status",
    "cf-cache-status",
    "cf-ray",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "server",
    "transfer-encoding",
    "vary",
    "via",
    "x-accel-buffering",
    "x-cache",
    "x-cache-hits",
    "x-cache-status",
    "x-proxy-cache",
    "x-served-by",
    "x-varnish",
)
"""The response headers whose values may be shown. They are about the way, not about anybody."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One that stands on the way.

    Attributes:
        kind: what it is.
        evidence: the header that says so.
    """

    kind: Kind
    evidence: str


def hops_of(case: Case) -> tuple[Hop, ...]:
    """Return the hops of a case, the outermost first as far as that can be told."""
    found: dict[Kind, Hop] = {}
    for exchange in case.through.values():
        for hop in _of(exchange):
            found.setdefault(hop.kind, hop)
    order = list(dict.fromkeys(sign.kind for sign in SIGNS))
    return tuple(sorted(found.values(), key=lambda hop: order.index(hop.kind)))


def shown(exchange: Exchange) -> dict[str, str]:
    """Return the response headers that may be shown, shortened."""
    given = exchange.headers
    return {name: plain(given[name]) for name in SHOWN if name in given}


def _of(exchange: Exchange) -> Iterator[Hop]:
    names = exchange.seen.names if exchange.seen is not None else ()
    for sign in SIGNS:
        if sign.side == "request":
            if sign.header in names:
                yield Hop(sign.kind, f"it adds {sign.header} to the request")
        elif sign.header in exchange.headers:
            value = exchange.headers[sign.header]
            if re.search(sign.pattern, value, re.IGNORECASE):
                said = f"{sign.header}: {plain(value)}" if sign.header in SHOWN else sign.header
                yield Hop(sign.kind, said)


def plain(value: str) -> str:
    """Return the begin of a header's value, fit for a terminal."""
    return "".join(c if c.isprintable() else "?" for c in value[:80])
