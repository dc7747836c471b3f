"""A guard of one's own: ticket numbers such as ``TICKET-4711`` stay in the house.

Run it: ``uvicorn own_guard:app``, then ``curl -N http://127.0.0.1:8000/``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from streamward import Streamward
from streamward.guardrails import Action, Finding, OnError, Redact

# The guard begins here.
TICKET = re.compile(r"\bTICKET-[0-9]+\b")
SPACE = re.compile(r"\s")


class TicketScanner:
    """Decides one run of text up to its last white space: no ticket number contains any."""

    def __init__(self) -> None:
        self.decided = 0
        self._waiting = ""

    def feed(self, text: str) -> Sequence[Finding]:
        self._waiting += text
        spaces = [match.end() for match in SPACE.finditer(self._waiting)]
        return self._decide(spaces[-1]) if spaces else []

    def finish(self) -> Sequence[Finding]:
        return self._decide(len(self._waiting))

    def _decide(self, end: int) -> list[Finding]:
        begin, ready = self.decided, self._waiting[:end]
        self.decided, self._waiting = begin + end, self._waiting[end:]
        found = TICKET.finditer(ready)
        return [Finding(begin + one.start(), begin + one.end(), "TICKET") for one in found]


@dataclass(frozen=True)
class Tickets:
    """Finds ticket numbers. Holds configuration only; each run of text has its own scanner."""

    name: str = "tickets"
    hold: int = 0  # nothing on top of what the scanner needs
    blocking: bool = False  # quick enough for the event loop
    on_error: OnError = "closed"

    def scanner(self) -> TicketScanner:
        return TicketScanner()

    def action(self, entity: str) -> Action:
        del entity
        return Redact()

    def fingerprint(self) -> str:
        return f"tickets:1:{TICKET.pattern}"


# The guard ends here.
app = FastAPI()
app.add_middleware(Streamward, guards=[Tickets()])


@app.get("/")
async def answer() -> StreamingResponse:
    return StreamingResponse(words(), media_type="text/plain")


async def words() -> AsyncIterator[str]:
    for piece in ("Your case is TICK", "ET-47", "11, and all ", "is well."):
        yield piece
