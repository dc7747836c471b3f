"""Each popular wrong recipe of nginx is named, with its line; a fine setup is left in peace."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from support.servers import running

from streamward.doctor import Echo, diagnose
from streamward.doctor.probe import Ask
from streamward.doctor.series import Plan, examine

FINE = """
proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_cache off;
gzip off; proxy_read_timeout 75s; proxy_next_upstream off; proxy_pass_header X-Accel-Buffering;
"""
HTTP11 = 'proxy_http_version 1.1; proxy_set_header Connection "";'
OLD = "proxy_http_version 1.0;"
HOSTILE = 'gzip on; gzip_types "*"; gzip_proxied any; gzip_min_length 0;'
CACHE = "proxy_cache_path {folder}/cache keys_zone=answers:1m;"

# lines of the location, lines of http, each fault with a word of the line that mends it
RECIPES = {
    "stock": (OLD, "", {"http10_upstream": "proxy_http_version 1.1;"}),
    "add_header": (
        f"{OLD} add_header X-Accel-Buffering no always;",
        "",
        {
            "http10_upstream": "proxy_http_version 1.1;",
            "accel_added": "remove `add_header X-Accel-Buffering no;`",
        },
    ),
    "proxy_set_header": (
        f"{OLD} proxy_set_header X-Accel-Buffering no;",
        "",
        {
            "http10_upstream": "proxy_http_version 1.1;",
            "accel_requested": "remove `proxy_set_header X-Accel-Buffering no;`",
        },
    ),
    "magic_trio": (
        f"{OLD} proxy_cache off; chunked_transfer_encoding off; proxy_read_timeout 24h;",
        "",
        {
            "http10_upstream": "proxy_http_version 1.1;",
            "no_chunks": "remove `chunked_transfer_encoding off;`",
        },
    ),
    "chunked_off": (
        f"{FINE} chunked_transfer_encoding off;",
        "",
        {"no_chunks": "remove `chunked_transfer_encoding off;`"},
    ),
    "gzip": (HTTP11, HOSTILE, {"compressed_held": "`gzip off;`"}),
    "buffering": (HTTP11, "", {"large_frames_held": "`proxy_buffering off;`"}),
    "cache": (
        f"{HTTP11} proxy_cache answers; proxy_cache_valid 200 10m;",
        CACHE,
        {"cache_replay": "`proxy_cache off;`", "large_frames_held": "`proxy_buffering off;`"},
    ),
    "ignored_header": (
        f"{OLD} proxy_ignore_headers X-Accel-Buffering;",
        "",
        {
            "http10_upstream": "proxy_http_version 1.1;",
            "accel_ignored": "remove `proxy_ignore_headers X-Accel-Buffering`",
        },
    ),
    "hidden_cache_control": (
        f"{FINE} proxy_hide_header Cache-Control;",
        "",
        {"cache_control_changed": "remove `proxy_hide_header Cache-Control`"},
    ),
    "other_content_type": (
        f"{FINE} proxy_hide_header Content-Type; add_header Content-Type text/plain;",
        "",
        {"content_type_changed": "remove `proxy_hide_header Content-Type`"},
    ),
    "emptied_request_header": (
        f"{FINE} proxy_set_header Last-Event-ID '';",
        "",
        {"request_header_eaten": "no `proxy_set_header` that empties it"},
    ),
}


def plan(url: str, **changes) -> Plan:
    return replace(Plan(ask=Ask(url=url), frames=8, pace=0.05, silence=0), **changes)


def faults(made: Plan) -> dict[str, str]:
    case = asyncio.run(examine(made))
    assert not case.troubles
    findings = diagnose(case)
    assert {finding.hop for finding in findings} <= {"nginx"}
    return {finding.code: finding.change for finding in findings}


def named(expected: dict[str, str], found: dict[str, str]) -> bool:
    return found.keys() == expected.keys() and all(expected[code] in found[code] for code in found)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_wrong_recipe_is_named_with_its_line(recipe, front, echo):
    location, http, expected = RECIPES[recipe]

    found = faults(plan(front(echo, location, http)))

    assert named(expected, found), found


@pytest.mark.parametrize("http", ["", HOSTILE], ids=["alone", "hostile"])
@pytest.mark.parametrize("server", ["h11", "httptools"])
def test_a_fine_setup_is_left_in_peace(http, server, front):
    with running(Echo(), server) as upstream:
        found = faults(plan(front(upstream, FINE, http), silence=1.0, direct=upstream))

    assert found == {}


def test_a_short_read_timeout_is_named(front, echo):
    url = front(echo, FINE.replace("75s", "1s"))

    found = faults(plan(url, silence=3.0))

    assert named({"idle_timeout": "`proxy_read_timeout 75s;`"}, found), found


def test_a_header_with_an_underscore_is_named(front, echo):
    ask = Ask(url=front(echo, FINE), headers={"api_key": "secret"})

    found = faults(plan(ask.url, ask=ask))

    assert named({"request_header_eaten": "`underscores_in_headers on;`"}, found), found


def test_an_inner_nginx_that_eats_the_header_is_named(front, echo):
    inner = front(echo, HTTP11)

    found = faults(plan(front(inner, HTTP11, HOSTILE)))

    expected = {
        "compressed_held": "`gzip off;`",
        "accel_ignored": "`proxy_pass_header X-Accel-Buffering;`",
    }
    assert named(expected, found), found


@pytest.mark.parametrize(
    ("line", "expected"),
    [("error timeout non_idempotent", {"retried": "`proxy_next_upstream off;`"}), ("off", {})],
)
def test_a_post_that_is_sent_again_is_named(line, expected, front, two_echoes):
    http = "upstream two {{ server " + "; server ".join(two_echoes) + "; }}"
    location = FINE.replace("proxy_next_upstream off", f"proxy_next_upstream {line}")
    url = front("http://two", location, http)

    found = faults(plan(url, ask=Ask(url=url, method="POST", body=b"{}"), retry=True))

    assert named(expected, found), found


def test_http_1_0_that_does_no_harm_today_is_a_risk(front):
    with running(Echo(), "httptools") as upstream:
        url = front(upstream, f"{OLD} proxy_buffering off;")
        findings = diagnose(asyncio.run(examine(plan(url))))

    assert [(finding.code, finding.severity) for finding in findings] == [
        ("http10_upstream", "risk")
    ]
