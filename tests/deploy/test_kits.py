"""The kits: the shipped files are the example, and any site can be written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.programs import ROOT

from streamward.deploy import EXAMPLE, HOPS, KITS, Site, render
from streamward.errors import ConfigurationError

OTHER = Site(
    host="llm.acme.test",
    upstreams=("10.1.2.3:9000",),
    paths=("/stream/",),
    app="acme.main:api",
    heartbeat=20,
    longest=1800,
)


def test_every_folder_is_a_kit():
    assert {folder.name for folder in (ROOT / "deploy").iterdir() if folder.is_dir()} == set(KITS)


@pytest.mark.parametrize("kit", KITS.values(), ids=lambda kit: kit.name)
def test_the_shipped_files_are_the_example(kit):
    shipped = {
        str(path.relative_to(ROOT / "deploy" / kit.name)): path.read_text()
        for path in (ROOT / "deploy" / kit.name).rglob("*")
        if path.is_file()
    }

    assert render(kit) == shipped


@pytest.mark.parametrize("kit", KITS.values(), ids=lambda kit: kit.name)
def test_nothing_of_the_example_is_left_for_another_site(kit):
    example, other = "\n".join(render(kit).values()), "\n".join(render(kit, OTHER).values())

    for name, text in kit.written(EXAMPLE).items():
        assert text in example, f"no file of {kit.name} has {name}"
        assert text not in other, name
    for name, text in kit.written(OTHER).items():
        assert text in other, name


@pytest.mark.parametrize(
    ("kit", "variant"), [(kit, name) for kit in KITS.values() for name in kit.variants]
)
def test_a_variant_changes_each_text_that_it_names(kit, variant):
    example = "\n".join(render(kit).values())
    varied = "\n".join(render(kit, variants=[variant]).values())

    for old, new in kit.variants[variant].items():
        assert old in example
        assert new in varied
    assert varied != example


def test_an_unknown_variant_is_refused():
    with pytest.raises(ConfigurationError, match=r"nginx has no variant '2\.0': it has 1\.22"):
        render(KITS["nginx"], variants=["2.0"])


def test_values_are_exchanged_at_once():
    """A path that looks like the example's own upstream or heartbeat is only a path."""
    site = replace(EXAMPLE, paths=("/v1/", "/server/127.0.0.1/"), upstreams=("v1:80",))

    text = "\n".join(render(KITS["nginx"], site).values())

    assert "location /v1/ { include streamward/stream.conf; }" in text
    assert "location /server/127.0.0.1/ { include streamward/stream.conf; }" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "a b"},
        {"host": "evil.test; return 200"},
        {"host": ""},
        {"upstreams": ()},
        {"upstreams": ("127.0.0.1",)},
        {"upstreams": ("unix:/run/app.sock",)},
        {"paths": ("v1",)},
        {"paths": ("/v1/ { } location /",)},
        {"app": "app"},
        {"app": "app:app --reload"},
        {"heartbeat": 0},
        {"longest": 0},
    ],
    ids=str,
)
def test_what_no_file_could_hold_is_refused(wrong):
    with pytest.raises(ConfigurationError, match=r"cannot be|is missing|whole seconds"):
        Site(**wrong)


def test_a_page_includes_each_shipped_file():
    pages = "".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))

    for kit in KITS:
        for name in render(KITS[kit]):
            assert f"{{literalinclude}} ../../deploy/{kit}/{name}\n" in pages


def test_limits_name_their_source():
    assert all("." in hop.source for hop in HOPS.values())
    assert all(hop.idle or hop.whole for hop in HOPS.values())
    assert {"alb", "cloudfront", "apigateway", "cloudflare", "vercel", "gcp", "frontdoor"} <= {
        *HOPS
    }
