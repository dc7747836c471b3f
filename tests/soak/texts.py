"""Texts to be cut: prose in many scripts, Markdown, code, JSON, and what was made to break things.

Every text follows from a seed and a number, so that one line is enough to see it again.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Mapping
from random import Random

from .values import near_miss, value

__all__ = ["SORTS", "text"]

# ruff: noqa: RUF001  # letters of other scripts look like Latin ones; that is the point

_SCRIPTS: Mapping[str, str] = {
    "latin": "the answer is quite short and says nothing new about streams café naïve Straße phone",
    "cyrillic": "ответ довольно короткий и не говорит ничего нового телефон моя почта доб",
    "greek": "η απάντηση είναι σύντομη και δεν λέει τίποτα νέο τηλέφωνο",
    "arabic": "الجواب قصير جدا ولا يقول شيئا جديدا هاتف ٠١٢٣٤٥٦ بريد،",
    "hebrew": "התשובה קצרה למדי ואינה אומרת דבר חדש טלפון",
    "cjk": "答案很短 没有新内容。 電話番号は 、また「あ」！ 번호는 짧다 データ",
    "thai": "คำตอบสั้นมาก ไม่มีอะไรใหม่ โทรศัพท์ ๑๒๓๔",
    "devanagari": "उत्तर काफ़ी छोटा है और कुछ नया नहीं कहता फ़ोन १२३।",
    "emoji": "😀 👩‍👩‍👧‍👦 🇩🇪 ❤️ 1️⃣ ok 👍🏽 \u200d z\u200bz",
}
_JOINTS = (" ", " ", " ", " ", ", ", ". ", "\n", "; ", " (", ") ", ": ", "—", "\u00a0", "\t", "")
_SOUP = "0123456789 -.()/+@:;,x#~[]<>'\"\t\n\u00a0\u3000\u2009\u200b＋１٣abcfext_%$éıſK،\\|=Aa1 "
_HARD: tuple[Callable[[Random], str], ...] = (
    lambda chance: "a@" * chance.randint(2, 12),
    lambda chance: "a." * chance.randint(2, 20) + chance.choice(("com", "x", "")),
    lambda chance: "." * chance.randint(1, 40),
    lambda chance: "::" * chance.randint(1, 9) + chance.choice(("1", "ffff", "")),
    lambda chance: "".join(chance.choices(string.digits, k=chance.randint(1, 60))),
    lambda chance: "".join(chance.choices("1 -", k=chance.randint(1, 40))),
    lambda chance: "".join(chance.choices("0123456789abcdef:", k=chance.randint(1, 50))),
    lambda chance: "".join(chance.choices(_SOUP, k=chance.randint(1, 40))),
    lambda chance: "http://" + "a/" * chance.randint(1, 30),
    lambda chance: "DE89 " * chance.randint(1, 6),
    lambda chance: chance.choice(("+", "(", "ext", ";ext=", "http:", "@", "-", "x", "/", "，")),
)


def _words(chance: Random, script: str, most: int) -> str:
    words = _SCRIPTS[script].split(" ")
    return " ".join(chance.choice(words) for _ in range(chance.randint(1, most)))


def _prose(chance: Random) -> str:
    script = chance.choice(tuple(_SCRIPTS))
    parts: list[str] = []
    for _ in range(chance.randint(2, 9)):
        parts.append(_words(chance, script if chance.random() < 0.8 else "latin", 8))
        parts.append(chance.choice(_JOINTS))
        if chance.random() < 0.6:
            parts += (value(chance), chance.choice(_JOINTS))
    return "".join(parts)


def _markdown(chance: Random) -> str:
    rows = [
        f"| {_words(chance, 'latin', 2)} | {value(chance)} |",
        f"# {_words(chance, 'latin', 4)}",
        f"- **{value(chance)}**: {_words(chance, 'latin', 6)}",
        f"1. [{_words(chance, 'latin', 2)}]({value(chance)})",
        f"> {_words(chance, 'latin', 9)} `{value(chance)}`",
        f"```\n{_code(chance)}\n```",
    ]
    return "\n".join(chance.choices(rows, k=chance.randint(2, 8)))


def _code(chance: Random) -> str:
    rows = [
        f'client.send(to="{value(chance)}", n={chance.randint(0, 10**9)})',
        f"std::vector<int> v{{{chance.randint(0, 99)}, {chance.randint(0, 99)}}}; // {value(chance)}",
        f"for i in range({chance.randint(0, 9999)}): self.main.rs[i] -= 3 * x.y",
        f"curl -H 'X: {value(chance)}' {value(chance)} | grep -v ::",
        f"{chance.randint(0, 2**64):x} {chance.random()} {chance.randint(0, 10**15)}e-7",
    ]
    return "\n".join(chance.choices(rows, k=chance.randint(1, 6)))


def _json(chance: Random) -> str:
    document = {
        _words(chance, "latin", 1): chance.choice((value(chance), chance.randint(0, 10**16), None)),
        "items": [value(chance) for _ in range(chance.randint(0, 4))],
        "deep": {"text": _prose(chance)[:200], "at": chance.random()},
    }
    return json.dumps(document, ensure_ascii=chance.random() < 0.5, indent=chance.choice((None, 2)))


def _adversarial(chance: Random) -> str:
    made: tuple[Callable[[Random], str], ...] = (
        value,
        near_miss,
        near_miss,
        lambda chance: chance.choice(_HARD)(chance),
        lambda chance: chance.choice(_JOINTS),
    )
    return "".join(chance.choice(made)(chance) for _ in range(chance.randint(2, 14)))


SORTS: Mapping[str, Callable[[Random], str]] = {
    "prose": _prose,
    "markdown": _markdown,
    "code": _code,
    "json": _json,
    "adversarial": _adversarial,
}
"""The sorts of text, by name."""


def text(seed: int, number: int) -> tuple[str, str]:
    """Return the sort and the text of a number: prose and adversarial text twice as often."""
    chance = Random(f"{seed}:{number}")
    sort = chance.choice((*SORTS, "prose", "adversarial"))
    return sort, SORTS[sort](chance)
