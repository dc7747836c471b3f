"""What all tests have: a real Redis on a free loopback port, and how long properties run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from support.redis_servers import RedisServer, running_redis

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


@pytest.fixture
def own_redis() -> Iterator[Callable[..., RedisServer]]:
    """Start a Redis of one's own, to be killed, stopped or filled."""
    with contextlib.ExitStack() as stack:
        yield lambda *options: stack.enter_context(running_redis(*options))
