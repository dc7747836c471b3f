"""What the tests of official clients share: a guarded server, and a text with secrets in it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from streamward import Policy, Streamward
from streamward.guardrails import PII, Guard

from .servers import running

__all__ = ["CLEAN", "SECRETS", "TEXT", "WORDS", "served"]

SECRETS = ["jane.doe@example.com", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"]
TEXT = f"Write to {SECRETS[0]}, card {SECRETS[1]}, IBAN {SECRETS[2]}. Thank you \u2028 \U0001f600!"
WORDS = (
    "Write to <EMAIL_ADDRESS>, card <CREDIT_CARD>, IBAN <IBAN_CODE>. Thank you \u2028 \U0001f600!"
)
CLEAN = "Streaming answers are pleasant to read when nothing holds them back \u2028 \U0001f600."


@cache
def _pii() -> PII:
    return PII()


@contextmanager
def served(
    app: Any, *, guards: Sequence[Guard] | None = None, policy: Policy | None = None
) -> Generator[str]:
    """Serve an application behind a guard for personal data; yield its URL."""
    guards = [_pii()] if guards is None else guards
    with running(Streamward(app, guards=guards, policy=policy or Policy())) as url:
        yield url
