"""Each popular recipe of nginx that does not work is named, with its line."""

from __future__ import annotations

import asyncio

import pytest
from support.nginx import bare, version
from support.recipes import RECIPES

from streamward.doctor import diagnose
from streamward.doctor.probe import Ask
from streamward.doctor.series import Plan, examine

# Each popular recipe, with the fault that is named, and a piece of the line to change.
NAMED = {
    "proxy_pass alone": ("http10_upstream", "`proxy_http_version 1.1;`"),
    "add_header X-Accel-Buffering": ("accel_added", "remove `add_header X-Accel-Buffering no;`"),
    "proxy_set_header X-Accel-Buffering": (
        "accel_requested",
        "remove `proxy_set_header X-Accel-Buffering no;`",
    ),
    "the magic trio": ("no_chunks", "remove `chunked_transfer_encoding off;`"),
    "tcp_nopush against Nagle": ("http10_upstream", "`proxy_http_version 1.1;`"),
    "a day of patience": ("http10_upstream", "`proxy_http_version 1.1;`"),
    "gzip for everything": ("compressed_held", "`gzip off;`"),
    "HTTP/1.1 without proxy_buffering off": ("large_frames_held", "`proxy_buffering off;`"),
    "proxy_buffering off alone": ("http10_upstream", "`proxy_http_version 1.1;`"),
    "chunked_transfer_encoding off": ("no_chunks", "remove `chunked_transfer_encoding off;`"),
    "a cache for the whole site": ("cache_replay", "`proxy_cache off;`"),
    "a cache, and a client that leaves": ("cache_replay", "`proxy_cache off;`"),
    "proxy_next_upstream non_idempotent": ("retried", "`proxy_next_upstream off;`"),
    "the defaults and a GET": ("retried", "`proxy_next_upstream off;`"),
    "a short proxy_read_timeout": ("idle_timeout", "`proxy_read_timeout 75s;`"),
}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_each_popular_recipe_is_named_with_its_line(recipe, two_echoes, tmp_path):
    code, line = NAMED[recipe.name]
    again = recipe.fault == "asked twice"
    body = b"{}" if recipe.method == "POST" else b""
    upstreams = two_echoes if again else two_echoes[:1]
    with bare(tmp_path, *upstreams, http=recipe.http, location=recipe.location) as nginx:
        ask = Ask(url=nginx.plain, method=recipe.method, body=body)
        silence = 3.0 if recipe.fault == "cut" else 0.0
        plan = Plan(ask=ask, frames=8, pace=0.05, silence=silence, retry=again)
        found = {one.code: one for one in diagnose(asyncio.run(examine(plan)))}

    if recipe.mended and version() >= recipe.mended:
        code, line = "large_frames_held", "`proxy_buffering off;`"
    assert code in found, found
    assert found[code].hop == "nginx"
    assert line in found[code].change
