"""The known limits of what may stand in front, and whether heartbeats come often enough for them.

An *idle* limit counts between two pieces: heartbeats keep below it. A limit on the *whole* answer
cannot be met by anything but a shorter answer, or another setting of that hop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from .site import Site

__all__ = ["HOPS", "Hop", "Verdict", "budget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One kind of proxy, with what it does unless told otherwise.

    Attributes:
        name: as on the command line.
        title: as people call it.
        idle: seconds of silence after which it cuts a stream; None: no such limit.
        whole: seconds after which it cuts any stream; None: no such limit.
        setting: where its owner changes that, and to what it can be changed.
        source: the page that says so.
    """

    name: str
    title: str
    idle: int | None = None
    whole: int | None = None
    setting: str
    source: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a site's streams at a hop.

    Attributes:
        hop: where.
        outcome: ``"silence"``: heartbeats come too seldom; ``"length"``: the longest stream is too
            long; ``"tight"``: one heartbeat that comes late is enough; ``"ok"``.
    """

    hop: Hop
    outcome: Literal["ok", "tight", "silence", "length"]

    @property
    def cuts(self) -> bool:
        """Whether streams are cut there."""
        return self.outcome in ("silence", "length")


def budget(site: Site, hops: Iterable[Hop]) -> list[Verdict]:
    """Return a verdict on each hop."""
    return [Verdict(hop, _outcome(site, hop)) for hop in hops]


def _outcome(site: Site, hop: Hop) -> Literal["ok", "tight", "silence", "length"]:
    if hop.idle is not None and site.heartbeat >= hop.idle:
        return "silence"
    if hop.whole is not None and site.longest > hop.whole:
        return "length"
    if hop.idle is not None and 2 * site.heartbeat > hop.idle:
        return "tight"
    return "ok"


_AWS = "docs.aws.amazon.com"
_ALL = (
    Hop(
        name="nginx",
        title="nginx, somebody else's",
        idle=60,
        setting="`proxy_read_timeout`",
        source="nginx.org/en/docs/http/ngx_http_proxy_module.html",
    ),
    Hop(
        name="envoy",
        title="Envoy",
        idle=300,
        whole=15,
        setting="route `timeout: 0s`; `stream_idle_timeout`, `idle_timeout`",
        source="www.envoyproxy.io/docs/envoy/v1.39.0/faq/configuration/timeouts",
    ),
    Hop(
        name="alb",
        title="AWS Application Load Balancer",
        idle=60,
        setting="`idle_timeout.timeout_seconds`",
        source=f"{_AWS}/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html",
    ),
    Hop(
        name="cloudfront",
        title="AWS CloudFront",
        idle=30,
        setting="origin response timeout, 1 to 120; it counts between packets",
        source=f"{_AWS}/cloudfront/latest/APIReference/API_VpcOriginConfig.html",
    ),
    Hop(
        name="apigateway",
        title="AWS API Gateway, REST, regional",
        idle=300,
        whole=900,
        setting="`responseTransferMode: STREAM`; the limits are fixed",
        source=f"{_AWS}/apigateway/latest/developerguide/response-transfer-mode.html",
    ),
    Hop(
        name="apigateway-edge",
        title="AWS API Gateway, REST, edge-optimised",
        idle=30,
        whole=900,
        setting="`responseTransferMode: STREAM`; the limits are fixed",
        source=f"{_AWS}/apigateway/latest/developerguide/response-transfer-mode.html",
    ),
    Hop(
        name="cloudflare",
        title="Cloudflare",
        idle=100,
        setting="Enterprise: `proxy_read_timeout`; its pages say 100 here, 120 there",
        source="developers.cloudflare.com/fundamentals/reference/connection-limits/",
    ),
    Hop(
        name="vercel",
        title="Vercel functions",
        whole=300,
        setting="`maxDuration`, up to 800 with Fluid on Pro",
        source="vercel.com/docs/functions/limitations",
    ),
    Hop(
        name="gcp",
        title="Google Cloud external Application Load Balancer",
        whole=30,
        setting="time-out of the backend service; raise it to the longest stream",
        source="cloud.google.com/load-balancing/docs/backend-service",
    ),
    Hop(
        name="frontdoor",
        title="Azure Front Door",
        idle=30,
        setting="origin response timeout, 16 to 240",
        source="learn.microsoft.com/azure/frontdoor/front-door-troubleshoot-routing",
    ),
    Hop(
        name="fastly",
        title="Fastly",
        idle=10,  # its pages that could be read name no default
        setting="`bereq.between_bytes_timeout`; 10 is unverified, up to 60 between its own servers",
        source="www.fastly.com/documentation/reference/vcl/variables/backend-connection/"
        "bereq-between-bytes-timeout",
    ),
)

HOPS: Mapping[str, Hop] = {hop.name: hop for hop in _ALL}
"""The known hops by name."""
