"""What all tests have: a real Redis on a free loopback port, and how long properties run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from support.programs import valkey_server
from support.redis_servers import (
    LONG_NODE_TIMEOUT,
    Cluster,
    RedisServer,
    SentinelSet,
    Servers,
    redis_servers,
    running_redis,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# `make soak` runs the same properties for longer: --hypothesis-profile=soak.
settings.register_profile("short", deadline=None, max_examples=100)
settings.register_profile(
    "soak", deadline=None, max_examples=1000, suppress_health_check=list(HealthCheck)
)
settings.load_profile("short")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the whole run. Tests share it: give each its own prefix, hurt nothing."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def redis_sentinel() -> Iterator[SentinelSet]:
    """A master that sentinels watch, shared like ``redis_server``."""
    with redis_servers() as servers:
        yield SentinelSet(servers, node_timeout=LONG_NODE_TIMEOUT)


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[Cluster]:
    """A cluster of three masters, shared like ``redis_server``."""
    with redis_servers() as servers:
        yield Cluster(servers, node_timeout=LONG_NODE_TIMEOUT)


@pytest.fixture(scope="session")
def valkey() -> Iterator[RedisServer]:
    """One Valkey, shared like ``redis_server``."""
    with running_redis(binary=valkey_server()) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_cluster() -> Iterator[Cluster]:
    """A cluster of three Valkeys, shared like ``redis_server``."""
    with redis_servers() as servers:
        yield Cluster(servers, binary=valkey_server(), node_timeout=LONG_NODE_TIMEOUT)


@pytest.fixture
def own_servers() -> Iterator[Servers]:
    """Start Redis servers of one's own, to be killed, stopped or filled."""
    with redis_servers() as servers:
        yield servers


@pytest.fixture
def own_redis(own_servers: Servers) -> Callable[..., RedisServer]:
    """Start one Redis of one's own."""
    return own_servers.store
