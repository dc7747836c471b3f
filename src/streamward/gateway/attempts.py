"""Whether an upstream is asked again, and when."""

from __future__ import annotations

import random

import httpx

from .body import RequestBody
from .settings import Retries

__all__ = ["Attempts"]

# Nobody got the request. (A pool that stays full is our own limit: waiting more would pass it.)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout)

# The upstream got it, and hung up without a word of an answer.
_HUNG_UP = (httpx.NetworkError, httpx.RemoteProtocolError)


class Attempts:
    """Counts how often an upstream was asked for one answer.

    Args:
        retries: the rules.
        method: of the request.
        body: of the request.

    Attributes:
        count: how often it was asked.
    """

    def __init__(self, retries: Retries, method: str, body: RequestBody) -> None:
        self._retries = retries
        self._body = body
        self._twice = method in retries.methods
        self.count = 0

    def after(self, error: httpx.TransportError) -> float | None:
        """Return in how many seconds to ask again; None: not again."""
        sent = not isinstance(error, _NOT_SENT)
        if sent and not (self._twice and isinstance(error, _HUNG_UP)):
            return None
        return self._wait()

    def instead_of(self, response: httpx.Response) -> float | None:
        """Return in how many seconds to ask for a better answer; None: this one it is."""
        if not self._twice or response.status_code not in self._retries.statuses:
            return None
        wait, asked = self._wait(), response.headers.get("retry-after", "")
        if wait is None or not asked:
            return wait
        wanted = int(asked) if asked.isdecimal() and len(asked) < 9 else None  # a date
        return None if wanted is None or wanted > self._retries.longest_wait else max(wait, wanted)

    def _wait(self) -> float | None:
        if self.count >= self._retries.attempts or not self._body.resendable:
            return None
        longest = min(self._retries.wait * 2.0 ** (self.count - 1), self._retries.longest_wait)
        return longest * random.uniform(0.5, 1)  # noqa: S311  # no secret hangs on it
