"""The master that sentinels name, also after it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from .address import Address, Host
    from .kit import Kit

__all__ = ["Sentinels"]


class Sentinels:
    """Asks all sentinels at once; the first that knows a living master is believed.

    Takes the place of redis-py's ``Sentinel``, which asks them one after the other. One that is
    gone without a word would then use up the time of every call. Connections that are opened at
    the same time share one question.
    """

    def __init__(self, address: Address, kit: Kit) -> None:
        self._service = address.service
        self._kit = kit
        self._sentinels = {
            (host, port): kit.client(
                kit.pool({**address.sentinel_options, "host": host, "port": port})
            )
            for host, port in address.hosts
        }
        self._inquiry = kit.inquiry(self._ask, self._take)
        self._master: Host = ("", 0)

    async def discover_master(self, service_name: str) -> Host:
        """Return host and port of the one service that these sentinels are asked for.

        Raises:
            redis.exceptions.ConnectionError: no sentinel answered, or none knows a master that
                lives.
        """
        del service_name
        await self._inquiry.answer(self._sentinels)
        return self._master

    async def aclose(self) -> None:
        """Close the connections to the sentinels."""
        await self._inquiry.close()
        await self._kit.close(self._sentinels.values())

    async def _ask(self, host: Host) -> Host | None:
        known = cast("dict[str, Any]", await self._sentinels[host].sentinel_masters())
        state = known.get(self._service)
        if not state or state["is_sdown"] or state["is_odown"]:
            return None
        return state["ip"], state["port"]

    def _take(self, master: Host) -> None:
        self._master = master
