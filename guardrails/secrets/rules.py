r"""What credentials look like: one row each, in four layers.

A layer is one automaton. Within a layer the leftmost match wins, then the first row; matches of
different layers that overlap are one finding. So a row whose matches may be rejected never hides a
row of another layer.

The shapes are what the vendors document, and what their own secret scanners look for. Lengths are
lower bounds, since vendors lengthen keys: a body goes on for as long as its characters do.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..pattern import PatternRule
from .entropy import is_key, is_password, is_url_with_password

__all__ = ["ENTITIES", "LAYERS"]

# Not inside a longer word: ``task-…`` has no ``sk-…``.
_FREE = r"(?<![A-Za-z0-9_])"
_URL_SAFE = r"[A-Za-z0-9_-]"

_KEYS: Mapping[str, tuple[str, ...]] = {
    "AWS_ACCESS_KEY": (r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",),
    "GOOGLE_KEY": (
        r"AIza[A-Za-z0-9_-]{35,}",
        r"GOCSPX-[A-Za-z0-9_-]{24,}",
        r"ya29\.[A-Za-z0-9_-]{20,}",
    ),
    "GITHUB_TOKEN": (r"gh[opusr]_[A-Za-z0-9]{36,}", r"github_pat_[A-Za-z0-9_]{22,}"),
    "GITLAB_TOKEN": (r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_-]{20,}",),
    "SLACK_TOKEN": (r"xox[abceoprs]-[A-Za-z0-9-]{10,}", r"xapp-[0-9]-[A-Za-z0-9-]{20,}"),
    "STRIPE_KEY": (r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}", r"whsec_[A-Za-z0-9+/=]{24,}"),
    "ANTHROPIC_KEY": (r"sk-ant-[A-Za-z0-9_-]{20,}",),
    "OPENAI_KEY": (r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}", r"sk-[A-Za-z0-9]{32,}"),
    "OPENROUTER_KEY": (r"sk-or-v1-[0-9a-f]{40,}",),
    "HUGGINGFACE_TOKEN": (r"hf_[A-Za-z0-9]{30,}",),
    "GROQ_KEY": (r"gsk_[A-Za-z0-9]{40,}",),
    "XAI_KEY": (r"xai-[A-Za-z0-9]{60,}",),
    "NPM_TOKEN": (r"npm_[A-Za-z0-9]{36,}",),
    "PYPI_TOKEN": (r"pypi-[A-Za-z0-9_-]{50,}",),
    "RUBYGEMS_KEY": (r"rubygems_[0-9a-f]{48}",),
    "DOCKER_TOKEN": (r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}",),
    "SENDGRID_KEY": (r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{32,}",),
    "MAILGUN_KEY": (r"key-[0-9a-f]{32}(?![0-9a-f])",),
    "TWILIO_KEY": (r"SK[0-9a-f]{32}(?![0-9a-f])",),
    "TELEGRAM_TOKEN": (r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}",),
    "SHOPIFY_TOKEN": (r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32,}",),
    "DIGITALOCEAN_TOKEN": (r"do[opr]_v1_[0-9a-f]{64}",),
    "DATABRICKS_TOKEN": (r"dapi[0-9a-f]{32}(?:-[0-9])?",),
    "VAULT_TOKEN": (r"hv[sbr]\.[A-Za-z0-9_-]{24,}",),
    "GRAFANA_TOKEN": (r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}", r"glc_[A-Za-z0-9+/]{32,}={0,2}"),
    "NEWRELIC_KEY": (r"NRAK-[A-Z0-9]{27}",),
    "LINEAR_KEY": (r"lin_api_[A-Za-z0-9]{40,}",),
    "NOTION_TOKEN": (r"ntn_[A-Za-z0-9]{40,}",),
    "POSTMAN_KEY": (r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",),
    "AGE_KEY": (r"AGE-SECRET-KEY-1[0-9A-Z]{58}",),
    "JWT": (
        # signed; or encrypted, in five parts of which the second may be empty
        rf"eyJ{_URL_SAFE}{{10,}}\.{_URL_SAFE}{{2,}}\.{_URL_SAFE}*(?:\.{_URL_SAFE}+){{0,2}}",
        rf"eyJ{_URL_SAFE}{{10,}}\.(?:\.{_URL_SAFE}{{8,}}){{3}}",
    ),
}

_SCHEMES = (
    r"postgres(?:ql)?|mysql|mariadb|mongodb|mssql|sqlserver|oracle|clickhouse|cockroachdb|snowflake"
    r"|rediss?|amqps?|nats|kafka|s?ftp|smtps?|ldaps?|ssh|https?|wss?"
)
_URLS: tuple[PatternRule, ...] = (
    PatternRule(
        r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}", "SLACK_WEBHOOK"
    ),
    PatternRule(
        rf"(?i)(?<![a-z0-9])(?:{_SCHEMES})(?:\+[a-z0-9]{{1,16}})?://"
        r"[^\s:/@?#\"'<>`]{0,128}:[^\s/@\"'<>`]{1,512}@[^\s\"'<>`]+",
        "CONNECTION_STRING",
        validate=is_url_with_password,
    ),
)

_ASSIGNED = r"[\"']?[ \t]{0,8}(?::=|=>|[:=])[ \t]{0,8}[\"'`]?"
_VALUE = r"[^\s\"'`,;<>(){}\[\]]"
_ASSIGNMENTS: tuple[PatternRule, ...] = (
    PatternRule(
        rf"(?i)(?:password|passwd|passphrase|pwd){_ASSIGNED}({_VALUE}{{6,}})",
        "PASSWORD",
        group=1,
        validate=is_password,
        score=0.8,
    ),
    PatternRule(
        r"(?i)(?:api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|auth[_-]?key"
        rf"|secret(?:[_-]?(?:access)?[_-]?key)?|token|credential){_ASSIGNED}({_VALUE}{{16,}})",
        "API_KEY",
        group=1,
        validate=is_key,
        score=0.7,
    ),
)

_PEM_KIND = r"(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
_BLOCKS: tuple[PatternRule, ...] = (
    # From its first line on a key is certain; without an end it goes to the end of the text.
    PatternRule(rf"-----BEGIN {_PEM_KIND}(?s:.)*?(?:-----END {_PEM_KIND}|\Z)", "PRIVATE_KEY"),
    PatternRule(
        r"PuTTY-User-Key-File-[0-9]:(?s:.)*?(?:Private-MAC: [0-9a-f]{40,}|\Z)", "PRIVATE_KEY"
    ),
)

LAYERS: tuple[tuple[PatternRule, ...], ...] = (
    tuple(PatternRule(_FREE + regex, entity) for entity, rows in _KEYS.items() for regex in rows),
    _URLS,
    _ASSIGNMENTS,
    _BLOCKS,
)
"""The rows by layer."""

ENTITIES = frozenset(rule.entity for layer in LAYERS for rule in layer)
"""Every kind of credential that there is a row for."""
