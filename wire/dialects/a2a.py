"""A2A, the protocol between agents: JSON-RPC, or REST without the envelope.

Shapes: https://a2a-protocol.org and the types of a2a-sdk, versions 0.3 and 1. Text comes by pieces
only in artifacts: ``append`` goes on with one, without it the artifact is said anew, and is held
for as long as it could still grow. Messages, and tasks with all that they hold, come whole. The
client in Python cuts lines at U+2028, so what is written here escapes it.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import CALL, CODE, SENTENCE, Closes, Says, Writes

__all__ = ["A2A"]

_TERMINAL = (
    "completed|failed|canceled|rejected|TASK_STATE_COMPLETED|TASK_STATE_FAILED"
    "|TASK_STATE_CANCELED|TASK_STATE_REJECTED"
)
_WAITING = "input-required|auth-required|TASK_STATE_INPUT_REQUIRED|TASK_STATE_AUTH_REQUIRED"
# Where an update of an artifact stands: version 0.3, version 1, and version 1 without its envelope.
_UPDATES = ("result", "result.artifactUpdate", "artifactUpdate")
_STATES = (
    "result.status.state",
    "result.statusUpdate.status.state",
    "statusUpdate.status.state",
    "result.task.status.state",
    "task.status.state",
)
# An answer that is one message, and no task.
_MESSAGE = ";result.kind=message;result.message.parts;message.parts"
_ERROR = {"code": -32603, "message": SENTENCE, "data": [{"reason": CODE}]}


def _key(at: str) -> tuple[str, ...]:
    return f"{at}.taskId", f"{at}.artifact.artifactId"


A2A = Description(
    name="a2a",
    claims=(
        *(f"jsonrpc=2.0 & result.{name}" for name in ("artifactUpdate", "kind", "message")),
        *(f"jsonrpc=2.0 & result.{name}" for name in ("statusUpdate", "task")),
        "artifactUpdate",
        "statusUpdate",
        "task.status",
        "message.parts",
    ),
    says=tuple(
        Says(
            name="artifact",
            at=f"{at}.artifact.parts[].text",
            key=(*_key(at), f"{at}.artifact.parts[].place"),
            when=f"{at}.append{sign}true",
            so_far=sign == "!=",
        )
        for at in _UPDATES
        for sign in ("=", "!=")
    ),
    closes=(
        *(Closes(when=f"{at}.lastChunk=true", key=_key(at)) for at in _UPDATES),
        *(Closes(when=f"{state}={_TERMINAL}") for state in _STATES),
    ),
    done=";".join(f"{state}=completed|TASK_STATE_COMPLETED" for state in _STATES) + _MESSAGE,
    stops=";".join(f"{state}={_TERMINAL}|{_WAITING}" for state in _STATES) + ";result.final=true",
    fails="error",
    error=(Writes(value={"jsonrpc": "2.0", "id": CALL, "error": _ERROR}, event="error"),),
    repeats=("result.task", "task", "result.artifacts", "result.history"),
    alone=("artifactId", "contextId", "jsonrpc", "kind", "state", "taskId"),
    read=("status",),
    foreign=("data",),
    paths=("/message:stream",),
    heartbeat_after_id=False,
).dialect()
