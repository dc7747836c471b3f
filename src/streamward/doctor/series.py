"""Which exchanges are made to examine a way, and in which order."""

from __future__ import annotations

import asyncio
import secrets
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from .exchange import Case, Exchange, Stage
from .measure import delays, held
from .probe import CODINGS, Ask, probe
from .wish import Wish

__all__ = ["Plan", "examine"]

_TRIES: Final = 3  # a busy machine holds a stream once; a hop that holds, always
_LARGE_FRAMES: Final = 6
_READABLE: Final = "gzip, deflate"
_MARGIN: Final = 1.5  # for a request to arrive before the application breaks it
_LONGEST_MARGIN: Final = 4.0  # the echo waits for 5 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked.

    Attributes:
        ask: the request, through whatever is in front.
        direct: the URL of the application itself; None where it is not known.
        frames: how many frames an echo sends, at least 8.
        pace: seconds between two of them.
        silence: how long an echo is silent, in seconds; 0 leaves that out.
        large: bytes of a large frame: more than nginx's usual buffer of 4 or 8 KB.
        guarded: the application sends the headers of a stream itself: what would happen without
            them is not looked at.
        retry: whether the echo breaks one request before it answers. A proxy with several upstreams
            may take the one that broke out for some seconds.
        twice: whether the user's own stream is asked a second time, to notice a cache.
    """

    ask: Ask
    direct: str | None = None
    frames: int = 12
    pace: float = 0.1
    silence: float = 20.0
    large: int = 9000
    guarded: bool = False
    retry: bool = False
    twice: bool = True


async def examine(plan: Plan, say: Callable[[str], None] = lambda _: None) -> Case:
    """Make the exchanges; ``say`` is told what is done now."""
    case = Case(pace=plan.pace, silence=plan.silence, large=plan.large)
    through = await _Way(plan, plan.ask, "through the proxies", say).walk()
    case = replace(case, through=through)
    if plan.direct is None or case.troubles:
        return case
    alone = replace(plan, silence=0.0, retry=False)
    ask = replace(plan.ask, url=plan.direct)
    return replace(case, direct=await _Way(alone, ask, "with the application", say).walk())


class _Way:
    """One way to the application, and the exchanges that go there."""

    def __init__(self, plan: Plan, ask: Ask, name: str, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._ask = ask
        self._say = say
        self._name = name
        self._done: dict[Stage, Exchange] = {}

    async def walk(self) -> dict[Stage, Exchange]:
        readable = replace(self._ask, codings=_READABLE)
        first = await self._make("first", readable)
        if first.trouble is not None:
            return self._done
        if first.seen is None:
            if self._plan.twice:
                await self._make("again", readable)
            return self._done
        silence = asyncio.create_task(self._silence())
        try:
            await self._echo()
            await silence
        finally:
            silence.cancel()
        return self._done

    async def _echo(self) -> None:
        plan = self._plan
        if "last-event-id" not in {name.lower() for name in self._ask.headers}:
            headers = {**self._ask.headers, "last-event-id": "0"}  # what a resuming reader sends
            self._ask = replace(self._ask, headers=headers)
        steady = Wish(frames=plan.frames, pace=plan.pace)
        if not plan.guarded:
            await self._steady("bare", steady)
        if plan.guarded or self._held("bare"):
            await self._steady("guarded", replace(steady, guarded=True))
        large = replace(steady, frames=_LARGE_FRAMES, size=plan.large, guarded=plan.guarded)
        await self._steady("large", large)
        short = Wish(frames=3, pace=0.02, guarded=plan.guarded, probe=_name())
        readable = replace(self._ask, codings=_READABLE)
        await self._make("once", replace(readable, wish=short))
        await self._make("again", replace(readable, wish=short))
        dying = replace(short, frames=6, dies_at=3, guarded=True, probe=_name())
        await self._make("death", replace(readable, wish=dying))
        if plan.retry:
            await self._retry()

    async def _silence(self) -> None:
        if self._plan.silence <= 0:
            return
        wish = Wish(
            frames=4,
            pace=0.05,
            silence=self._plan.silence,
            guarded=self._plan.guarded,
            probe=_name(),
        )
        patience = max(self._ask.patience, self._plan.silence + 10.0)
        ask = replace(self._ask, codings=_READABLE, wish=wish, patience=patience)
        self._done["silence"] = await probe(ask)

    async def _retry(self) -> None:
        """Let the application break whoever asks before a moment, and answer those after it.

        The moment is told by the application's clock, and so by that of every process of it. It is
        far enough away that the first request comes before it, even on a busy machine.
        """
        ask = replace(self._ask, codings=_READABLE)
        now = await probe(replace(ask, wish=Wish(frames=1)))
        if now.seen is None:
            return
        took = now.connect + now.total
        until = now.seen.clock + took + min(_LONGEST_MARGIN, max(_MARGIN, 5 * took))
        wish = Wish(dies_until=until, probe=_name(), guarded=True)
        await self._make("retry", replace(ask, wish=wish))

    async def _steady(self, stage: Stage, wish: Wish) -> None:
        """Keep the best of some tries, if the first looks held."""
        tries: list[Exchange] = []
        for _ in range(_TRIES):
            ask = replace(self._ask, codings=CODINGS, wish=replace(wish, probe=_name()))
            tries.append(await self._make(stage, ask))
            if not held(tries[-1], self._plan.pace):
                return
        self._done[stage] = min(tries, key=_lateness)

    def _held(self, stage: Stage) -> bool:
        return held(self._done.get(stage), self._plan.pace)

    async def _make(self, stage: Stage, ask: Ask) -> Exchange:
        self._say(f"{_DOING[stage]}, {self._name}")
        self._done[stage] = made = await probe(ask)
        return made


_DOING: Final[dict[Stage, str]] = {
    "first": "Asking",
    "once": "Asking",
    "again": "Asking the same again",
    "bare": "Timing an ordinary stream",
    "guarded": "Timing a stream with streamward's headers",
    "large": "Timing large frames",
    "death": "Letting the application break in mid-answer",
    "silence": "Waiting in silence",
    "retry": "Letting the application break before it answers",
}


def _lateness(exchange: Exchange) -> float:
    late = delays(exchange)
    return statistics.median(late) if late else float("inf")


def _name() -> str:
    return secrets.token_hex(8)
