"""MCP's streamable HTTP: whole JSON-RPC messages.

Shapes: https://modelcontextprotocol.io/specification and the types of the ``mcp`` package. There
is no text by pieces: results, notifications and requests come whole, and every string in them is
looked at, ``structuredContent`` too, which says the same again. The first event has an ``id`` and
no data, by which clients resume.

An error answers the request and bears its id: the client in JavaScript waits for that, the one in
Python puts it there itself. A comment behind an ``id`` could fire an empty event in older clients,
so there none is sent.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import CALL, CODE, SENTENCE, Writes

__all__ = ["MCP"]

_ERROR = {"code": -32603, "message": SENTENCE, "data": {"code": CODE}}

MCP = Description(
    name="mcp",
    claims=("jsonrpc=2.0",),
    says=(),
    done="id=* & method!=*",
    fails="error",
    resumes=True,
    error=(Writes(value={"jsonrpc": "2.0", "id": CALL, "error": _ERROR}, event="message"),),
    repeats=("result.structuredContent",),
    alone=("jsonrpc", "method", "protocolVersion", "progressToken", "requestId"),
    foreign=("_meta", "data"),
    paths=("/mcp",),
    heartbeat_after_id=False,
).dialect()
