"""The prompt side: the guards look at a request before the application, and its model, see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..guardrails import Channels, Guard, Pseudonyms, StreamActions, Ward
from ..wire import NDJSON, Frame, deep_scan, loads, repeats_a_name
from ..wire.errors import (
    GuardError,
    PromptBlockedError,
    PromptUnreadableError,
    UnreadableFrameError,
)
from .inbox import Inbox
from .policy import PromptMode, Scope
from .threads import in_thread

__all__ = ["guard_prompt", "status_of"]

# What somebody asks in a voice is asked: nothing takes it out of the request.
_QUESTION = Channels(audio="pass")


async def guard_prompt(
    inbox: Inbox,
    scope: Scope,
    mode: PromptMode,
    guards: Sequence[Guard],
    limit: int,
    actions: StreamActions,
) -> tuple[Scope, Guard | None]:
    """Look at every string of a JSON request body.

    Args:
        inbox: gives the body, and takes the edited one.
        scope: the ASGI scope.
        mode: what happens to a finding: ``"redact"`` (the guards' own actions), ``"block"``, or
            ``"pseudonymise"``.
        guards: who looks.
        limit: the most bytes a body may have.
        actions: what happens to findings, in the answer too.

    Returns:
        The scope for the application, and the guard that restores values in the answer, if any.

    Raises:
        PromptBlockedError: a finding, where findings are not allowed (422).
        PromptUnreadableError: the body is too long, cut, or no JSON that can be looked at (400).
        GuardFailedError: a guard raised, and its policy is *closed*.
    """
    body = await inbox.read_body(limit)
    if body is None:
        raise PromptUnreadableError("the body is too long, or was not sent to its end")
    if not body:
        return scope, None
    book = Pseudonyms() if mode == "pseudonymise" else None
    looking = book.hiding(guards) if book else tuple(guards)
    if any(guard.blocking for guard in looking):
        edited = await in_thread(_edited, body, looking, mode, actions)
    else:
        edited = _edited(body, looking, mode, actions)
    if edited != body:
        inbox.replace_body(edited)
        scope = {**scope, "headers": _with_length(scope["headers"], len(edited))}
    return scope, book.restoring() if book else None


def _edited(
    body: bytes, guards: Sequence[Guard], mode: PromptMode, actions: StreamActions
) -> bytes:
    try:
        value = loads(body)
        if repeats_a_name(body):
            raise PromptUnreadableError("an object has the same name twice")
    except UnreadableFrameError as error:
        raise PromptUnreadableError("the body is not JSON") from error
    ward = Ward(guards, NDJSON, limit=len(body) + 1, actions=actions, channels=_QUESTION)
    try:
        left = ward.feed(Frame(body, body), deep_scan(value))
    except UnreadableFrameError as error:
        raise PromptUnreadableError("the body is not JSON") from error
    found = next((key for key in ward.findings if key[2] != "flag"), None)
    if ward.blocked is not None or (found and mode == "block"):
        guard, entity, _ = found or ("", "", "")
        raise PromptBlockedError(entity, guard)
    return b"".join(left)


def _with_length(headers: Any, length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]


def status_of(error: GuardError) -> int:
    """Return the HTTP status for a prompt that is not passed on."""
    if isinstance(error, PromptBlockedError):
        return 422
    return 400 if isinstance(error, PromptUnreadableError) else 500
