"""What each stream did, told apart by request id. The page reads it; a user's app needs none."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import asdict
from secrets import token_hex
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import Report
from .model import ScriptedModel

__all__ = ["Journal", "Visits", "current_visit"]

_REMEMBERED = 100
_LISTED = 12
_visit: ContextVar[str] = ContextVar("visit", default="")


def current_visit() -> str:
    """Return the id of the request that this code runs for."""
    return _visit.get()


class Visits:
    """Gives every request an id: its own ``X-Request-Id``, or a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the request; all that runs on its behalf can ask for the name."""
        if scope["type"] == "http":
            _visit.set(Headers(scope=scope).get("x-request-id", "")[:64] or token_hex(8))
        await self._app(scope, receive, send)


class Journal:
    """Keeps the last reports beside what the model logged.

    Args:
        model: whose log it reads.
        say: also gets each report; prints it, for example.
    """

    def __init__(self, model: ScriptedModel, say: Callable[[Report], None] | None = None) -> None:
        self._model = model
        self._say = say
        self._reports: OrderedDict[str, Report] = OrderedDict()

    def note(self, report: Report) -> None:
        """Keep a report: this is streamward's ``on_report``."""
        self._reports[current_visit()] = report
        while len(self._reports) > _REMEMBERED:
            self._reports.popitem(last=False)
        if self._say is not None:
            self._say(report)

    def entry(self, visit: str) -> dict[str, Any]:
        """Return what is known of a request; None stands for what has not happened."""
        report = self._reports.get(visit)
        calls = (call for call in reversed(self._model.calls) if call.visit == visit)
        call = next(calls, None)
        return {
            "visit": visit,
            "report": report and asdict(report),
            "upstream": call and call.as_json(),
        }

    def latest(self) -> list[dict[str, Any]]:
        """Return the last requests, the newest first."""
        return [self.entry(visit) for visit in list(self._reports)[: -_LISTED - 1 : -1]]
