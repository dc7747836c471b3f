"""``streamward deploy``, and the check of time-outs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from streamward.cli import commands
from streamward.deploy import EXAMPLE, HOPS, KITS, Hop, budget, render
from streamward.errors import ConfigurationError


def run(*arguments):
    return CliRunner().invoke(commands(), ["deploy", *map(str, arguments)])


def test_explains_itself():
    result = CliRunner().invoke(commands(), ["deploy", "--help"], env={"COLUMNS": "100"})

    assert result.exit_code == 0
    assert all(name in result.output for name in KITS)


def test_writes_the_files_of_the_site(tmp_path):
    result = run(
        *("nginx", "--out", tmp_path / "etc", "--host", "llm.acme.test", "--heartbeat", 20),
        *("--upstream", "10.0.0.1:9000", "--upstream", "10.0.0.2:9000"),
        *("--path", "/a/", "--path", "/b", "--variant", "1.22", "--variant", "njs"),
    )

    assert result.exit_code == 0, result.output
    site = replace(
        EXAMPLE,
        host="llm.acme.test",
        heartbeat=20,
        upstreams=("10.0.0.1:9000", "10.0.0.2:9000"),
        paths=("/a/", "/b"),
    )
    written = {
        str(path.relative_to(tmp_path / "etc")): path.read_text()
        for path in (tmp_path / "etc").rglob("*")
        if path.is_file()
    }
    assert written == render(KITS["nginx"], site, {"1.22", "njs"})
    assert "proxy_read_timeout 100s;" in written["streamward/stream.conf"]
    assert "streamward doctor https://llm.acme.test/a/" in result.output


def test_says_what_known_hops_do(tmp_path):
    said = run("nginx", "--out", tmp_path, "--heartbeat", 29, "--longest", 300).output

    lines = {line.split()[0]: line for line in said.splitlines() if line.startswith("  ")}
    assert lines.keys() == HOPS.keys()
    assert lines["alb"].endswith(" ok")
    assert "tight" in lines["cloudfront"]
    assert "CUTS a silent stream" in lines["fastly"]
    assert "CUTS the longest stream" in lines["gcp"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ("--heartbeat", 30, "--behind", "cloudfront"),
            "CloudFront a silent stream is cut after 30 s: write --heartbeat 15, or change origin",
        ),
        (
            ("--behind", "alb", "--behind", "vercel"),
            "every stream is cut after 300 s, and --longest is 600: change maxDuration",
        ),
        (("--behind", "squid"), "no limits are known of 'squid': take nginx"),
        (("--host", "a;b"), "host 'a;b' cannot be: write one such as chat.example.com"),
    ],
    ids=["silence", "length", "unknown", "host"],
)
def test_writes_nothing_where_the_streams_would_be_cut(tmp_path, arguments, reason):
    result = run("nginx", "--out", tmp_path, *arguments)

    assert isinstance(result.exception, ConfigurationError)
    assert reason in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_knows_its_kits(tmp_path):
    result = run("squid", "--out", tmp_path)

    assert str(result.exception).startswith("there is no kit 'squid': take nginx")


def test_replaces_nothing_unless_told(tmp_path):
    (tmp_path / "nginx.conf").write_text("mine")

    refused = run("nginx", "--out", tmp_path)

    assert "is there already: add --force to replace it" in str(refused.exception)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    assert run("nginx", "--out", tmp_path, "--force").exit_code == 0
    assert (tmp_path / "nginx.conf").read_text() == render(KITS["nginx"])["nginx.conf"]


@pytest.mark.parametrize(
    ("idle", "whole", "outcome"),
    [
        (None, None, "ok"),
        (30, None, "ok"),
        (29, None, "tight"),
        (16, None, "tight"),
        (15, None, "silence"),
        (10, None, "silence"),
        (None, 600, "ok"),
        (None, 599, "length"),
        (15, 10, "silence"),
        (20, 10, "length"),
    ],
)
def test_a_heartbeat_must_come_before_the_limit(idle, whole, outcome):
    hop = Hop(name="h", title="H", idle=idle, whole=whole, setting="s", source="measured")

    (verdict,) = budget(EXAMPLE, [hop])  # 15 s, and streams of 600 s

    assert (verdict.outcome, verdict.cuts) == (outcome, outcome in ("silence", "length"))


def test_our_own_files_pass_the_check():
    """What is written for a heartbeat waits for several of them."""
    for heartbeat in (1, 15, 60):
        site = replace(EXAMPLE, heartbeat=heartbeat)
        hop = Hop(name="ours", title="ours", idle=site.silence, setting="", source="measured")

        assert budget(site, [hop])[0].outcome == "ok"
        assert f"proxy_read_timeout {5 * heartbeat}s;" in "".join(
            render(KITS["nginx"], site).values()
        )
