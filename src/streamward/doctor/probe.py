"""One exchange: ask, and note when what comes back."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from .exchange import End, Exchange, Trouble
from .hops import plain
from .reading import BodyReading
from .wish import Wish

__all__ = ["CODINGS", "Ask", "probe"]

CODINGS: Final = "gzip, deflate, br, zstd"
"""What browsers accept: a hop that compresses for them shall do so for the probe."""

# A stream may be long; what is noted of it is bounded.
_MAX_ARRIVALS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request.

    Attributes:
        url: where.
        method: how.
        headers: of the user's own.
        body: of the user's own.
        wish: how an echo shall answer; None: the URL is asked as it is.
        codings: the value of ``Accept-Encoding``.
        patience: seconds without a byte after which the probe gives up.
        trust: which certificates are believed; None: those of the system.
        http1: whether HTTP/2 is declined where TLS offers it.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    wish: Wish | None = None
    codings: str = CODINGS
    patience: float = 60.0
    trust: ssl.SSLContext | None = field(default=None, repr=False)
    http1: bool = False


async def probe(ask: Ask) -> Exchange:
    """Make one exchange; whatever goes wrong is told in the result.

    A connection of its own is used, and no proxy of the environment.
    """
    stopwatch = _Stopwatch()
    try:
        async with _client(ask) as client:
            request = _request(client, ask, stopwatch)
            response = await client.send(request, stream=True)
            try:
                return await _take(ask, response, stopwatch)
            finally:
                await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        return Exchange(trouble=_trouble(error), connect=stopwatch.connect, total=stopwatch.now())


class _Stopwatch:
    """Times of a connection, as the transport tells of its steps."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._sent: float | None = None
        self.connect = 0.0

    def now(self) -> float:
        return time.monotonic() - (self._begun if self._sent is None else self._sent)

    async def trace(self, step: str, _info: Mapping[str, Any]) -> None:
        if step == "connection.connect_tcp.started":
            self._begun = time.monotonic()
        elif step.endswith(".send_request_headers.started"):
            self.connect = time.monotonic() - self._begun
        elif step.endswith(".send_request_body.complete"):
            self._sent = time.monotonic()


def _client(ask: Ask) -> httpx.AsyncClient:
    https = ask.url.lower().startswith("https:")
    trust = (ask.trust or ssl.create_default_context()) if https else False
    limit = httpx.Timeout(10.0, read=ask.patience, write=ask.patience)
    return httpx.AsyncClient(
        http2=https and not ask.http1,
        verify=trust,
        timeout=limit,
        trust_env=False,
        follow_redirects=False,
    )


def _request(client: httpx.AsyncClient, ask: Ask, stopwatch: _Stopwatch) -> httpx.Request:
    url = httpx.URL(ask.url)
    headers = httpx.Headers({"accept": "text/event-stream, */*", "accept-encoding": ask.codings})
    headers.update(ask.headers)
    if ask.wish is not None:
        query = ask.wish.query().encode()
        url = url.copy_with(query=b"&".join(part for part in (url.query, query) if part))
    extensions = {"trace": stopwatch.trace}
    content = ask.body or None
    return client.build_request(
        ask.method, url, headers=headers, content=content, extensions=extensions
    )


async def _take(ask: Ask, response: httpx.Response, stopwatch: _Stopwatch) -> Exchange:
    headers = {name.lower(): value for name, value in response.headers.items()}
    begun = Exchange(
        status=response.status_code,
        http=response.http_version,
        headers=headers,
        asked=tuple(sorted(name.lower() for name in ask.headers)),
        guarded=ask.wish is not None and ask.wish.guarded,
        connect=stopwatch.connect,
        ttfb=stopwatch.now(),
    )
    reading = BodyReading(headers, urlsplit(ask.url).path)
    trouble = _refused(response) or (None if reading.framing else _no_stream(headers))
    if trouble is not None:
        return replace(begun, trouble=trouble, total=stopwatch.now())
    arrivals: list[float] = []
    end = await _read(response, reading, arrivals, stopwatch)
    reading.finish(total := stopwatch.now())
    return replace(
        begun,
        ttft=reading.first_text,
        total=total,
        arrivals=tuple(arrivals),
        frames=tuple(reading.frames),
        end=end,
        ending=reading.ending,
        dialect=reading.dialect,
        members=reading.members,
        seen=reading.seen,
    )


async def _read(
    response: httpx.Response, reading: BodyReading, arrivals: list[float], stopwatch: _Stopwatch
) -> End:
    try:
        async for piece in response.aiter_raw():
            at = stopwatch.now()
            if len(arrivals) < _MAX_ARRIVALS:
                arrivals.append(at)
            reading.feed(piece, at)
    except httpx.TimeoutException:
        return "gave_up"
    except (httpx.TransportError, OSError):
        return "cut"
    return "clean"


_MEANINGS: Final = {
    401: ": give the header that says who asks",
    403: ": forbidden, or a firewall on the way",
    404: ": nothing is there",
    405: ": another --method is wanted",
    408: ": a hop waited too long for the request",
    429: ": a limit of calls is reached",
    502: ": the hop in front could not reach the application, or it broke before it answered",
    503: ": the application, or all of its servers, are out",
    504: ": a time-out: the hop in front waited too long for the first byte",
    524: ": a time-out: Cloudflare waited too long for the first byte",
}


def _refused(response: httpx.Response) -> Trouble | None:
    status = response.status_code
    if 300 <= status < 400:
        where = urlsplit(str(response.headers.get("location", "")))
        host = where.netloc.rpartition("@")[2]
        target = f"{where.scheme}://{host}{where.path}" if host else where.path
        return Trouble("redirect", f"status {status}, to {target or 'nowhere'}: ask there instead")
    if not 200 <= status < 300:
        return Trouble("status", f"status {status}{_MEANINGS.get(status, '')}")
    return None


def _no_stream(headers: Mapping[str, str]) -> Trouble:
    kind = headers.get("content-type", "").partition(";")[0].strip()[:60] or "nothing"
    asked = " (does the body ask for one?)" if kind == "application/json" else ""
    return Trouble("not_a_stream", f"the content type is {plain(kind)}, which is no stream{asked}")


def _trouble(error: BaseException) -> Trouble:
    """Say in a word what went wrong; messages of libraries may quote the URL, so none is used."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    tls = next((one for one in causes if isinstance(one, ssl.SSLError)), None)
    if tls is not None:
        reason = getattr(tls, "verify_message", "") or tls.reason or "the handshake failed"
        return Trouble("tls", f"no TLS connection: {reason.replace('_', ' ').lower()}")
    for kinds, trouble in _TROUBLES:
        if isinstance(error, kinds):
            return trouble
    return Trouble("unreachable", "the connection failed")


_TROUBLES: Final[tuple[tuple[tuple[type[Exception], ...], Trouble], ...]] = (
    (
        (httpx.ConnectTimeout,),
        Trouble("unreachable", "nobody answered the connection within 10 s"),
    ),
    ((httpx.ConnectError,), Trouble("unreachable", "nobody can be reached there")),
    (
        (httpx.TimeoutException,),
        Trouble("no_answer", "connected, but no response came in time"),
    ),
    (
        (httpx.InvalidURL, httpx.UnsupportedProtocol),
        Trouble("protocol", "this is no http or https URL"),
    ),
    (
        (httpx.ReadError, httpx.RemoteProtocolError),
        Trouble("protocol", "the connection was closed without a proper HTTP response"),
    ),
)
