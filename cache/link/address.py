"""What the URL of a Redis says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from .connection import connection_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Address", "Host", "read_url"]

Host: TypeAlias = tuple[str, int]

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379


class Address(NamedTuple):
    """Where a Redis is, and how to log in.

    Attributes:
        form: one server, servers named by sentinels, or a cluster.
        hosts: the sentinels, or some nodes of the cluster; none for one server.
        service: what the sentinels call it.
        options: what a connection to Redis is made with; without ``hosts`` they say where.
        sentinel_options: what a connection to a sentinel is made with.
    """

    form: Literal["single", "sentinel", "cluster"]
    hosts: tuple[Host, ...]
    service: str
    options: Mapping[str, Any]
    sentinel_options: Mapping[str, Any]

    @property
    def publish(self) -> str:
        """The command by which a script reaches those who listen."""
        return "SPUBLISH" if self.form == "cluster" else "PUBLISH"


def read_url(
    url: str,
    max_connections: int,
    options_of: Callable[[str, int], Mapping[str, Any]] = connection_options,
) -> Address:
    """Read a URL.

    Args:
        url: of any of the three forms.
        max_connections: the most per server.
        options_of: returns what connections are made with for the URL of one server.

    Raises:
        ValueError: the URL, or one of its parameters, cannot be used.
    """
    scheme, _, rest = url.partition("://")
    transport, _, form = scheme.partition("+")
    if not form:
        return Address("single", (), "", options_of(url, max_connections), {})
    if form not in {"sentinel", "cluster"} or transport not in {"redis", "rediss"}:
        raise ValueError("the scheme is none of ours")
    parts = urlsplit(f"//{rest}")
    user, at, hosts = parts.netloc.rpartition("@")
    service, database = _path(form, parts.path)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    login = {name: query.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    if form == "cluster" and any(login.values()):
        raise ValueError("a cluster has no sentinels")
    options = dict(
        options_of(f"{transport}://{user}{at}host/{database}?{urlencode(query)}", max_connections)
    )
    del options["host"]
    return Address(
        form=cast("Literal['sentinel', 'cluster']", form),
        hosts=_hosts(hosts, _SENTINEL_PORT if form == "sentinel" else _PORT),
        service=service,
        options=options,
        # RESP2: redis-py 5 reads what a sentinel says in RESP3 in another way.
        sentinel_options={**options, **login, "db": 0, "protocol": 2},
    )


def _path(form: str, path: str) -> tuple[str, str]:
    """Return the sentinels' name for the service, and the database."""
    words = [word for word in path.split("/") if word]
    service = words.pop(0) if form == "sentinel" and words else ""
    database = words.pop(0) if words else "0"
    if words or (form == "sentinel") != bool(service) or not database.isdecimal():
        raise ValueError("behind the hosts of sentinels stand a service and a database")
    if form == "cluster" and database != "0":
        raise ValueError("a cluster has no databases")
    return service, database


def _hosts(listed: str, port: int) -> tuple[Host, ...]:
    split = [urlsplit(f"//{host}") for host in listed.split(",")]
    if not all(host.hostname for host in split):
        raise ValueError("a host is missing")
    return tuple((host.hostname or "", host.port or port) for host in split)
