"""One request to the upstream, and its answer back.

Strategy: the transport of httpx is used, and not its client, which would add headers, follow
redirects, remember cookies and decode. All happens in the task that the server gave us, piece by
piece inside its own ``send``, so a slow client slows the upstream. One small task stands beside it:
it hears when the client leaves, and then ends the other, which closes the upstream's connection.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import structlog

from ..errors import NotForwardedError, StreamwardError
from ..middleware.controls import controls_in
from ..middleware.headers import Headers
from ..middleware.inbox import Receive
from ..middleware.outbox import Send
from .attempts import Attempts
from .body import ClientLeftError, RequestBody
from .headers import end_to_end, for_upstream, wants_websocket
from .problems import problem
from .rules import Rules
from .transport import as_ours

__all__ = ["Forwarding"]

# They would show a client what is added to its request, or make a tunnel of the gateway.
_REFUSED_METHODS = frozenset({"CONNECT", "TRACE"})


class Forwarding:
    """Carries one request.

    Args:
        rules: of the gateway.
        transport: connects to the upstream.
        scope: the ASGI scope.
        receive: the server's ``receive``.
        send: the server's ``send``.
    """

    def __init__(
        self,
        rules: Rules,
        transport: httpx.AsyncBaseTransport,
        scope: Any,
        receive: Receive,
        send: Send,
    ) -> None:
        self._rules = rules
        self._transport = transport
        self._scope = scope
        self._receive = receive
        self._send = send
        method, retries = scope["method"], rules.retries
        keep = retries.keep_body if method in retries.methods else 0
        self._body = RequestBody(receive, keep=keep)
        self._attempts = Attempts(retries, method, self._body)
        controls = controls_in(scope)
        self._stays = controls is not None and controls.stay

    async def run(self) -> None:
        """Answer the request.

        Raises:
            UpstreamError: the answer had begun, and broke off.
        """
        presence = asyncio.timeout(None)  # ends when the client leaves
        leaving: asyncio.Task[None] | None = None
        try:
            async with presence:
                leaving = asyncio.create_task(self._until_left(presence))
                await self._forward()
        except ClientLeftError:
            pass
        except TimeoutError:
            if not presence.expired():
                raise
        finally:
            if leaving is not None:
                leaving.cancel()

    async def _until_left(self, presence: asyncio.Timeout) -> None:
        if self._stays:
            return  # whoever is around us cancels us, once nobody wants the answer any more
        await self._body.over.wait()  # until then, the body hears of it
        while (await self._receive())["type"] != "http.disconnect":
            pass
        presence.reschedule(0)

    async def _forward(self) -> None:
        try:
            request = await self._request()
            response = await self._ask(request)
        except StreamwardError as error:
            await self._refuse(error)
        else:
            await self._answer(request, response)

    # There

    async def _request(self) -> httpx.Request:
        """Return the request for the upstream.

        Raises:
            NotForwardedError: it is not one for the upstream.
        """
        scope, timeouts = self._scope, self._rules.timeouts
        if scope["method"] in _REFUSED_METHODS:
            raise NotForwardedError("method")
        if wants_websocket(scope["headers"]):
            raise NotForwardedError("upgrade")
        target = self._rules.upstream.target(scope)
        limits = {
            "connect": timeouts.connect,
            "pool": timeouts.pool,
            "read": timeouts.first_byte,
            "write": timeouts.between_bytes,
        }
        return httpx.Request(
            scope["method"],
            self._rules.upstream.url,
            headers=await self._headers(),
            stream=self._body,
            extensions={"target": target, "timeout": limits},
        )

    async def _headers(self) -> Headers:
        rules = self._rules
        names = {name.lower() for name, _ in self._scope["headers"]}
        chunked = b"transfer-encoding" in names or (
            b"content-length" not in names and not await self._body.is_empty()
        )
        return for_upstream(
            self._scope,
            host=None if rules.keep_host else rules.upstream.host,
            added=rules.headers,
            forwarded=rules.forwarded,
            chunked=chunked,
        )

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        """Return the upstream's answer, of which nothing but the headers has been read.

        Raises:
            UpstreamError: it gives none.
            NotForwardedError: the request cannot be written.
        """
        while True:
            self._attempts.count += 1
            try:
                response = await self._transport.handle_async_request(request)
            except httpx.TransportError as error:
                wait = self._attempts.after(error)
                if wait is None:
                    raise as_ours(error, self._rules.timeouts, "first_byte") from None
            else:
                wait = self._attempts.instead_of(response)
                if wait is None:
                    return response
                await response.aclose()
            await asyncio.sleep(wait)

    # And back

    async def _answer(self, request: httpx.Request, response: httpx.Response) -> None:
        self._body.over.set()  # who answers before it has read all does not want the rest
        request.extensions["timeout"]["read"] = self._rules.timeouts.between_bytes
        try:
            await self._start(response.status_code, end_to_end(response.headers.raw))
            async for piece in response.aiter_raw():
                await self._give(piece, more=True)
        except httpx.TransportError as error:
            raise as_ours(error, self._rules.timeouts, "between_bytes") from None
        finally:
            await response.aclose()
        await self._give(b"", more=False)

    async def _refuse(self, error: StreamwardError) -> None:
        status, body = problem(self._scope, error)
        structlog.get_logger("streamward").warning(
            "not_answered", code=error.code, status=status, attempts=self._attempts.count
        )
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await self._start(status, headers)
        await self._give(body, more=False)

    async def _start(self, status: int, headers: Headers) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _give(self, body: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})
