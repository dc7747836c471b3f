"""What people copy does not work: each recipe shows its fault, and our files do not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from support.asking import BROKEN, Remote, asking, in_step
from support.nginx import Nginx, bare, kit, version
from support.recipes import RECIPES, Fault, Recipe
from support.servers import running
from support.streams import ScriptedApp

from streamward import Policy, Streamward

Ask = Callable[..., contextlib.AbstractContextManager]

# A probe returns whether the fault is there. `ask` asks for the recipe's stream.


def held(ask: Ask, upstream: str) -> bool:
    remote = Remote(upstream)
    try:
        with ask(remote, timeout=1) as reader:
            return in_step(reader, remote, 1) == 0
    except httpx.ReadTimeout:  # not even the headers came
        return True


def late(ask: Ask, upstream: str) -> bool:
    remote = Remote(upstream)
    with ask(remote, timeout=1) as reader:
        if in_step(reader, remote, 1) == 1:
            return False
        remote.allow()  # the second frame, so that the first may come
    with ask(waiting := Remote(upstream), timeout=5) as reader:
        waiting.allow()
        return reader.frame().startswith(f"data: {waiting.name} 0 ".encode())


def truncation_hidden(ask: Ask, upstream: str) -> bool:
    remote = Remote(upstream)
    remote.allow_all()
    with ask(remote) as reader:
        try:
            return reader.rest().count(b"\n\n") == 2
        except BROKEN:
            return False


def replayed(ask: Ask, upstream: str) -> bool:
    bodies = []
    for remote in (Remote(upstream), Remote(upstream)):
        remote.allow_all()
        with ask(remote) as reader:
            bodies.append(reader.rest())
    return bodies[0] == bodies[1]


def runs_on(ask: Ask, upstream: str) -> bool:
    remote = Remote(upstream)
    with ask(remote) as reader:
        in_step(reader, remote, 1)
    remote.allow_all()
    while not ((seen := remote.seen()).ended or seen.left):
        pass
    return seen.ended


def asked_twice(ask: Ask, upstream: str) -> bool:
    remote = Remote(upstream)
    remote.allow_all()
    with ask(remote) as reader:
        return reader.response.status_code == 200 and remote.seen().asked == 1


def cut(ask: Ask, upstream: str) -> bool:
    remote = Remote(upstream)
    with ask(remote) as reader:
        in_step(reader, remote, 1)
        reader.frame()
        try:
            reader.frame()
        except BROKEN:
            return True
        except httpx.ReadTimeout:
            return False
    return False


PROBES: dict[Fault, Callable[[Ask, str], bool]] = {
    "held": held,
    "late": late,
    "truncation hidden": truncation_hidden,
    "replayed": replayed,
    "runs on": runs_on,
    "asked twice": asked_twice,
    "cut": cut,
}


@contextlib.contextmanager
def dying() -> Iterator[str]:
    """A process that reads a request and dies before it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as client:
                        client.recv(1 << 16)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@contextlib.contextmanager
def pasted(recipe: Recipe, upstream: str, folder: Path) -> Iterator[Nginx]:
    """Run an nginx with a recipe; where it is about retries, another process dies first."""
    with contextlib.ExitStack() as stack:
        servers = [upstream]
        if recipe.fault == "asked twice":
            servers.insert(0, stack.enter_context(dying()))
        yield stack.enter_context(
            bare(folder, *servers, http=recipe.http, location=recipe.location)
        )


def ask_for(recipe: Recipe, nginx: Nginx, http: str) -> Ask:
    return partial(asking, nginx, query=recipe.query, method=recipe.method, http=http)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_recipe_does_not_work(recipe, h11, tmp_path):
    with pasted(recipe, h11, tmp_path) as nginx:
        faulty = PROBES[recipe.fault](ask_for(recipe, nginx, "plain"), h11)

    mended_by_defaults = bool(recipe.mended) and version() >= recipe.mended
    assert faulty is not mended_by_defaults


@pytest.mark.parametrize(
    "recipe", [one for one in RECIPES if one.fault != "asked twice"], ids=lambda one: one.name
)
def test_our_files_have_no_such_fault(recipe, h11, ours):
    assert not PROBES[recipe.fault](ask_for(recipe, ours, "1.1"), h11)


@pytest.fixture(scope="module")
def ours(h11, tmp_path_factory):
    with kit(tmp_path_factory.mktemp("nginx"), h11) as nginx:
        yield nginx


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_our_files_ask_nobody_twice(method, h11, tmp_path):
    recipe = Recipe("ours", "asked twice", method=method)
    with dying() as dead, kit(tmp_path, dead, h11) as nginx:
        assert not asked_twice(ask_for(recipe, nginx, "1.1"), h11)


def test_a_silent_stream_lives_on_heartbeats(tmp_path):
    """What `streamward deploy` aligns: read time-outs are five heartbeats."""
    (recipe,) = [one for one in RECIPES if one.fault == "cut"]
    app = ScriptedApp([b"data: one\n\n", 3.0, b"data: two\n\n"])
    with (
        running(Streamward(app, policy=Policy(heartbeat=0.2))) as upstream,
        bare(tmp_path, upstream, location=recipe.location) as nginx,
    ):
        body = httpx.get(nginx.plain, timeout=20).content

    assert body.endswith(b"data: two\n\n")


def test_an_inner_nginx_that_eats_the_header_lets_the_outer_one_hold(h11, tmp_path):
    """`proxy_pass_header X-Accel-Buffering` is for the next nginx on the way out."""
    gzip = "gzip on; gzip_types *; gzip_proxied any; gzip_min_length 0;"
    said = {}
    for name, line in (("eats", ""), ("passes", "proxy_pass_header X-Accel-Buffering;")):
        (tmp_path / name / "outer").mkdir(parents=True)
        inside = f"proxy_http_version 1.1; proxy_buffering off; {line}"
        with (
            bare(tmp_path / name, h11, location=inside) as inner,
            bare(
                tmp_path / name / "outer",
                inner.plain,
                http=gzip,
                location="proxy_http_version 1.1;",
            ) as outer,
        ):
            recipe = Recipe(name, "held", query="frames=4&marked=1")
            said[name] = held(ask_for(recipe, outer, "plain"), h11)

    assert said == {"eats": True, "passes": False}
