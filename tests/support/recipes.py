"""Popular recipes for streaming through nginx that do not work, and what goes wrong with each.

They are pasted into an nginx that has ``proxy_pass`` and nothing else, in front of uvicorn with h11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["RECIPES", "Fault", "Recipe"]

Fault = Literal[
    "held",  # nothing arrives before the end
    "late",  # each frame waits for the one after it
    "truncation hidden",  # a crash looks like an end
    "replayed",  # the next user gets the first one's answer
    "runs on",  # the application is not told that its client left
    "asked twice",  # another process is asked the same, after the first one has read the request
    "cut",  # a silent stream is ended
]


@dataclass(frozen=True)
class Recipe:
    """Some lines of configuration that people copy.

    Attributes:
        name: what they say it is.
        fault: what happens instead.
        location: the lines in ``location``.
        http: the lines in ``http``; ``{folder}`` is one of the test's own.
        query: of the stream that shows the fault; see ``support.lockstep``.
        method: of the request that shows it.
        mended: no fault from this version of nginx on, which has other defaults.
    """

    name: str
    fault: Fault
    location: str = ""
    http: str = ""
    query: str = "frames=4"
    method: str = "POST"
    mended: tuple[int, ...] = ()


_HTTP_1_1_DEFAULT = (1, 29, 7)
_CACHE = "proxy_cache_path {folder}/cache keys_zone=answers:1m; proxy_cache_valid 200 10m;"

RECIPES = (
    Recipe("proxy_pass alone", "held", mended=_HTTP_1_1_DEFAULT),
    Recipe(
        "add_header X-Accel-Buffering",
        "held",
        "add_header X-Accel-Buffering no always;",
        mended=_HTTP_1_1_DEFAULT,
    ),
    Recipe(
        "proxy_set_header X-Accel-Buffering",
        "held",
        "proxy_set_header X-Accel-Buffering no;",
        mended=_HTTP_1_1_DEFAULT,
    ),
    Recipe(
        "the magic trio",
        "held",
        "proxy_cache off; chunked_transfer_encoding off; proxy_read_timeout 24h; tcp_nodelay on;",
        mended=_HTTP_1_1_DEFAULT,
    ),
    Recipe(
        "tcp_nopush against Nagle",
        "held",
        "tcp_nopush on; tcp_nodelay on; sendfile on;",
        mended=_HTTP_1_1_DEFAULT,
    ),
    Recipe("a day of patience", "held", "proxy_read_timeout 86400s;", mended=_HTTP_1_1_DEFAULT),
    Recipe(
        "gzip for everything",
        "held",
        "proxy_http_version 1.1;",
        http="gzip on; gzip_types *; gzip_proxied any; gzip_min_length 0;",
    ),
    Recipe(
        "HTTP/1.1 without proxy_buffering off",
        "late",
        "proxy_http_version 1.1; proxy_set_header Connection '';",
        query="frames=4&size=9000",
    ),
    Recipe(
        "proxy_buffering off alone",
        "truncation hidden",
        "proxy_buffering off;",
        query="frames=4&breaks=2",
        mended=_HTTP_1_1_DEFAULT,
    ),
    Recipe(
        "chunked_transfer_encoding off",
        "truncation hidden",
        "proxy_http_version 1.1; proxy_buffering off; chunked_transfer_encoding off;",
        query="frames=4&breaks=2",
    ),
    Recipe(
        "a cache for the whole site",
        "replayed",
        "proxy_http_version 1.1; proxy_cache answers;",
        http=_CACHE,
        method="GET",
    ),
    Recipe(
        "a cache, and a client that leaves",
        "runs on",
        "proxy_http_version 1.1; proxy_cache answers;",
        http=_CACHE,
        method="GET",
    ),
    Recipe(
        "proxy_next_upstream non_idempotent",
        "asked twice",
        "proxy_http_version 1.1; proxy_buffering off;"
        " proxy_next_upstream error timeout non_idempotent;",
    ),
    Recipe(
        "the defaults and a GET",
        "asked twice",
        "proxy_http_version 1.1; proxy_buffering off;",
        method="GET",
    ),
    Recipe(
        "a short proxy_read_timeout",
        "cut",
        "proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 1s;",
    ),
)
"""Every recipe, with what is wrong with it."""
