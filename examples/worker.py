"""A worker that reads a model's stream without any web framework, guarded.

Run it: ``python worker.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from streamward import guard_stream
from streamward.guardrails import PII

TOKENS = ("Her ", "mail is ", "ada.sam", "ple@exam", "ple.com", ". Any", "thing else?")


def model() -> Iterator[str]:
    """Speak token by token. In life: an SDK's stream, whose chunks keep their type."""
    yield from TOKENS


def main() -> None:
    for text in guard_stream(model(), guards=[PII()]):
        print(text, end="", flush=True)
    print()


if __name__ == "__main__":
    main()
