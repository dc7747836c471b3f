"""Whether a value behind ``password =`` or ``api_key:`` is one, or a word or a placeholder."""

from __future__ import annotations

import math
import re
from collections import Counter

__all__ = ["entropy", "is_key", "is_password", "is_url_with_password"]

_PLACEHOLDER = re.compile(
    r"""(?ix)
      ^(?:your|my|the|some|insert|enter|replace|change)[-_]?(?:own|real|me|it)?[-_.a-z]*$
    | ^(?:x+|\*+|\.+|-+|_+|\#+|\?+)$
    | ^[$%@&\#]?[({<]                    # ${PASSWORD}, {{ password }}, %(pw)s
    | ^\$[a-z_]\w*$                      # $PASSWORD
    | ^%\w+%$                            # %PASSWORD%
    | ^(?:process\.env|os\.environ|os\.getenv|env|environ|config|settings|self|this|args|ctx|vars?)
      [.:]
    | ^(?:none|null|true|false|undefined|required|optional|redacted|hidden|secret|password|string)$
    | example|placeholder|redacted
    """
)
_CLASSES = (
    re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"), re.compile(r"[^A-Za-z0-9]")
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][a-z_]*(?:[._][A-Za-z_]+)*[.:!?]*\Z")  # user_input, form.value, word.


def entropy(text: str) -> float:
    """Return Shannon's entropy of the characters, in bits for each."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values()) if size else 0.0


def is_password(value: str) -> bool:
    """Whether a value was chosen as a password: two kinds of characters, and no placeholder."""
    if _PLACEHOLDER.search(value) or _NAME.match(value):
        return False
    kinds = sum(bool(kind.search(value)) for kind in _CLASSES)
    return kinds > 1 and entropy(value) >= 2.0


def is_key(value: str) -> bool:
    """Whether a value was drawn at random: letters and digits without much order."""
    if _PLACEHOLDER.search(value) or _NAME.match(value):
        return False
    letters, digits = re.search(r"[A-Za-z]", value), re.search(r"[0-9]", value)
    return bool(letters and digits) and entropy(value) >= 3.0


def is_url_with_password(value: str) -> bool:
    """Whether the password in a URL is more than a placeholder."""
    login = value.partition("://")[2].rpartition("@")[0]
    password = login.partition(":")[2]
    return bool(password) and not _PLACEHOLDER.search(password)
