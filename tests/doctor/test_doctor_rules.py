"""The rules, on values: each sees its fault, and names the hop and the line. No sockets."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamward.doctor import RULES, Case, Exchange, Moment, Seen, Trouble, diagnose
from streamward.doctor.advice import ADVICE, LIMITS, known_limit
from streamward.doctor.exchange import Stage
from streamward.doctor.hops import SIGNS, hops_of, shown
from streamward.doctor.report import as_json

PACE = 0.1
NAMES = ("accept", "accept-encoding", "host", "last-event-id")
SSE = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
NGINX = {**SSE, "server": "nginx/1.26.3"}


def stream(late=lambda n: 0.0, *, frames=12, headers=NGINX, http="1.1", **changes) -> Exchange:
    """Return an echo's answer; ``late`` says by how many seconds frame n was held."""
    moments = tuple(Moment(0.01 + n * PACE + late(n), n * PACE) for n in range(frames))
    told = {
        "status": 200,
        "http": "HTTP/1.1",
        "headers": headers,
        "asked": ("last-event-id",),
        "ttfb": 0.005,
        "ttft": moments[0].at,
        "total": moments[-1].at,
        "arrivals": tuple(moment.at for moment in moments),
        "frames": moments,
        "ending": "complete",
        "dialect": "unknown_json",
        "seen": Seen(http=http, names=NAMES, nonce="n0"),
    }
    return Exchange(**{**told, **changes})


def whole(n: int) -> float:
    """All frames come with the last one."""
    return (11 - n) * PACE


FINE = stream()
GUARDED = {**NGINX, "cache-control": "no-store, no-transform"}
DEATH = stream(frames=3, end="cut", ending="missing", guarded=True, headers=GUARDED)


def case(**stages: Exchange) -> Case:
    fine = {"first": FINE, "bare": FINE, "large": replace(FINE, frames=FINE.frames[:6])}
    fine |= {
        "once": FINE,
        "again": replace(FINE, seen=Seen(http="1.1", names=NAMES, nonce="n1", call=2)),
    }
    fine |= {"death": DEATH}
    return Case(pace=PACE, silence=20.0, through={**fine, **stages})


def codes(one: Case) -> list[str]:
    return [finding.code for finding in diagnose(one)]


def only(one: Case):
    findings = diagnose(one)
    assert len(findings) == 1, findings
    return findings[0]


def seen(**changes) -> Seen:
    return Seen(**{"http": "1.1", "names": NAMES, **changes})


def test_a_fine_case_has_no_finding():
    assert diagnose(case()) == ()


@pytest.mark.parametrize(
    "late",
    [
        lambda n: 0.04 if n % 2 else 0.0,  # a busy machine
        lambda n: 0.8 if n == 5 else 0.0,  # one long pause
        lambda n: (
            max(0.0, 0.5 - (n - 4) * PACE) if 4 <= n < 9 else 0.0
        ),  # stopped for half a second
    ],
    ids=["uneven", "one late", "stopped"],
)
def test_a_busy_machine_is_no_fault(late):
    assert diagnose(case(bare=stream(late))) == ()


def test_http_1_0_that_holds():
    old = stream(whole, http="1.0")
    hidden = replace(DEATH, end="clean", seen=seen(http="1.0"))

    found = only(
        case(bare=old, guarded=stream(http="1.0", guarded=True, headers=GUARDED), death=hidden)
    )

    assert (found.code, found.severity, found.hop) == ("http10_upstream", "fault", "nginx")
    assert "proxy_http_version 1.1;" in found.change
    assert "a crash in mid-answer looked like a proper end" in found.evidence
    assert any("550 ms late" in line for line in found.evidence)


def test_http_1_0_that_does_no_harm_is_a_risk():
    found = only(case(bare=stream(http="1.0")))

    assert (found.code, found.severity) == ("http10_upstream", "risk")


@pytest.mark.parametrize(
    ("server", "hop", "line"),
    [
        ("nginx", "nginx", "`gzip off;`"),
        ("Caddy", "caddy", "`encode`"),
        ("cloudflare", "cloudflare", "algorithms: [{name: none}]"),
        ("", "unknown", "no-transform"),
    ],
)
def test_a_compressor_that_holds(server, hop, line):
    headers = {**SSE, "server": server, "content-encoding": "gzip"}
    others = {
        name: stream(headers={**SSE, "server": server}) for name in ("first", "once", "large")
    }

    again = replace(others["once"], seen=seen(nonce="n1"))
    death = replace(DEATH, headers={**GUARDED, "server": server})
    found = only(case(bare=stream(whole, headers=headers), again=again, death=death, **others))

    assert (found.code, found.hop) == ("compressed_held", hop)
    assert line in found.change


def test_a_compressor_whose_coding_nobody_here_can_undo():
    headers = {**NGINX, "content-encoding": "br"}
    body = Exchange(status=200, http="HTTP/1.1", headers=headers, ttfb=0.0, arrivals=(1.2, 1.2))

    assert codes(case(bare=body)) == ["compressed_held"]
    assert codes(case(bare=replace(body, arrivals=FINE.arrivals))) == []


def test_a_compressor_that_flushes_is_no_fault():
    assert diagnose(case(bare=stream(headers={**NGINX, "content-encoding": "gzip"}))) == ()


def test_pieces_that_are_compressed_each_by_itself():
    headers = {**NGINX, "content-encoding": "gzip"}

    assert codes(case(bare=stream(headers=headers, members=12))) == ["gzip_members"]
    assert codes(case(bare=stream(headers=headers, members=1))) == []


def test_holding_that_the_header_ends_is_a_risk():
    guarded = stream(guarded=True, headers=GUARDED)
    held = diagnose(case(bare=stream(whole), guarded=guarded))[0]
    both = diagnose(case(bare=stream(whole), guarded=stream(whole, guarded=True, headers=GUARDED)))

    assert (held.code, held.severity) == ("held", "risk")
    assert "X-Accel-Buffering: no" in held.evidence[-1]
    assert [(one.code, one.severity) for one in both] == [
        ("held", "fault"),
        ("accel_ignored", "fault"),
    ]
    assert "eats it" in both[1].evidence[1]


@pytest.mark.parametrize(
    ("header", "hop", "line"),
    [
        (("server", "lighttpd/1.4.69"), "lighttpd", "server.stream-response-body = 2"),
        (("x-varnish", "12"), "varnish", "return (pass);"),
        (("cf-ray", "8f0-FRA"), "cloudflare", "response_body_buffering: none"),
        (("x-amz-apigw-id", "x"), "api_gateway", "responseTransferMode: STREAM"),
    ],
)
def test_a_hop_that_holds_is_named_by_its_header(header, hop, line):
    found = diagnose(case(bare=stream(whole, headers={**SSE, header[0]: header[1]})))[0]

    assert (found.code, found.hop) == ("held", hop)
    assert line in found.change


def test_bursts_are_haproxys():
    # Measured with HAProxy 2.6: what comes within about 200 ms is sent together.
    found = only(case(bare=stream(lambda n: 0.2 - (n % 3) * PACE, headers=SSE)))

    assert (found.code, found.hop) == ("bursts", "haproxy")
    assert "option http-no-delay" in found.change


def test_large_frames_that_wait_for_the_next_one():
    large = stream(lambda n: PACE if n < 5 else 0.0, frames=6)

    found = only(case(large=large))

    assert (found.code, found.hop) == ("large_frames_held", "nginx")
    assert found.change.startswith("`proxy_buffering off;`")


def test_a_header_that_a_hop_adds():
    found = only(case(bare=stream(headers={**NGINX, "x-accel-buffering": "no"})))

    assert found.code == "accel_added"
    assert "remove `add_header X-Accel-Buffering no;`" in found.change


def test_a_header_that_goes_the_wrong_way():
    asked = stream(seen=seen(names=(*NAMES, "x-accel-buffering")))
    by_user = replace(asked, asked=("last-event-id", "x-accel-buffering"))

    assert "remove `proxy_set_header" in only(case(bare=asked)).change
    assert diagnose(case(bare=by_user)) == ()


def test_a_crash_that_nobody_sees():
    found = only(
        case(death=replace(DEATH, end="clean", headers={**GUARDED, "server": "h2o/2.2.5"}))
    )

    assert (found.code, found.hop) == ("crash_hidden", "h2o")


def test_a_body_without_chunks():
    headers = {"content-type": "text/event-stream", "server": "nginx"}
    hidden = replace(DEATH, end="clean", headers={**headers, "cache-control": "no-store"})

    found = only(case(bare=stream(headers=headers), death=hidden))

    assert (found.code, found.severity) == ("no_chunks", "fault")
    assert "chunked_transfer_encoding off" in found.change
    assert only(case(bare=stream(headers=headers))).severity == "risk"


def test_an_answer_in_http_1_0():
    old = replace(FINE, http="HTTP/1.0", headers={"content-type": "text/event-stream"})

    assert codes(case(bare=old)) == ["http10_client"]


@pytest.mark.parametrize(
    ("header", "hop", "line"),
    [
        (("server", "nginx"), "nginx", "proxy_read_timeout 75s;"),
        (("server", "envoy"), "envoy", "timeout: 0s"),
        (("cf-ray", "1"), "cloudflare", "heartbeats"),
    ],
)
@pytest.mark.parametrize("end", ["cut", "clean"])
def test_a_silence_that_is_ended(header, hop, line, end):
    quiet = stream(
        frames=1, headers={**SSE, header[0]: header[1]}, end=end, ending="missing", total=15.02
    )
    others = dict.fromkeys(("first", "bare", "once", "large"), stream(headers=SSE))

    found = only(
        case(
            silence=quiet,
            death=replace(DEATH, headers=quiet.headers | {"cache-control": "no-store"}),
            again=replace(others["once"], seen=seen(nonce="n1")),
            **others,
        )
    )

    assert (found.code, found.hop) == ("idle_timeout", hop)
    assert line in found.change
    assert "15 s is Envoy's route timeout" in found.evidence


def test_a_silence_that_lasts_is_no_fault():
    assert diagnose(case(silence=stream(frames=4, total=20.2))) == ()


def test_an_answer_that_is_given_twice():
    again = replace(FINE, headers={**NGINX, "cf-cache-status": "HIT", "cf-ray": "1"})

    assert only(case(again=FINE)).hop == "nginx"
    assert only(case(again=again)).hop == "cloudflare"
    assert "cf-cache-status: HIT" in only(case(again=again)).evidence[1]


def test_a_request_that_comes_twice():
    twice = stream(seen=seen(call=2))
    answered = stream(frames=3)

    assert "2 times" in only(case(bare=twice)).evidence[0]
    assert only(case(retry=answered)).code == "retried"
    assert diagnose(case(retry=Exchange(trouble=Trouble("status", "status 502"), status=502))) == ()


def test_headers_that_are_lost():
    lost = stream(asked=("api_key", "last-event-id"))
    other = stream(asked=("authorization", "accept-encoding"))

    assert "underscores_in_headers on;" in only(case(bare=lost)).change
    assert "authorization" in only(case(bare=other)).evidence[0]
    assert "accept-encoding" not in only(case(bare=other)).evidence[0]


def test_headers_that_are_changed():
    public = replace(DEATH, headers={**NGINX, "cache-control": "max-age=60"})
    plain = stream(headers={**NGINX, "content-type": "text/plain"})

    assert "max-age=60" in only(case(death=public)).evidence[0]
    assert only(case(bare=plain)).code == "content_type_changed"


def test_what_the_application_does_by_itself_is_its_own():
    held = {"first": FINE, "bare": stream(whole), "death": DEATH}
    found = diagnose(Case(pace=PACE, through=held, direct=held))
    by_hop = diagnose(
        Case(pace=PACE, through=held, direct={"first": FINE, "bare": FINE, "death": DEATH})
    )

    assert [(one.code, one.hop) for one in found] == [("held", "app")]
    assert "so it is without any proxy" in found[0].evidence
    assert [(one.code, one.hop) for one in by_hop] == [("held", "nginx")]
    assert "not so without the proxies" in by_hop[0].evidence


# Streams of the user's own: no pace is known, and nobody tells what reached the application.


def own(at=lambda n: 0.6 + n * 0.05, *, frames=20, **changes) -> Exchange:
    moments = tuple(Moment(at(n)) for n in range(frames))
    told = {"frames": moments, "arrivals": tuple(m.at for m in moments), "total": at(frames)}
    return replace(FINE, **{**told, "seen": None, "dialect": "openai_chat", "asked": (), **changes})


def mine(first: Exchange, direct: Exchange | None = None) -> Case:
    return Case(through={"first": first}, direct={} if direct is None else {"first": direct})


AT_ONCE = own(lambda n: 2.0)


def test_a_stream_of_ones_own_that_comes_at_once():
    alone = only(mine(AT_ONCE))
    beside = only(mine(AT_ONCE, own()))

    assert (alone.code, alone.severity) == ("arrives_at_once", "risk")
    assert (beside.code, beside.severity) == ("arrives_at_once", "fault")
    assert "`proxy_http_version 1.1; proxy_buffering off; gzip off;`" in beside.change
    assert codes(mine(own(lambda n: 2.0, headers={**NGINX, "content-encoding": "gzip"}))) == [
        "compressed_held"
    ]


def test_an_application_that_speaks_at_once_is_told_so():
    found = only(mine(AT_ONCE, AT_ONCE))

    assert (found.code, found.hop) == ("arrives_at_once", "app")


@pytest.mark.parametrize(
    "first",
    [own(), own(lambda n: 0.6 + n * 0.01), own(lambda n: 0.01), own(frames=3)],
    ids=["usual", "quick", "ready", "short"],
)
def test_a_stream_of_ones_own_that_is_fine(first):
    assert diagnose(mine(first)) == ()


def test_a_stream_of_ones_own_that_breaks_off_or_has_no_end():
    broken = only(mine(own(end="cut", ending="missing", total=60.1)))
    ended = only(mine(own(ending="missing")))

    assert (broken.code, broken.hop) == ("cut", "nginx")
    assert "nginx's proxy_read_timeout" in broken.evidence[1]
    assert ended.code == "no_terminal"
    assert "openai_chat" in ended.evidence[-1]
    assert codes(mine(own(end="gave_up", ending="missing"))) == ["cut"]
    assert codes(mine(own(ending="early"))) == codes(mine(own(ending="error"))) == []


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (("x-cache", "HIT"), True),
        (("age", "12"), True),
        (("cache-status", "varnish; hit"), True),
        (("cache-status", "streamward; hit"), False),
        (("age", "0"), False),
        (("x-cache", "MISS"), False),
    ],
)
def test_a_cache_in_front_of_ones_own_stream(header, found):
    again = own(headers={**NGINX, header[0]: header[1]})

    assert codes(Case(through={"first": own(), "again": again})) == (
        ["cache_replay"] if found else []
    )


def test_where_nothing_could_be_examined_nothing_is_found():
    dead = Exchange(trouble=Trouble("unreachable", "nobody"))

    assert diagnose(Case(through={"first": dead})) == ()
    assert diagnose(Case(through={"first": own()}, direct={"first": dead})) == ()


TIMES = st.lists(st.floats(0, 100), max_size=10).map(lambda times: tuple(sorted(times)))
EXCHANGES = st.builds(
    Exchange,
    trouble=st.none() | st.just(Trouble("status", "status 429")),
    status=st.sampled_from([0, 200, 429]),
    http=st.sampled_from(["", "HTTP/1.0", "HTTP/1.1", "HTTP/2"]),
    headers=st.dictionaries(
        st.sampled_from([*{sign.header for sign in SIGNS}, "age", "content-encoding", *SSE]),
        st.text(max_size=20),
    ),
    asked=st.just(()) | st.just(("x_y", "last-event-id")),
    guarded=st.booleans(),
    ttfb=st.none() | st.floats(0, 100),
    total=st.floats(0, 200),
    arrivals=TIMES,
    frames=TIMES.flatmap(
        lambda times: st.tuples(
            *(st.builds(Moment, st.just(t), st.none() | st.just(t)) for t in times)
        )
    ),
    end=st.sampled_from(["clean", "cut", "gave_up"]),
    ending=st.sampled_from(["complete", "early", "error", "missing", "unknown"]),
    members=st.integers(0, 3),
    seen=st.none()
    | st.builds(Seen, http=st.sampled_from(["1.0", "1.1", ""]), call=st.integers(1, 3)),
)
STAGES = st.dictionaries(st.sampled_from(get_args(Stage)), EXCHANGES, max_size=5)


@given(STAGES, STAGES)
def test_whatever_was_measured_there_is_a_report(through, direct):
    one = Case(through=through, direct=direct)
    findings = diagnose(one)

    assert len({finding.code for finding in findings}) == len(findings)
    assert all(finding.change and finding.evidence for finding in findings)
    json.dumps(as_json(one, findings, "http://test/", "http://test/"))


# The tables


def test_every_rule_has_advice_for_every_hop_and_is_listed_once():
    assert [rule.code for rule in RULES] == list(dict.fromkeys(rule.code for rule in RULES))
    assert {rule.code for rule in RULES} == set(ADVICE)
    assert all(advice["unknown"] for advice in ADVICE.values())


def test_every_hop_with_advice_can_be_recognised():
    told = {sign.kind for sign in SIGNS} | {"unknown", "haproxy"}  # HAProxy shows by its bursts

    assert {kind for advice in ADVICE.values() for kind in advice} <= told


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: f"{sign.kind}-{sign.header}-{sign.side}")
def test_every_sign_is_read(sign):
    value = sign.pattern.split("|")[0].replace(r"\b", "")
    if sign.side == "response":
        one = stream(headers={**SSE, sign.header: value})
    else:
        one = stream(headers=SSE, seen=seen(names=(sign.header,)))

    assert sign.kind in {hop.kind for hop in hops_of(case(first=one))}


def test_limits_are_known_from_a_little_below():
    assert [known_limit(limit + 0.02) != "" for limit, _ in LIMITS] == [True] * len(LIMITS)
    assert known_limit(45) == ""


def test_private_headers_are_not_shown():
    one = stream(headers={**NGINX, "set-cookie": "s=1", "x-key": "k", "via": "1.1 a\x1b[31m"})

    assert shown(one).keys() == {"content-type", "server", "transfer-encoding", "via"}
    assert "\x1b" not in shown(one)["via"]
