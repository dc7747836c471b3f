"""streamward in front of a server that is not to be touched: an ASGI application on httpx.

::

    app = Streamward(Gateway("http://127.0.0.1:11434"), guards=[PII()])

Read :mod:`.app` first, then :mod:`.forwarding`: one request there, and its answer back.
:mod:`.upstream` knows where requests go, :mod:`.headers` what goes with them, :mod:`.body` the
request's body, and :mod:`.problems` what a client is told where there is no answer.
:mod:`.command` and :mod:`.run` are ``streamward serve``.
"""

from __future__ import annotations

from .app import Gateway
from .settings import Retries, UpstreamTimeouts

__all__ = ["Gateway", "Retries", "UpstreamTimeouts"]
