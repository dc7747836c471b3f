"""The guard against credentials. The keys here are made up, and cut so that no scanner minds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import ask
from support.scanning import scanned
from support.streams import ScriptedApp, chat

from streamward import Streamward
from streamward.errors import ConfigurationError
from streamward.guardrails import Guard
from streamward.guardrails.secrets import SecretScan
from streamward.guardrails.secrets.rules import ENTITIES

B = "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8bC0eF" * 4
HEX = "0a1b2c3d4e5f67899876f5e4d3c2b1a0" * 3
HEAD, TAIL = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
POSITIVES = [
    ("AWS_ACCESS_KEY", "AKIA" + "Q3EGRTZ5IAB7XWCD"),
    ("GOOGLE_KEY", "AIza" + B[:35]),
    ("GOOGLE_KEY", "GOCSPX-" + B[:28]),
    ("GITHUB_TOKEN", "ghp_" + B[:36]),
    ("GITHUB_TOKEN", "github_pat_" + B[:82]),
    ("GITLAB_TOKEN", "glpat-" + B[:20]),
    ("SLACK_TOKEN", "xoxb-" + "1234567890-1234567890-" + B[:24]),
    ("SLACK_WEBHOOK", "https://hooks.slack.com/services/" + "T0AAAAAAA/B0BBBBBBB/" + B[:24]),
    ("STRIPE_KEY", "sk_live_" + B[:24]),
    ("ANTHROPIC_KEY", "sk-ant-api03-" + B[:93]),
    ("OPENAI_KEY", "sk-proj-" + B[:64]),
    ("OPENAI_KEY", "sk-" + B[:48]),
    ("OPENROUTER_KEY", "sk-or-v1-" + HEX[:64]),
    ("HUGGINGFACE_TOKEN", "hf_" + B[:34]),
    ("GROQ_KEY", "gsk_" + B[:52]),
    ("XAI_KEY", "xai-" + B[:80]),
    ("NPM_TOKEN", "npm_" + B[:36]),
    ("PYPI_TOKEN", "pypi-AgEIcHlwaS5vcmc" + B[:80]),
    ("RUBYGEMS_KEY", "rubygems_" + HEX[:48]),
    ("DOCKER_TOKEN", "dckr_pat_" + B[:27]),
    ("SENDGRID_KEY", "SG." + B[:22] + "." + B[:43]),
    ("MAILGUN_KEY", "key-" + HEX[:32]),
    ("TWILIO_KEY", "SK" + HEX[:32]),
    ("TELEGRAM_TOKEN", "123456789:AA" + B[:33]),
    ("SHOPIFY_TOKEN", "shpat_" + HEX[:32]),
    ("DIGITALOCEAN_TOKEN", "dop_v1_" + HEX[:64]),
    ("DATABRICKS_TOKEN", "dapi" + HEX[:32]),
    ("VAULT_TOKEN", "hvs." + B[:24]),
    ("GRAFANA_TOKEN", "glsa_" + B[:32] + "_" + HEX[:8]),
    ("NEWRELIC_KEY", "NRAK-" + "ABCDEFGH1234567890ABCDEFGH1"),
    ("LINEAR_KEY", "lin_api_" + B[:40]),
    ("NOTION_TOKEN", "ntn_" + B[:46]),
    ("POSTMAN_KEY", "PMAK-" + HEX[:24] + "-" + HEX[:34]),
    ("AGE_KEY", "AGE-SECRET-KEY-1" + "QPZRY9X8GF" * 5 + "QPZRY9X8"),
    ("JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + B[:43]),
    ("JWT", "eyJhbGciOiJkaXIifQ.." + B[:16] + "." + B[:32] + "." + B[:22]),
    ("CONNECTION_STRING", "postgresql+asyncpg://ada:" + "s3cr3t-pw@db.example.org:5432/app"),
    ("CONNECTION_STRING", "redis://:" + "p4ssw0rd@cache:6379/0"),
    ("PRIVATE_KEY", f"{HEAD}\n{B}\n{B}\n{TAIL}"),
    ("PRIVATE_KEY", f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{B}\n-----END PGP PRIVATE KEY BLOCK-----"),
    ("PRIVATE_KEY", f"PuTTY-User-Key-File-2: ssh-rsa\n{B}\nPrivate-MAC: {HEX[:40]}"),
]  # fmt: skip
ASSIGNED = [
    ("PASSWORD", "DB_PASSWORD=", "hunter2!x"),
    ("PASSWORD", "password: '", "Tr0ub4dor&3"),
    ("API_KEY", '"api_key": "', "A8f93kdlQ02mvnZ81xxQ"),
    ("API_KEY", "AWS_SECRET_ACCESS_KEY = ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzZq9"),
]
NEGATIVES = [
    "the task-force will ask; risk-averse sk-learn and a-key-value store",
    "password: required", "PASSWORD=${DB_PASSWORD}", 'password = "your_password"', "pwd=********",
    "token = get_token_from_environment()", "api_key=os.environ['KEY']", "password=user.password",
    "secret: true", "the token count is 4096", "AKIA is a prefix", "ghp_short", "eyJust kidding",
    "https://example.org:8080/path?mail=a@b.org", "postgres://user:<password>@host/db",
    "postgres://localhost/db", "-----BEGIN CERTIFICATE-----", "-----", "- - -", "hf_model",
    "see https://hooks.slack.com/ for more", "max_tokens=1024, next_token: None",
]  # fmt: skip
GUARD = SecretScan()


@pytest.mark.parametrize(("entity", "secret"), POSITIVES)
def test_a_secret_is_found_for_every_cut_and_no_character_leaves_early(entity, secret):
    text = f"It is {secret} you see"
    found = GUARD.find(text)

    assert [(one.entity, text[one.start : one.end]) for one in found] == [(entity, secret)]
    assert scanned(GUARD, *text) == found
    for at in range(len(text)):
        scanner = GUARD.scanner()
        early = scanner.feed(text[:at])
        assert early or scanner.decided <= 6 or at < 6
        assert [*early, *scanner.feed(text[at:]), *scanner.finish()] == found


@pytest.mark.parametrize(("entity", "before", "secret"), ASSIGNED)
def test_what_is_assigned_is_found_without_its_name(entity, before, secret):
    text = f"Set {before}{secret}\n"

    assert [(one.entity, text[one.start : one.end]) for one in scanned(GUARD, *text)] == [
        (entity, secret)
    ]


@pytest.mark.parametrize("text", NEGATIVES)
def test_what_is_no_secret(text):
    assert scanned(GUARD, *text, " and on") == []


def test_every_kind_has_an_example():
    assert {row[0] for row in (*POSITIVES, *ASSIGNED)} == ENTITIES


SNIPPETS = st.sampled_from(
    [secret for _, secret in POSITIVES] + [a + b for _, a, b in ASSIGNED] + NEGATIVES + [HEAD, TAIL]
)


@given(
    st.lists(st.one_of(SNIPPETS, st.text(" \n=:'\"-aeyJsk.@/1", max_size=8)), max_size=5),
    st.lists(st.integers(0, 500), max_size=4),
    st.sampled_from([20, 60, 8192]),
)
def test_the_cuts_do_not_matter(parts, cuts, limit):
    text, guard = "".join(parts), SecretScan(max_hold=limit)
    places = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    whole = scanned(guard, text)

    assert scanned(guard, *(text[a:b] for a, b in pairwise(places))) == whole
    assert scanned(guard, *text) == whole


def test_a_private_key_without_an_end_is_held_to_the_end_of_the_text():
    scanner = GUARD.scanner()
    scanner.feed(f"Here:\n{HEAD}\n")
    for _ in range(20):
        assert scanner.feed(B) == [] and scanner.decided == 6

    (found,) = scanner.finish()
    assert (found.start, found.entity) == (6, "PRIVATE_KEY")


@pytest.mark.parametrize("over", [0, 1])
def test_a_private_key_at_the_limit_and_over_it(over):
    body = "x" * (1000 - len(HEAD) - len(TAIL) + over)
    text = f"{HEAD}{body}{TAIL} after"
    found = scanned(SecretScan(max_hold=1000), *text)

    assert [(one.start, one.end) for one in found] == [(0, 1000), (1000, 1001)][: 1 + over]


def test_a_long_private_key_is_redacted_up_to_its_end():
    text = f"{HEAD}\n{B * 100}\n{TAIL} after"
    found = scanned(SecretScan(max_hold=1000), *text)

    assert all(one.entity == "PRIVATE_KEY" for one in found)
    assert found[0].start == 0 and found[-1].end == len(text) - len(" after")
    assert all(a.end == b.start for a, b in pairwise(found))


def test_a_rejected_value_hides_no_other_secret():
    url = "postgres://ada:s3cr3t-pw@db/app"
    text = f"token_example: {url} password=example_{url}"

    assert [text[one.start : one.end] for one in scanned(GUARD, *text)] == [url, url]


def test_actions_and_entities():
    guard = SecretScan(entities=["JWT", "API_KEY"], actions={"JWT": "block"})

    assert (guard.action("JWT").kind, guard.action("API_KEY").kind) == ("block", "edit")
    assert guard.entities == {"JWT", "API_KEY"}
    assert guard.find("AKIA" + "Q3EGRTZ5IAB7XWCD") == []
    assert isinstance(guard, Guard)
    assert guard.fingerprint() != GUARD.fingerprint() == SecretScan().fingerprint()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"entities": "JWT"}, r"write \['JWT'\]"),
        ({"entities": []}, "finds nothing"),
        ({"entities": ["CARD"]}, "unknown entity 'CARD'"),
        ({"actions": {"CARD": "mask"}}, "unknown entity 'CARD'"),
        ({"max_hold": 0}, "1 or more"),
    ],
)
def test_settings_that_cannot_work(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        SecretScan(**settings)


@pytest.mark.parametrize("piece", ["-----BEGIN ", "eyJ", "password=", "https://", "sk-a:b@"])
def test_hostile_text_is_linear(piece):
    text = piece * (40_000 // len(piece))
    scanner = GUARD.scanner()
    for at in range(0, len(text), 7):
        scanner.feed(text[at : at + 7])
        assert all(len(one._search.text) < 3 * 8192 for one in scanner._scanners)
    scanner.finish()

    assert scanner.decided == len(text)


async def test_through_the_door():
    text = f"Use {POSITIVES[3][1]}. Or\n{POSITIVES[38][1]}\nDone."
    door = Streamward(ScriptedApp(chat(list(text))), guards=[GUARD])

    body = (await ask(door)).body

    assert body.count(b"<GITHUB_TOKEN>") == 1 and body.count(b"<PRIVATE_KEY>") == 1
    assert b'"5"' not in body and b'"B"' not in body
