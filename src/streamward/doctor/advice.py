"""What to change, by fault and by hop: the data of the diagnosis, without its logic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from .hops import Kind

__all__ = ["ADVICE", "LIMITS", "Advice", "Code", "known_limit"]

Code = Literal[
    "accel_added",
    "accel_ignored",
    "accel_requested",
    "arrives_at_once",
    "bursts",
    "cache_control_changed",
    "cache_replay",
    "compressed_held",
    "content_type_changed",
    "crash_hidden",
    "cut",
    "gzip_members",
    "held",
    "http10_client",
    "http10_upstream",
    "idle_timeout",
    "large_frames_held",
    "no_chunks",
    "no_terminal",
    "request_header_eaten",
    "retried",
]
"""The faults. A code never changes once released."""

_STREAM_IT: Final = (
    "stream from an async generator, and keep compressing middleware off the path (Django: no"
    " GZipMiddleware, no sync generator under ASGI)"
)

Advice = Mapping[Kind, str]
"""The line to change, by hop, the likeliest first; ``"unknown"`` is for where no hop is known."""

ADVICE: Final[Mapping[Code, Advice]] = {
    "accel_added": {
        "nginx": "remove `add_header X-Accel-Buffering no;` (only the application's header counts)"
        " and write `proxy_buffering off;`",
        "unknown": "let the application send X-Accel-Buffering: no; added on the way, it does"
        " nothing there",
    },
    "accel_ignored": {
        "nginx": "in each nginx write `proxy_pass_header X-Accel-Buffering;` and `proxy_buffering"
        " off;`, and remove `proxy_ignore_headers X-Accel-Buffering`",
        "unknown": "let the header pass (in an inner nginx `proxy_pass_header"
        " X-Accel-Buffering;`), or switch response buffering off in the hop that holds",
    },
    "accel_requested": {
        "nginx": "remove `proxy_set_header X-Accel-Buffering no;` (a request header does nothing)"
        " and write `proxy_buffering off;`",
        "unknown": "X-Accel-Buffering is a response header; remove it from the requests, and"
        " switch response buffering off",
    },
    "arrives_at_once": {
        "app": _STREAM_IT,
        "nginx": "`proxy_http_version 1.1; proxy_buffering off; gzip off;`",
        "lighttpd": "`server.stream-response-body = 2`",
        "api_gateway": "`responseTransferMode: STREAM` for the method",
        "cloudflare": "a Configuration Rule for the path with `response_body_buffering: none`",
        "unknown": "give `--direct` to see whether it is the application; then switch buffering"
        " and compression off for the path",
    },
    "bursts": {
        "haproxy": "`option http-no-delay` in the frontend and in the backend",
        "unknown": "`option http-no-delay` where HAProxy stands on the way (it names itself"
        " nowhere); elsewhere the switch that flushes each write",
    },
    "cache_control_changed": {
        "nginx": "remove `proxy_hide_header Cache-Control`, `proxy_ignore_headers Cache-Control`"
        " and `expires` from the location",
        "cloudflare": "Cache Rule for the path: Browser TTL *respect origin*",
        "unknown": "let `Cache-Control: no-store, no-transform` of the application pass unchanged",
    },
    "cache_replay": {
        "app": "it replays recordings of its own: keep them apart by who asks",
        "nginx": "`proxy_cache off;`, and `Cache-Control: no-store` from the application",
        "cloudflare": "a Cache Rule for the path with *bypass cache*",
        "fastly": "`return(pass);` in vcl_recv for the path",
        "varnish": "`return (pass);` in vcl_recv for the path",
        "cloudfront": "the cache policy *CachingDisabled* for the path",
        "unknown": "keep the path out of every cache, and send `Cache-Control: no-store` from the"
        " application",
    },
    "compressed_held": {
        "app": _STREAM_IT,
        "nginx": "`gzip off;` (where loaded also `brotli off;`), or `proxy_buffering off;`, with"
        " which nginx flushes what it compresses",
        "caddy": "take the path out of `encode`, or run Caddy 2.11 or newer",
        "haproxy": "remove `compression algo` for the path, and `option http-no-delay`",
        "cloudflare": "a Compression Rule for the path with `algorithms: [{name: none}]`",
        "unknown": "switch compression off for the path (HAProxy: remove `compression algo`), or"
        " send `Cache-Control: no-transform` where the hop honours it",
    },
    "content_type_changed": {
        "nginx": "remove `proxy_hide_header Content-Type` and `add_header Content-Type`",
        "unknown": "let `Content-Type: text/event-stream` of the application pass unchanged",
    },
    "crash_hidden": {
        "caddy": "run Caddy 2.11 or newer",
        "lighttpd": "`server.stream-response-body = 2`",
        "h2o": "put another proxy there: h2o 2.2 ends broken answers as if they were whole",
        "cloudflare": "the Worker on the path must check for the terminal frame and add an error",
        "app": "run a server that breaks the connection when the application fails (granian's"
        " WSGI does not)",
        "unknown": "let a broken answer stay broken on the way; and send a terminal frame"
        " always, as streamward does",
    },
    "cut": {
        "app": "look into its log: it, or its server, breaks the answer",
        "nginx": "`proxy_read_timeout` above the longest silence, `worker_shutdown_timeout` above"
        " the longest stream",
        "envoy": "`timeout: 0s` in the route, and `idle_timeout` above the longest silence",
        "alb": "`idle_timeout.timeout_seconds` above the longest silence",
        "google": "`timeoutSec` of the backend service above the longest stream",
        "cloudflare": "send heartbeats: nothing may be silent for 100 s",
        "vercel": "`maxDuration` of the function above the longest stream",
        "unknown": "look into the log of the application first; then raise the time-outs on the"
        " way",
    },
    "gzip_members": {
        "app": "keep Django's GZipMiddleware, or whatever compresses each piece by itself, off the"
        " path",
        "unknown": "keep what compresses each piece by itself off the path: Django's"
        " GZipMiddleware does so under ASGI",
    },
    "held": {
        "app": _STREAM_IT,
        "cloudflare": "a Configuration Rule for the path with `response_body_buffering: none`",
        "tunnel": "a named tunnel and a new cloudflared: Quick Tunnels hold the answer to a GET"
        " until its end",
        "api_gateway": "`responseTransferMode: STREAM` for the method",
        "varnish": "`return (pass);` for the path, and no `set beresp.do_stream = false;`",
        "lighttpd": "`server.stream-response-body = 2`",
        "nginx": "`proxy_buffering off;`, and no Lua body filter that collects",
        "unknown": "switch response buffering off for the path",
    },
    "http10_client": {
        "app": "run a server that speaks HTTP/1.1",
        "unknown": "let the outermost hop answer with HTTP/1.1: over 1.0 an end and a break look"
        " the same",
    },
    "http10_upstream": {
        "nginx": '`proxy_http_version 1.1;` and `proxy_set_header Connection "";`',
        "unknown": "speak HTTP/1.1 to the application (nginx: `proxy_http_version 1.1;`)",
    },
    "idle_timeout": {
        "cloudflare": "send heartbeats at least every 60 s: the Proxy Read Timeout is 100 to 125 s",
        "envoy": "`timeout: 0s` in the route (its default cuts every stream at 15 s), and"
        " `idle_timeout` above the heartbeat",
        "alb": "`idle_timeout.timeout_seconds` above the heartbeat",
        "heroku": "send heartbeats at least every 50 s: the router waits for 55 s",
        "fastly": "`bereq.between_bytes_timeout` above the heartbeat",
        "api_gateway": "a regional endpoint: its streams may be silent for 5 min, edge-optimised"
        " ones for 30 s",
        "cloudfront": "the origin's response timeout above the heartbeat",
        "google": "`timeoutSec` of the backend service above the longest stream",
        "front_door": "the origin response timeout above the heartbeat",
        "caddy": "`read_timeout` in `transport http` above the heartbeat",
        "haproxy": "`timeout server` above the heartbeat",
        "nginx": "`proxy_read_timeout 75s;`: more than three heartbeats of 15 s",
        "unknown": "raise the idle time-out on the way above the heartbeat (HAProxy: `timeout"
        " server`; Apache: `ProxyTimeout`), or send heartbeats more often",
    },
    "large_frames_held": {
        "app": _STREAM_IT,
        "nginx": "`proxy_buffering off;` (a frame over `proxy_buffer_size` waits for the next)",
        "unknown": "switch response buffering off for the path",
    },
    "no_chunks": {
        "app": "run a server that answers HTTP/1.1 with chunks",
        "nginx": "remove `chunked_transfer_encoding off;`",
        "unknown": "let the outermost hop send chunks (`Transfer-Encoding: chunked`)",
    },
    "no_terminal": {
        "app": "look into its log; an answer that breaks must end with an error frame, as"
        " streamward sends one",
        "nginx": "`proxy_http_version 1.1;` (over 1.0 a crash looks like an end), and no"
        " `chunked_transfer_encoding off;`",
        "unknown": "look into the log of the application; an answer that breaks must end with an"
        " error frame, as streamward sends one",
    },
    "request_header_eaten": {
        "nginx": "`proxy_pass_request_headers on;` and no `proxy_set_header` that empties it; a"
        " name with an underscore needs `underscores_in_headers on;`",
        "unknown": "let the header pass to the application",
    },
    "retried": {
        "nginx": "`proxy_next_upstream off;`, and never `non_idempotent`",
        "envoy": "no `retry_policy` in the route",
        "caddy": "ask with POST, or `transport http { keepalive off }`: Go repeats a GET where a"
        " kept connection breaks",
        "haproxy": "`retries 0` and no `retry-on`",
        "unknown": "switch retries off for the path: each one is another call of the model",
    },
}


LIMITS: Final[tuple[tuple[float, str], ...]] = (
    (15, "Envoy's route timeout"),
    (30, "the default of Google's, CloudFront's and Front Door's origin timeouts"),
    (55, "Heroku's idle limit"),
    (60, "the default of nginx's proxy_read_timeout and of ALB's idle timeout"),
    (100, "Cloudflare's Proxy Read Timeout as once documented"),
    (120, "Cloudflare's Proxy Read Timeout"),
    (300, "the duration that Vercel gives a function by default"),
)
"""After how many seconds well-known hops end an answer that is silent, or any answer."""


def known_limit(seconds: float) -> str:
    """Return a sentence about whose limit that is; empty where it is nobody's."""
    for limit, whose in LIMITS:
        if -0.1 <= seconds - limit <= 1.5:
            return f"{limit:g} s is {whose}"
    return ""
