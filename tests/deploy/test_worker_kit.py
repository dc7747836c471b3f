"""The files of the Worker are what wrangler and the compiler take."""

from __future__ import annotations

import json

import jsonschema
import pytest
from support.worker import settings, tool, written

from streamward.deploy import EXAMPLE, Site

SITE = Site(
    host="llm.acme.test",
    upstreams=("10.0.0.1:9000",),
    paths=("/v1/", "/chat"),
    heartbeat=20,
    longest=1800,
)


@pytest.mark.parametrize("site", [EXAMPLE, SITE], ids=["shipped", "written"])
def test_wrangler_and_the_compiler_take_the_files(site, tmp_path):
    folder = written(tmp_path, site)
    said = tool(folder, "wrangler", "deploy", "--dry-run", "--outdir", "dist")
    compiled = tool(folder, "tsc")

    assert said.returncode == 0, said.stdout + said.stderr
    assert "WARNING" not in said.stdout + said.stderr
    assert (compiled.returncode, compiled.stdout) == (0, "")
    fits(folder)


def test_a_misspelt_setting_would_be_noticed(tmp_path):
    folder = written(tmp_path)
    text = (folder / "wrangler.jsonc").read_text()
    (folder / "wrangler.jsonc").write_text(text.replace("compatibility_date", "compatibilty_date"))

    with pytest.raises(jsonschema.ValidationError, match="compatibilty_date"):
        fits(folder)


def fits(folder):
    """Hold the settings against wrangler's own schema; it only warns of a name it does not know."""
    schema = json.loads((folder / "node_modules/wrangler/config-schema.json").read_text())
    top = {**schema["definitions"]["RawConfig"], "definitions": schema["definitions"]}
    closed = {**top, "additionalProperties": False}
    jsonschema.Draft7Validator(closed).validate(settings(folder))


def test_the_routes_and_the_paths_are_those_of_the_site(tmp_path):
    own = settings(written(tmp_path, SITE))

    assert own["routes"] == ["llm.acme.test/v1/*", "llm.acme.test/chat*"]
    assert own["vars"] == {
        "ORIGIN": "https://llm.acme.test",
        "PATHS": ["/v1/", "/chat"],
        "HEARTBEAT_SECONDS": 20,
    }
