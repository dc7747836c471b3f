"""Cloudflare's kit: the rules are ones that its API knows, and the script touches no others."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hcl2
import pytest
import yaml
from cloudflare.types.rulesets import (
    CompressResponseRuleParam,
    SetCacheSettingsRuleParam,
    SetConfigRuleParam,
)
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from support.programs import ROOT

from streamward.deploy import EXAMPLE, KITS, Site, render

FOLDER = ROOT / "deploy/cloudflare"
TYPES = {
    "set_config": SetConfigRuleParam,
    "set_cache_settings": SetCacheSettingsRuleParam,
    "compress_response": CompressResponseRuleParam,
}
FILES = render(KITS["cloudflare"])
TOKEN = "a-token-of-the-test"


def rules(files=FILES):
    """Return the script's rules by phase."""
    scope = {"__name__": "rules"}
    sys.modules["rules"] = type(sys)("rules")  # dataclasses look their module up
    exec(compile(files["rules.py"], "rules.py", "exec"), scope)  # noqa: S102  # as it would be written
    return scope["RULES"]


def terraform_rules(files=FILES):
    """Return Terraform's rules by phase, as a parser of its language reads them."""
    parsed = plain(hcl2.loads(files["terraform/streams.tf"]))
    (local,) = (one["streams"] for one in parsed["locals"])
    found = {}
    for one in parsed["resource"]:
        ((kind, named),) = ((key, value) for key, value in one.items() if key[:2] != "__")
        assert kind == "cloudflare_ruleset"
        ((_, body),) = ((key, value) for key, value in named.items() if key[:2] != "__")
        (rule,) = body["rules"]
        assert rule["expression"] in ("local.streams", "${local.streams}")
        found[body["phase"]] = {**rule, "expression": local, "enabled": True}
    return found


def plain(value):
    """Take away what some releases of the parser leave around strings and blocks."""
    if isinstance(value, str):
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        return value.replace('\\"', '"')
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items() if key != "__is_block__"}
    return value


def whole(value):
    """Read lists that pydantic checks only as they are read."""
    if isinstance(value, Mapping):
        return {key: whole(one) for key, one in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [whole(one) for one in value]
    return value


def checked(rule):
    """Return a rule as Cloudflare's own types read it; they allow no other names."""
    kind = TYPES[rule["action"]]
    strict = with_config(ConfigDict(extra="forbid", strict=True))
    for one in sys.modules[kind.__module__].__dict__.values():
        if isinstance(one, type) and "__total__" in one.__dict__:
            strict(one)
    return whole(TypeAdapter(kind).validate_python(rule))


@pytest.mark.parametrize("phase", rules())
def test_a_rule_is_one_that_cloudflare_knows(phase):
    assert checked(rules()[phase]) == rules()[phase]


@pytest.mark.parametrize(
    ("phase", "wrong"),
    [
        ("http_config_settings", {"response_body_buffering": "off"}),
        ("http_config_settings", {"response_buffering": "none"}),
        ("http_request_cache_settings", {"cached": False}),
        ("http_response_compression", {"algorithms": [{"name": "off"}]}),
    ],
    ids=str,
)
def test_a_wrong_one_would_be_found(phase, wrong):
    with pytest.raises(ValidationError):
        checked({**rules()[phase], "action_parameters": wrong})


def test_terraform_says_the_same_as_the_script():
    assert terraform_rules() == rules()


def test_more_paths_make_one_expression():
    files = render(KITS["cloudflare"], Site(host="llm.acme.test", paths=("/v1/", "/chat")))

    assert terraform_rules(files) == rules(files)
    assert rules(files)["http_config_settings"]["expression"] == (
        '(http.host eq "llm.acme.test" and (starts_with(http.request.uri.path, "/v1/")'
        ' or starts_with(http.request.uri.path, "/chat")))'
    )


def test_terraform_is_formatted():
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("terraform is no package of Debian's; the file is parsed above")
    said = subprocess.run(
        [program, "fmt", "-check", "-recursive", FOLDER / "terraform"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.returncode, said.stdout) == (0, "")


def test_the_tunnel_ends_with_a_rule_for_everything():
    """cloudflared refuses a file without it, and only warns of a misspelt word."""
    tunnel = yaml.safe_load(FILES["cloudflared.yml"])

    assert tunnel.keys() == {"tunnel", "credentials-file", "grace-period", "ingress"}
    assert [one.get("hostname") for one in tunnel["ingress"]] == [EXAMPLE.host, None]
    assert tunnel["ingress"][0]["originRequest"].keys() == {"connectTimeout", "keepAliveTimeout"}


class Rulesets(ThreadingHTTPServer):
    """Keeps the rulesets of one zone, as the API's documentation says.

    Attributes:
        kept: by phase.
        writes: method and path of each call that is no GET.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Api)
        self.kept = {}
        self.writes = []
        self.numbers = itertools.count()

    def rule(self, body):
        """Return a rule as the API answers it, with what it adds."""
        number = f"rule{next(self.numbers)}"
        return {"id": number, "ref": number, "enabled": True, "version": "1", **body}

    def new(self, phase, *rules_):
        """Make the ruleset of a phase."""
        self.kept[phase] = {
            "id": f"set{next(self.numbers)}",
            "phase": phase,
            "rules": [self.rule(one) for one in rules_],
        }
        return self.kept[phase]

    def answer(self, method, path, body):
        """Return a status, and a result or the code of an error."""
        if method != "GET":
            self.writes.append(f"{method} {path}")
        match [*path.split("/")[5:], "", ""]:
            case ["rulesets", "phases", phase, "entrypoint", *_] if method == "GET":
                return (200, self.kept[phase]) if phase in self.kept else (404, 10003)
            case ["rulesets", "", ""] if method == "POST" and body["phase"] not in self.kept:
                return 200, self.new(body["phase"], *body["rules"])
            case ["rulesets", ruleset, "rules", *rest] if method in {"POST", "PATCH"}:
                (into,) = (one for one in self.kept.values() if one["id"] == ruleset)
                if method == "POST":
                    into["rules"].append(self.rule(body))
                else:
                    (old,) = (one for one in into["rules"] if one["id"] == rest[0])
                    old.update(body)
                return 200, into
        return 400, 20014


class _Api(BaseHTTPRequestHandler):
    def _answer(self):
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            status, result = 403, 10000
        else:
            status, result = self.server.answer(self.command, self.path, body)
        good = status == 200
        errors = [] if good else [{"code": result, "message": "the reason"}]
        text = json.dumps({"success": good, "errors": errors, "result": result if good else None})
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    with Rulesets() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(api, *options, token=TOKEN):
    base = f"http://127.0.0.1:{api.server_port}/client/v4"
    return subprocess.run(
        [sys.executable, FOLDER / "rules.py", "zone1", "--api", base, *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CLOUDFLARE_API_TOKEN": token},
    )


def test_the_script_makes_what_is_missing_and_then_leaves_it_alone(api):
    first = run(api)
    wrote = len(api.writes)
    second = run(api)

    assert first.stdout.count(": created\n") == 3, first.stderr
    assert second.stdout.count(": kept\n") == 3
    assert (wrote, len(api.writes)) == (3, 3)
    for phase, rule in rules().items():
        (kept,) = api.kept[phase]["rules"]
        assert kept.items() >= rule.items()


def test_the_script_touches_no_other_rule(api):
    other = {"action": "set_config", "expression": "true", "action_parameters": {"bic": True}}
    before = {phase: json.dumps(api.new(phase, other, other)["rules"]) for phase in rules()}

    run(api)

    for phase, rule in rules().items():
        assert json.dumps(api.kept[phase]["rules"][:2]) == before[phase]
        assert api.kept[phase]["rules"][2].items() >= rule.items()
        assert len(api.kept[phase]["rules"]) == 3


def test_the_script_brings_its_own_rule_up_to_date_in_its_place(api):
    other = {"action": "set_config", "expression": "true", "action_parameters": {"bic": True}}
    phase = "http_config_settings"
    old = {**rules()[phase], "expression": "(old)", "enabled": False}
    api.new(phase, old, other)

    assert f"{phase}: updated" in run(api).stdout
    assert [one["expression"] for one in api.kept[phase]["rules"]] == [
        rules()[phase]["expression"],
        "true",
    ]
    assert api.kept[phase]["rules"][0]["enabled"]


def test_a_dry_run_writes_nothing(api):
    assert run(api, "--dry-run").stdout.count(": created\n") == 3
    assert api.writes == []


def test_a_refusal_is_said_in_one_line(api):
    said = run(api, token="another")

    assert said.returncode == 1
    assert said.stderr == "rules.py: http_config_settings: HTTP 403, code 10000: the reason\n"
    assert api.writes == []


def test_no_answer_is_said_in_one_line(api):
    said = run(api, "--api", "http://127.0.0.1:9")

    assert said.stderr == (
        "rules.py: http_config_settings: HTTP 0, code 0: no answer (ConnectError)\n"
    )
