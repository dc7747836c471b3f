"""Commands to a cluster, each sent to the node that serves its key."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast

from redis.commands import AsyncCoreCommands
from redis.crc import key_slot
from redis.exceptions import ClusterDownError, ResponseError, TryAgainError

from .redirection import redirection

if TYPE_CHECKING:
    from ..breaker import Breaker
    from .address import Host
    from .topology import Topology

__all__ = ["ClusterCommands", "NodePausedError"]

# More than a slot can move on while one command looks for it.
_MAX_REDIRECTIONS: Final = 4

_SCRIPTS: Final = frozenset({b"EVAL", b"EVALSHA"})

# The node that the running task has asked last.
_asked: ContextVar[Host | None] = ContextVar("streamward_redis_node", default=None)


class NodePausedError(Exception):
    """The node failed a moment ago, and is not asked again yet."""


class ClusterCommands(AsyncCoreCommands):
    """Looks like a ``Redis`` to a command, but has no pipelines: one script does as much.

    Args:
        topology: says where a key is.
        breaker: each node gets one like it, so that those that are well are still asked.
    """

    def __init__(self, topology: Topology, breaker: Breaker) -> None:
        self._topology = topology
        self._breaker = breaker
        self._breakers: dict[Host, Breaker] = {}

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command whose keys are in one slot."""
        _asked.set(None)
        key = _key(args)
        host = await self._topology.owner(key)
        for _ in range(_MAX_REDIRECTIONS):
            try:
                return await self._ask(host, args, options)
            except ResponseError as error:
                elsewhere = redirection(error)
                if elsewhere is None:
                    if isinstance(error, (ClusterDownError, TryAgainError)):
                        self._topology.doubt()
                    raise
                host = (elsewhere.host or host[0], elsewhere.port)
                if elsewhere.for_once:
                    return await self._ask(host, args, options, asking=True)
                self._topology.moved(key_slot(key), host)
        raise ClusterDownError("sent from node to node")

    def blame(self) -> bool:
        """Note that the running task got no answer. Return whether one node is to blame."""
        self._topology.doubt()
        host = _asked.get()
        if host is not None:
            self._breakers[host].failed()
        return host is not None

    async def _ask(self, host: Host, args: Any, options: Any, *, asking: bool = False) -> Any:
        breaker = self._breakers.setdefault(host, self._breaker.another())
        if not breaker.admits():
            self._topology.doubt()  # another one may have taken its place
            raise NodePausedError
        _asked.set(host)
        node = cast("Any", self._topology.node(host))
        try:
            if not asking:
                answer = await node.execute_command(*args, **options)
            else:  # the node is only just taking the slot over
                async with node.client() as one:
                    await one.execute_command("ASKING")
                    answer = await one.execute_command(*args, **options)
        except ResponseError:
            breaker.succeeded()
            raise
        breaker.succeeded()
        return answer


def _key(args: tuple[Any, ...]) -> bytes:
    """Return the first key of a command."""
    name = _bytes(args[0]).upper()
    if name in _SCRIPTS:
        return _bytes(args[3])
    if name == b"XREAD":
        words = [_bytes(word).upper() for word in args]
        return _bytes(args[words.index(b"STREAMS") + 1])
    return _bytes(args[1])


def _bytes(word: Any) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode()
