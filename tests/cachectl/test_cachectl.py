"""What each command says and does, on one server, behind sentinels and in a cluster."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from support.cachectl import HEADERS, is_served, keep
from support.redis_servers import Cluster

from streamward.cache import Encryption
from streamward.cache.live.names import Names, readable

if TYPE_CHECKING:
    from support.cachectl import Command, Said
    from support.redis_servers import Servers

KEYS = [bytes([number]) * 32 for number in range(30)]  # in a cluster on every node
KEY, ID = KEYS[1], readable(KEYS[1])
BODY = b"data: ann\n\ndata: says 1\n\ndata: \x1b[1m\n\n"


@pytest.fixture(params=["redis_server", "redis_sentinel", "redis_cluster", "valkey"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(request.param).url


def lines(said: Said) -> list[Any]:
    assert said.code == 0
    return [json.loads(line) for line in said.out.splitlines()]


def test_stats(say: Command, url: str, prefix: str) -> None:
    asyncio.run(keep(url, prefix, {key: f"p{key[0] % 3}" for key in KEYS}))
    options = ["--url", url, "--prefix", prefix]

    (found,) = lines(say("stats", *options, "--json"))

    listed = lines(say("ls", *options, "--json"))
    assert (found["recordings"], found["running"], found["scopes"]) == (30, 0, 3)
    assert found["bytes"] == sum(one["size"] for one in listed)
    assert found["memory"]["used"] > found["bytes"]
    assert found["memory"]["servers"] == (3 if "cluster" in url else 1)
    shown = say("stats", *options).out.decode()
    assert "recordings" in shown and " 30\n" in shown


def test_ls(say: Command, url: str, prefix: str) -> None:
    scopes = asyncio.run(keep(url, prefix, {key: f"p{key[0] % 3}" for key in KEYS}))
    options = ["--url", url, "--prefix", prefix]

    listed = lines(say("ls", *options, "--json"))
    of_one = lines(say("ls", *options, "--json", "--scope", scopes["p1"][:9]))

    assert {one["id"] for one in listed} == {readable(key) for key in KEYS}
    assert {one["id"] for one in of_one} == {readable(key) for key in KEYS if key[0] % 3 == 1}
    assert {one["scope"] for one in of_one} == {scopes["p1"]}
    assert all(0 < one["ttl"] <= 600 and one["age"] >= 0 for one in listed)
    assert {(one["dialect"], one["frames"], one["state"]) for one in listed} == {
        ("openai", 3, "served")
    }
    assert [one["age"] for one in listed] == sorted(one["age"] for one in listed)
    shown = say("ls", *options).out.decode().splitlines()
    assert len(shown) == 31
    assert any(line.startswith(ID[:10]) for line in shown)


@pytest.mark.parametrize("letters", [6, 43])
def test_show(say: Command, url: str, prefix: str, letters: int) -> None:
    scopes = asyncio.run(keep(url, prefix, {KEY: "ann", KEYS[2]: "bob"}))
    options = ["--url", url, "--prefix", prefix]

    (shown,) = lines(say("show", ID[:letters], *options, "--json"))

    assert (shown["id"], shown["scope"], shown["status"]) == (ID, scopes["ann"], 200)
    assert shown["headers"] == [[part.decode() for part in pair] for pair in HEADERS]
    assert shown["frames"] == [
        {"index": 0, "at_ms": 0, "gap_ms": 0, "bytes": 11},
        {"index": 1, "at_ms": 10, "gap_ms": 10, "bytes": 14},
        {"index": 2, "at_ms": 20, "gap_ms": 10, "bytes": 12},
    ]


def test_the_text_is_shown_on_demand_only(say: Command, redis_server: Any, prefix: str) -> None:
    asyncio.run(keep(redis_server.url, prefix, {KEY: "ann"}))
    options = ["--url", redis_server.url, "--prefix", prefix]

    without = [say("show", ID, *options, *more) for more in ([], ["--json"])]
    shown = [say("show", ID, *options, "--text", *more) for more in ([], ["--json"])]

    assert all(b"says" not in one.out and "says" not in one.err for one in without)
    assert all(b"says 1" in one.out for one in shown)
    assert all(b"\x1b" not in one.out for one in shown)  # it must not command a terminal
    assert b"data: \\x1b[1m" in shown[0].out


@pytest.mark.parametrize("pace", ["instant", "original", "1000"])
def test_replay(say: Command, url: str, prefix: str, pace: str) -> None:
    asyncio.run(keep(url, prefix, {KEY: "ann"}))

    said = say("replay", ID[:8], "--url", url, "--prefix", prefix, "--pace", pace)

    assert (said.code, said.out, said.err) == (0, BODY, "")


def test_purge_one_recording(say: Command, url: str, prefix: str) -> None:
    asyncio.run(keep(url, prefix, {KEY: "ann", KEYS[2]: "ann"}))
    options = ["--url", url, "--prefix", prefix]

    assert say("purge", "entry", ID, "--yes", *options).code == 0

    assert [one["id"] for one in lines(say("ls", *options, "--json"))] == [readable(KEYS[2])]
    again = say("purge", "entry", ID, "--yes", *options)
    assert again.code == f"streamward: there is no recording whose id begins with {ID}"


@pytest.mark.parametrize("by", ["scope", "principal", "all"])
def test_purge_by_a_new_mark(say: Command, url: str, prefix: str, by: str) -> None:
    scopes = asyncio.run(keep(url, prefix, {KEY: "ann", KEYS[2]: "bob"}))
    whom = {"scope": [scopes["ann"][:8]], "principal": ["ann"], "all": []}[by]

    options = ["--url", url, "--prefix", prefix]
    said = say("purge", by, *whom, "--yes", *options)

    assert said.code == 0
    states = {one["id"]: one["state"] for one in lines(say("ls", *options, "--json"))}
    assert states == {ID: "purged", readable(KEYS[2]): "purged" if by == "all" else "served"}
    assert not asyncio.run(is_served(url, prefix, KEY, "ann"))
    assert asyncio.run(is_served(url, prefix, KEYS[2], "bob")) is (by != "all")


def test_purge_asks_first(say: Command, redis_server: Any, prefix: str) -> None:
    url = redis_server.url
    asyncio.run(keep(url, prefix, {KEY: "ann"}))

    refused = say("purge", "all", "--url", url, "--prefix", prefix, answer="n\n")

    assert refused.code == 1
    assert "Forget all" in refused.err
    assert asyncio.run(is_served(url, prefix, KEY, "ann"))
    assert say("purge", "all", "--url", url, "--prefix", prefix, answer="y\n").code == 0
    assert not asyncio.run(is_served(url, prefix, KEY, "ann"))


def test_nothing_to_purge(say: Command, redis_server: Any, prefix: str) -> None:
    asyncio.run(keep(redis_server.url, prefix, {KEY: "ann"}))

    said = say("purge", "principal", "bob", "--yes", "--url", redis_server.url, "--prefix", prefix)

    assert (said.code, said.err) == (1, "there was nothing to forget\n")


def test_running_answers_are_counted(say: Command, redis_server: Any, prefix: str) -> None:
    with redis.Redis.from_url(redis_server.url) as raw:
        raw.set(Names(prefix).lease(KEY), b"x")
        raw.set(f"{prefix}:{{{ID}}}:log:abc", b"x")
        raw.set(f"{prefix}:{{short}}", b"x")
        raw.set(f"{prefix}:secret", b"x")
        raw.set(f"{prefix}er:{{{ID}}}", b"x")

    (found,) = lines(say("stats", "--url", redis_server.url, "--prefix", prefix, "--json"))

    assert [found[one] for one in ("recordings", "bytes", "running", "scopes")] == [0, 0, 1, 0]


def test_many_names(say: Command, redis_server: Any, prefix: str) -> None:
    """More than one step of SCAN, and more than one batch."""
    keys = [number.to_bytes(32, "big") for number in range(3000)]
    with redis.Redis.from_url(redis_server.url) as raw, raw.pipeline() as batch:
        for key in keys:
            batch.set(Names(prefix).recording(key), key, ex=60)
        batch.execute()
    options = ["--url", redis_server.url, "--prefix", prefix, "--json"]

    (found,) = lines(say("stats", *options))
    listed = lines(say("ls", *options))

    assert (found["recordings"], found["bytes"]) == (3000, 3000 * 32)
    assert sorted(one["id"] for one in listed) == sorted(map(readable, keys))


@pytest.fixture
def sealed(redis_server: Any, prefix: str, tmp_path: Path) -> Path:
    """Keep a sealed recording under the only key, and return the file with that."""
    encryption = Encryption(keys=[b"k" * 32])
    asyncio.run(
        keep(redis_server.url, prefix, {KEY: "ann"}, secret=b"s" * 32, encryption=encryption)
    )
    (tmp_path / "secret").write_text((b"s" * 32).hex())
    path = tmp_path / "keys"
    path.write_text(f"{(b'n' * 32).hex()}\n{(b'k' * 32).hex()}\n")
    return path


def test_sealed_recordings(
    say: Command, redis_server: Any, prefix: str, sealed: Path, tmp_path: Path
) -> None:
    options = ["--url", redis_server.url, "--prefix", prefix]
    opened = [*options, "--key-file", str(sealed)]
    wrong = tmp_path / "wrong"
    wrong.write_text("00" * 32)

    closed = say("ls", *options, "--json")

    assert [(one["state"], one["scope"]) for one in lines(closed)] == [("sealed", None)]
    assert closed.err == "1 of 1 are sealed: --key-file opens them\n"
    assert b"sealed" in say("ls", *options).out
    for command in ("show", "replay"):
        said = say(command, ID, *options)
        assert said.code == (
            "streamward: the recording is sealed: --key-file wants a file with its key"
        )
        assert "none of the keys opens it" in str(
            say(command, ID, *options, "--key-file", str(wrong)).code
        )
    assert lines(say("ls", *opened, "--json"))[0]["frames"] == 3
    assert say("replay", ID, *opened).out == BODY


def test_a_principal_under_a_secret_of_ones_own(
    say: Command, redis_server: Any, prefix: str, sealed: Path
) -> None:
    words = ["purge", "principal", "ann", "--yes", "--url", redis_server.url, "--prefix", prefix]

    without = say(*words)
    with_it = say(*words, "--secret-file", str(sealed.parent / "secret"))

    assert "no secret is in Redis" in str(without.code)
    assert with_it.code == 0


def test_damaged_recordings_are_listed(say: Command, redis_server: Any, prefix: str) -> None:
    with redis.Redis.from_url(redis_server.url) as raw:
        raw.set(Names(prefix).recording(KEYS[1]), b"nonsense", ex=60)
        raw.set(Names(prefix).recording(KEYS[2]), KEYS[2] + b"swrec\x02nonsense", ex=60)

    options = ["--url", redis_server.url, "--prefix", prefix]

    assert [one["state"] for one in lines(say("ls", *options, "--json"))] == ["corrupt"] * 2
    assert say("ls", *options).out.count(b"corrupt") == 2


@pytest.mark.parametrize("beginning", ["", "*", "a" * 44, "{", "a b"])
def test_what_is_no_id(say: Command, redis_server: Any, beginning: str) -> None:
    said = say("show", beginning, "--url", redis_server.url)

    assert said.code == "streamward: an id has up to 43 letters, digits, '-' and '_'"


@pytest.mark.parametrize(
    "key", [b"\xfb" + KEY[1:], b"\xfb\xef\xbe" + KEY[3:], b"\xfa\x10" + KEY[2:]]
)
def test_an_id_that_begins_with_a_dash(
    say: Command, redis_server: Any, prefix: str, key: bytes
) -> None:
    scopes = asyncio.run(keep(redis_server.url, prefix, {key: "ann"}))
    options = ["--url", redis_server.url, "--prefix", prefix]

    assert say("replay", readable(key)[:8], *options).out.startswith(b"data: ann")
    assert len(lines(say("ls", *options, "--json", "--scope", scopes["ann"]))) == 1
    assert say("purge", "entry", readable(key), "--yes", *options).code == 0


def test_an_id_that_is_too_short(say: Command, redis_server: Any, prefix: str) -> None:
    alike = [b"\0" * 31 + bytes([number]) for number in range(3)]
    asyncio.run(keep(redis_server.url, prefix, dict.fromkeys(alike, "ann")))

    said = say("show", "AAAA", "--url", redis_server.url, "--prefix", prefix)

    assert said.code == "streamward: there is more than one recording whose id begins with AAAA"


def test_a_password_from_a_file(say: Command, own_redis: Any, prefix: str, tmp_path: Path) -> None:
    server = own_redis("--requirepass", "a/b@c:d")
    path = tmp_path / "password"
    path.write_text("a/b@c:d\n")
    words = ["stats", "--prefix", prefix, "--json", "--url"]

    inside = say(*words, server.url.replace("://", "://default:abc@"))
    without = say(*words, server.url)

    assert "--password-file" in str(inside.code) and "abc" not in str(inside.code)
    assert str(without.code).startswith("streamward: the cache is not available")
    for url in (server.url, server.url.replace("://", "://default@")):
        assert lines(say(*words, url, "--password-file", str(path)))[0]["recordings"] == 0


def test_a_redis_that_is_away(say: Command, own_redis: Any) -> None:
    server = own_redis()
    server.kill()

    assert say("stats", "--url", server.url).code == (
        "streamward: the cache is not available: unreachable"
    )


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["stats", "--url", "nonsense"], "--url wants an address"),
        (["stats", "--prefix", "a b"], "--prefix wants"),
        (["replay", ID, "--pace", "0"], "finite number above 0"),
        (["replay", ID, "--pace", "fast"], "--pace wants"),
        (["ls", "--key-file", "/nowhere"], "/nowhere cannot be read"),
        (["ls", "--key-file", "/dev/null"], "/dev/null is empty"),
        (["ls", "--key-file", __file__], "wants lines in hexadecimal"),
        (["purge", "all", "ann", "--yes"], "purge wants"),
        (["purge", "scope", "--yes"], "purge wants"),
    ],
)
def test_misuse_is_said_in_one_line(say: Command, words: list[str], part: str) -> None:
    said = str(say(*words).code)

    assert part in said and "\n" not in said


@pytest.mark.parametrize("form", ["single", "cluster"])
def test_the_user_of_the_how_to_page_may_do_all_of_it(
    say: Command, own_servers: Servers, tmp_path: Path, form: str
) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/look-into-the-cache.md").read_text()
    (line,) = re.findall(r"^ACL SETUSER (warden .*)$", page, re.MULTILINE)
    server = own_servers.store() if form == "single" else Cluster(own_servers)
    scopes = asyncio.run(keep(server.url, "streamward", {KEY: "ann", KEYS[2]: "bob"}))
    for one in [server] if form == "single" else server.nodes:
        one.ask("ACL", "SETUSER", *line.split())
    password = tmp_path / "password"
    password.write_text("password\n")
    options = ["--url", server.url.replace("://", "://warden@"), "--password-file", str(password)]

    (found,) = lines(say("stats", *options, "--json"))
    assert found["recordings"] == len(lines(say("ls", *options, "--json"))) == 2
    assert found["memory"] is not None
    assert say("replay", ID[:9], *options).out == BODY
    for words in (["scope", scopes["ann"]], ["principal", "bob"], ["all"], ["entry", ID]):
        assert say("purge", *words, "--yes", *options).code == 0
