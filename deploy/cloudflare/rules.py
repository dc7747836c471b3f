"""Adds the three rules for streams to a zone of Cloudflare, and touches no other rule.

Run it as often as you like: what is as it should be is left alone.

    CLOUDFLARE_API_TOKEN=... python rules.py ZONE_ID [--dry-run]

The token needs, for that zone: Config Rules, Cache Rules and Response Compression, each Edit. The
only library it needs is httpx.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from dataclasses import dataclass
from typing import Any

import httpx

# Narrow on purpose: these rules switch off what inspects answers, such as parts of the WAF.
STREAMS = '(http.host eq "chat.example.com" and (starts_with(http.request.uri.path, "/v1/")))'

# By phase. A rule is known by its ref; Cloudflare runs the last one of a phase last.
RULES: dict[str, dict[str, Any]] = {
    "http_config_settings": {
        "ref": "streamward_config",
        "description": "streamward: pass streams on as they come",
        "expression": STREAMS,
        "action": "set_config",
        "action_parameters": {
            "response_body_buffering": "none",
            "rocket_loader": False,
            "email_obfuscation": False,
            "automatic_https_rewrites": False,
            "disable_rum": True,
            "disable_zaraz": True,
        },
        "enabled": True,
    },
    "http_request_cache_settings": {
        "ref": "streamward_cache",
        "description": "streamward: never cache streams",
        "expression": STREAMS,
        "action": "set_cache_settings",
        "action_parameters": {"cache": False},
        "enabled": True,
    },
    "http_response_compression": {
        "ref": "streamward_compression",
        "description": "streamward: never compress streams",
        "expression": STREAMS,
        "action": "compress_response",
        "action_parameters": {"algorithms": [{"name": "none"}]},
        "enabled": True,
    },
}


class CloudflareError(Exception):
    """The API refused a call.

    Attributes:
        status: of HTTP; 0 when there was no answer.
        code: Cloudflare's own; 0 when there was none.
    """

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"HTTP {status}, code {code}: {message}")
        self.status = status
        self.code = code


class DeniedError(CloudflareError):
    """The token is not valid, or may not do this."""


@dataclass(frozen=True)
class Zone:
    """A zone's rulesets.

    Attributes:
        client: with the token and the API's base URL.
        id: of the zone.
    """

    client: httpx.Client
    id: str

    def entrypoint(self, phase: str) -> dict[str, Any] | None:
        """Return the ruleset of a phase; None: the zone has none yet."""
        try:
            return self._call("GET", f"phases/{phase}/entrypoint")
        except CloudflareError as error:
            if error.status != 404:
                raise
            return None

    def create(self, phase: str, rule: dict[str, Any]) -> None:
        """Make the ruleset of a phase, with one rule."""
        body = {"name": "default", "kind": "zone", "phase": phase, "rules": [rule]}
        self._call("POST", "", body)

    def add(self, ruleset: str, rule: dict[str, Any]) -> None:
        """Add a rule behind all others."""
        self._call("POST", f"{ruleset}/rules", rule)

    def update(self, ruleset: str, rule_id: str, rule: dict[str, Any]) -> None:
        """Write one rule anew, in its place."""
        self._call("PATCH", f"{ruleset}/rules/{rule_id}", rule)

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        url = f"/zones/{self.id}/rulesets/{path}".rstrip("/")
        try:
            response = self.client.request(method, url, json=body)
        except httpx.TransportError as error:
            raise CloudflareError(0, 0, f"no answer ({type(error).__name__})") from error
        answer: dict[str, Any] = {}
        with contextlib.suppress(ValueError):  # a page of HTML, from something in between
            answer = response.json()
        if response.is_success and answer.get("success"):
            result: dict[str, Any] = answer["result"]
            return result
        errors: list[dict[str, Any]] = answer.get("errors") or [{}]
        first = errors[0]
        denied = response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
        kind = DeniedError if denied else CloudflareError
        raise kind(response.status_code, first.get("code", 0), first.get("message", "no reason"))


def ensure(zone: Zone, phase: str, rule: dict[str, Any], *, dry_run: bool = False) -> str:
    """Have a rule in a phase; return what was done: ``"created"``, ``"updated"`` or ``"kept"``."""
    ruleset = zone.entrypoint(phase)
    if ruleset is None:
        if not dry_run:
            zone.create(phase, rule)
        return "created"
    found = [one for one in ruleset.get("rules", []) if one.get("ref") == rule["ref"]]
    if not found:
        if not dry_run:
            zone.add(ruleset["id"], rule)
        return "created"
    if all(found[0].get(name) == value for name, value in rule.items()):
        return "kept"
    if not dry_run:
        zone.update(ruleset["id"], found[0]["id"], rule)
    return "updated"


def main() -> None:
    """Read the command line, and say what was done."""
    parser = argparse.ArgumentParser(description="Add the rules for streams to a zone.")
    parser.add_argument("zone", help="the zone's id, from its overview page")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--api", default="https://api.cloudflare.com/client/v4")
    options = parser.parse_args()
    token = os.environ.get("CLOUDFLARE_API_TOKEN")
    if not token:
        sys.exit("rules.py: set CLOUDFLARE_API_TOKEN")
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=options.api, headers=headers, timeout=30) as client:
        for phase, rule in RULES.items():
            try:
                done = ensure(Zone(client, options.zone), phase, rule, dry_run=options.dry_run)
            except CloudflareError as error:
                sys.exit(f"rules.py: {phase}: {error}")
            print(f"{phase}: {done}")


if __name__ == "__main__":
    main()
