"""What reaches Redis, from a loop or from threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from redis.asyncio import Redis

    from .script import Script, Value
    from .subscription import Subscription

__all__ = ["Link"]

_T = TypeVar("_T")


class Link(Protocol):
    """Sends commands to one Redis, under a time limit and a breaker."""

    async def call(self, command: Callable[[Redis], Awaitable[_T]], seconds: float) -> _T:
        """Return what ``command`` returns, within ``seconds`` (connecting included)."""
        ...

    async def script(
        self, script: Script, keys: Sequence[str], args: Sequence[Value], seconds: float
    ) -> Any:
        """Run a script within ``seconds``."""
        ...

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[Subscription]:
        """Hear what is published on ``channel`` until the block ends."""
        ...

    @property
    def publish(self) -> str:
        """The command by which a script reaches those who subscribe."""
        ...

    async def close(self) -> None:
        """Close the connections. The next call opens new ones."""
        ...
