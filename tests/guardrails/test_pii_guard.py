"""What a user configures."""

from __future__ import annotations

import builtins
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from streamward.errors import ConfigurationError, MissingExtraError
from streamward.guardrails import Block, Flag, Guard, Hash, Hold, Mask, Redact, Replace
from streamward.guardrails.pii import PII

KEY = b"0123456789abcdef"


def test_is_a_guard() -> None:
    guard: Guard = PII()

    assert isinstance(guard, Guard)
    assert (guard.name, guard.hold, guard.blocking) == ("pii", Hold(0), False)
    assert guard.on_error == "closed"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"entities": ["EMAIL"]}, "EMAIL_ADDRESS"),
        ({"entities": "EMAIL_ADDRESS"}, r"write \['EMAIL_ADDRESS'\]"),
        ({"entities": []}, "name one"),
        ({"entities": ["PERSON"]}, "model='en_core_web_sm'"),
        ({"actions": {"EMAIL": "mask"}}, "EMAIL_ADDRESS"),
        ({"actions": {"EMAIL_ADDRESS": "blur"}}, "block, flag, mask, redact"),
        ({"action": "hash"}, r"Hash\(key\)"),
        ({"hold": -1}, "0 or more"),
        ({"hold": True}, "0 or more"),
        ({"max_hold": 5}, "128 or more"),
        ({"threshold": 1.5}, "from 0 to 1"),
        ({"threshold": float("nan")}, "from 0 to 1"),
        ({"threshold": {"URLS": 0.5}}, "URL"),
        ({"threshold": {"URL": -1}}, "from 0 to 1"),
        ({"on_error": "ignore"}, "'closed' or 'open'"),
        ({"model": "en_no_such_model"}, "python -m spacy download en_no_such_model"),
        ({"language": "tlh"}, "a code such as 'en'"),
    ],
)
def test_wrong_settings_say_what_to_write(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        PII(**settings)


def test_missing_presidio_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("presidio"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.startswith("streamward.guardrails.pii.")]:
        if not name.endswith(".guard"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(MissingExtraError, match=r"PII\(\) needs the extra 'pii'") as error:
        PII()
    assert error.value.extra == "pii"


def test_importing_needs_no_extra() -> None:
    program = (
        "import sys; from streamward.guardrails.pii import PII;"
        "print([m for m in ('presidio_analyzer', 'spacy', 'regex', 'phonenumbers') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even for the public suffix list, which tldextract fetches unless told not to."""
    program = (
        "import socket\n"
        "def refuse(*args, **kwargs): raise SystemExit('network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from streamward.guardrails.pii import PII\n"
        "print([f.entity for f in PII().find('mail ada@example.co.uk or http://x.org')])\n"
    )
    # A home of its own: no suffix list that an earlier run has left in the cache.
    environment = {**os.environ, "HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "['EMAIL_ADDRESS', 'URL']"
    assert done.stderr == ""

    monkeypatch.setattr(socket, "getaddrinfo", None)
    assert [one.entity for one in PII().find("ada@example.com")] == ["EMAIL_ADDRESS"]


def test_actions_by_entity() -> None:
    guard = PII(
        action="mask",
        actions={"CREDIT_CARD": "block", "EMAIL_ADDRESS": Hash(KEY), "URL": "flag"},
    )

    assert Block() == guard.action("CREDIT_CARD")
    assert Hash(KEY) == guard.action("EMAIL_ADDRESS")
    assert Flag() == guard.action("URL")
    assert Mask() == guard.action("PHONE_NUMBER")


@pytest.mark.parametrize(
    ("settings", "action"),
    [
        ({}, Redact()),
        ({"action": Mask(keep_last=4)}, Redact()),
        ({"action": "flag"}, Flag()),
        ({"action": "flag", "actions": {"CREDIT_CARD": "redact"}}, Redact()),
        ({"action": "block"}, Block()),
        ({"actions": {"UNDECIDED": Replace("[…]")}}, Replace("[…]")),
    ],
)
def test_what_nobody_looked_at_does_not_leave(settings: dict[str, Any], action: object) -> None:
    assert action == PII(**settings).action("UNDECIDED")


def test_only_the_named_entities() -> None:
    guard = PII(entities=["EMAIL_ADDRESS"])

    found = guard.find("212-555-0123 ada@example.com http://x.org")
    assert [one.entity for one in found] == ["EMAIL_ADDRESS"]


@pytest.mark.parametrize(
    ("threshold", "entities"),
    [(0.6, ["URL"]), (0.5, ["URL", "URL"]), ({"URL": 1.0}, ["PHONE_NUMBER"]), (1, [])],
)
def test_threshold(threshold: Any, entities: list[str]) -> None:
    found = PII(threshold=threshold).find("at 212-555-0123, main.rs, https://x.org")

    assert entities == [one.entity for one in found]


@pytest.mark.parametrize(
    "settings",
    [
        {"entities": ["EMAIL_ADDRESS"]},
        {"threshold": 0.5},
        {"action": "mask"},
        {"actions": {"URL": "flag"}},
        {"actions": {"UNDECIDED": "flag"}},
        {"max_hold": 2048},
    ],
)
def test_fingerprint_changes_with_the_verdict(settings: dict[str, Any]) -> None:
    assert PII().fingerprint() == PII().fingerprint()
    assert PII(**settings).fingerprint() != PII().fingerprint()


def test_fingerprint_tells_no_secret() -> None:
    fingerprint = PII(action=Hash(KEY)).fingerprint()

    assert KEY.decode() not in fingerprint
    assert fingerprint != PII(action=Hash(KEY[::-1])).fingerprint()
