"""Credentials in a stream: keys, tokens, private keys, passwords. Needs no library and no network.

:mod:`.rules` is the table of what is looked for; :mod:`.guard` is what a user configures.
"""

from __future__ import annotations

from .guard import SecretScan

__all__ = ["SecretScan"]
