"""What it takes to reach Redis: once for a loop, once for threads. All above is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
    from contextlib import AbstractContextManager

    from redis.asyncio import Redis

    from ..live.tasks import Tasks
    from .address import Address, Host
    from .inquiry import Inquiry
    from .line import Verbs
    from .sentinel import Sentinels
    from .subscription import Readers

__all__ = ["Kit", "Lines"]

_T = TypeVar("_T")


class Lines(Protocol):
    """Where channels are heard. Each channel is wanted once, however many readers it has."""

    def want(self, channel: bytes) -> None:
        """Listen to ``channel``, from some moment on that the readers are told."""
        ...

    def leave(self, channel: bytes) -> None:
        """Listen to ``channel`` no more."""
        ...

    def hears(self, channel: bytes) -> bool:
        """Say whether messages of ``channel`` come in at present."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Kit(Protocol):
    """Makes the parts of a deployment.

    Attributes:
        tasks: does what no call waits for.
        guard: held by whoever changes what is listened to.
    """

    @property
    def tasks(self) -> Tasks: ...  # noqa: D102 - see above

    @property
    def guard(self) -> AbstractContextManager[object]: ...  # noqa: D102 - see above

    def pool(self, options: Mapping[str, Any]) -> Any:
        """Return a pool of connections to one server."""
        ...

    def master_pool(self, address: Address, sentinels: Sentinels) -> Any:
        """Return a pool of connections to whatever is the master when they are opened."""
        ...

    def client(self, pool: Any) -> Redis:
        """Return what sends commands through a pool. It connects when it is used."""
        ...

    async def close(self, clients: Iterable[Redis]) -> None:
        """Close all their connections."""
        ...

    def inquiry(
        self, ask: Callable[[Host], Coroutine[Any, Any, _T | None]], take: Callable[[_T], None]
    ) -> Inquiry:
        """Return what asks many, and takes the first answer that is not None."""
        ...

    def line(
        self,
        pool: Any,
        verbs: Verbs,
        readers: Readers,
        lost: Callable[[Collection[bytes]], None],
    ) -> Lines:
        """Return what listens, on one connection like those of a pool."""
        ...
