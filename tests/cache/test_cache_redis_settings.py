"""A setting of RedisCache that cannot work fails at once, and says what to write instead."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from streamward.cache import Encryption, RedisCache
from streamward.cache.link.address import read_url
from streamward.errors import ConfigurationError, MissingExtraError


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://localhost",
        "redis://localhost:port/0",
        "redis://localhost:99999/0",
        "redis://u:hunter2@localhost/0?no_such_parameter=1",
        "redis://u:hunter2@localhost/0?max_connections=many",
        "redis://u:hunter2@localhost/0?protocol=4",
        "redis+cluster://",
        "redis+cluster://localhost:7000,",
        "redis+cluster://localhost:7000/1",
        "redis+cluster://u:hunter2@localhost?sentinel_password=hunter2",
        "redis+cluster://localhost:port",
        "redis+cluster://localhost?no_such_parameter=1",
        "redis+sentinel://localhost:26379",
        "redis+sentinel://localhost:26379/",
        "redis+sentinel://u:hunter2@localhost/mymaster/zero",
        "redis+sentinel://u:hunter2@localhost/my/master/0",
        "redis+nothing://u:hunter2@localhost",
        "unix+cluster://u:hunter2@localhost",
    ],
)
def test_a_url_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ConfigurationError, match="redis://localhost:6379/0") as caught:
        RedisCache(url)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "form", "hosts", "service"),
    [
        ("redis://h:1/2", "single", (), ""),
        ("redis+cluster://h", "cluster", (("h", 6379),), ""),
        ("rediss+cluster://u:a%40b@h:1,[::1]:2/0", "cluster", (("h", 1), ("::1", 2)), ""),
        ("redis+sentinel://:p@h,i:5/mine", "sentinel", (("h", 26379), ("i", 5)), "mine"),
        ("redis+sentinel://h/mine/3?sentinel_password=x%26y", "sentinel", (("h", 26379),), "mine"),
    ],
)
def test_what_a_url_says(url: str, form: str, hosts: Any, service: str) -> None:
    found = read_url(url, 8)

    assert (found.form, found.hosts, found.service) == (form, hosts, service)
    assert found.options.get("password") == {"rediss+cluster": "a@b"}.get(
        url.partition(":")[0], "p" if ":p@" in url else None
    )
    assert found.sentinel_options.get("password") == ("x&y" if "x%26y" in url else None)
    assert found.options.get("db", 0) == {"/2": 2, "/3": 3}.get(url.partition("?")[0][-2:], 0)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"prefix": ""}, "letters"),
        ({"prefix": "a b"}, "letters"),
        ({"prefix": "{a}"}, "letters"),
        ({"secret": b"short"}, "16 random bytes"),
        ({"encryption": Encryption([bytes(32)])}, "secret"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"write_timeout": -1.0}, "write_timeout"),
        ({"retry_after": float("nan")}, "retry_after"),
    ],
)
def test_a_setting_that_cannot_work(setting: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        RedisCache("redis://localhost", **setting)


def test_the_representation_shows_no_password() -> None:
    assert repr(RedisCache("redis://u:hunter2@localhost/0")) == "RedisCache(prefix='streamward')"


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    for name in list(sys.modules):  # what was imported with it
        if name.startswith(("streamward.cache.redis_link", "streamward.cache.link")):
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=r"streamward\[redis\]") as caught:
        RedisCache("redis://localhost")

    assert caught.value.extra == "redis"
