"""What the Cloudflare Worker knows of dialects: the rows of ``streamward.wire.DIALECTS`` as JSON.

``python -m streamward.deploy.worker > deploy/cloudflare/worker/src/dialects.json`` writes the file
anew; a test fails when it is not as the rows are.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ..errors import UpstreamError
from ..wire import DIALECTS, NDJSON, SSE, Dialect, Problem

__all__ = ["worker_table"]

_BROKEN = Problem(UpstreamError.code, UpstreamError.public_message)


def worker_table() -> str:
    """Return the rows of the framings that the Worker reads, as they are asked, top first."""
    rows = [_row(dialect) for dialect in DIALECTS if dialect.framing in (SSE, NDJSON)]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def _row(dialect: Dialect) -> dict[str, Any]:
    return {
        "name": dialect.name,
        "framing": dialect.framing.name,
        "header": dialect.header,
        "paths": dialect.paths,
        "claims": dialect.signs.claims,
        "ends": dialect.signs.ends,
        "resumes": dialect.signs.resumes,
        "error": dialect.reader().error(_BROKEN).decode(),
        "heartbeat": dialect.heartbeat.decode(),
        "heartbeatAfterId": dialect.heartbeat_after_id,
    }


if __name__ == "__main__":
    sys.stdout.write(worker_table())
