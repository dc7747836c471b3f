"""TLS: whom we trust, who the server says it is, and who we say we are; in every deployment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.certificates import Authority
from support.links import KINDS, linked
from support.redis_servers import Cluster
from support.servers import free_port

from streamward.cache.breaker import Breaker
from streamward.cache.link.script import Script
from streamward.cache.redis_link import RedisLink
from streamward.errors import CacheUnavailableError, ConfigurationError

if TYPE_CHECKING:
    from support.redis_servers import Servers

PATIENT = 10.0  # seconds; nothing here is measured

STORE = Script("redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


def secured(authority: Authority, *hosts: str, clients: str = "no") -> list[str]:
    """Return options of a server that has a TLS port beside its plain one."""
    certificate, key = authority.certificate(*hosts)
    files = ["--tls-cert-file", certificate, "--tls-key-file", key]
    files += ["--tls-ca-cert-file", authority.file, "--tls-auth-clients", clients]
    return [str(part) for part in files]


async def works(url: str) -> None:
    """Write, read, subscribe and hear."""
    for kind in KINDS:
        async with linked(url, kind) as link:
            assert await link.script(STORE, ["{a}"], [b"x"], PATIENT) == b"x"
            async with link.subscribe("{a}") as heard, asyncio.timeout(PATIENT):
                assert await anext(heard) is None


async def unreachable(url: str) -> None:
    for kind in KINDS:
        async with linked(url, kind) as link:
            with pytest.raises(CacheUnavailableError) as caught:
                await link.script(STORE, ["{a}"], [b"x"], PATIENT)
        assert caught.value.reason == "unreachable"


@pytest.fixture
def serve(own_servers: Servers, authority: Authority) -> Any:
    def serve(*hosts: str, clients: str = "no") -> str:
        port = free_port()
        own_servers.store("--tls-port", str(port), *secured(authority, *hosts, clients=clients))
        return f"rediss://127.0.0.1:{port}/0"

    return serve


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_server_we_trust(serve: Any, authority: Authority, protocol: int) -> None:
    await works(f"{serve('127.0.0.1')}?ssl_ca_certs={authority.file}&protocol={protocol}")


async def test_a_server_nobody_vouches_for(serve: Any) -> None:
    await unreachable(serve("127.0.0.1"))


async def test_a_server_of_another_name(serve: Any, authority: Authority) -> None:
    url = f"{serve('elsewhere.example')}?ssl_ca_certs={authority.file}"

    await unreachable(url)
    await works(f"{url}&ssl_check_hostname=false")


async def test_no_questions_asked(serve: Any) -> None:
    await works(f"{serve('elsewhere.example')}?ssl_cert_reqs=none")


async def test_a_server_that_asks_who_we_are(serve: Any, authority: Authority) -> None:
    url = f"{serve('127.0.0.1', clients='yes')}?ssl_ca_certs={authority.file}"
    certificate, key = authority.certificate("client")

    await unreachable(url)
    await works(f"{url}&ssl_certfile={certificate}&ssl_keyfile={key}")


async def test_sentinels(own_servers: Servers, authority: Authority) -> None:
    options = secured(authority, "127.0.0.1")
    port, master = free_port(), free_port()
    own_servers.store("--tls-port", str(master), *options)
    own_servers.sentinel(
        f"sentinel monitor mymaster 127.0.0.1 {master} 1\n",
        *("--tls-port", str(port), "--tls-replication", "yes", *options),
    )

    await works(f"rediss+sentinel://127.0.0.1:{port}/mymaster?ssl_ca_certs={authority.file}")


async def test_a_cluster(own_servers: Servers, authority: Authority) -> None:
    options = secured(authority, "127.0.0.1")
    cluster = Cluster(own_servers, "--tls-cluster", "yes", *options, tls=True)

    await works(f"{cluster.url}?ssl_ca_certs={authority.file}")


@pytest.mark.parametrize("name", ["ssl_ca_certs", "ssl_certfile", "ssl_keyfile"])
def test_a_file_that_is_not_there(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        RedisLink(f"rediss://u:hunter2@localhost/0?{name}=/no/such/file", Breaker(60.0))
