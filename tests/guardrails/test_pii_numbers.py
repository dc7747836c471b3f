"""Long rows of ordinary numbers are decided, and as Presidio decides them; so is code."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from streamward.guardrails import Finding
from streamward.guardrails.pii import PII
from streamward.guardrails.pii.rows import Rows

from .test_pii_stream import EXAMPLES, PROSE, cuts, expected, guard, streamed

PI = (
    "3141592653589793238462643383279502884197169399375105820974944592307816406286208998628034825342"
    "1170679821480865132823066470938446095505822317253594081284811174502841027019385211055596446229"
    "4895493038196442881097566593344612847564823378678316527120190914564856692346034861045432664821"
)
CHANCE = random.Random(11)


def numbers(count: int, below: int) -> list[str]:
    return [str(CHANCE.randrange(below)) for _ in range(count)]


ROWS: dict[str, str] = {
    "quantities": " ".join(numbers(250, 100)),
    "counted": " ".join(map(str, range(1, 240))),
    "table": "  ".join(numbers(140, 10_000)),
    "tabs": "\t".join(numbers(140, 10_000)),
    "measured": " ".join(f"{CHANCE.random():.3f}" for _ in range(150)),
    "array": "[" + " ".join(f"{CHANCE.gauss(0, 1):.4f}" for _ in range(100)) + "]",
    "nested": "[[1 2 3] [4 5 6] [7 8 9]] " * 35,
    "points": " ".join(f"({x}, {y})" for x, y in zip(range(90), range(9, 99), strict=True)),
    "pi": "3." + PI[1:],
    "pi in fives": " ".join(PI[at : at + 5] for at in range(0, 280, 5)),
    "csv": ",".join(numbers(160, 1_000_000)),
    "csv with spaces": ", ".join(numbers(130, 100_000)),
    "years": " ".join(numbers(90, 300)).replace(" ", " 1"),
    "sums": " - ".join(numbers(120, 10_000)),
    "fractions": " / ".join(numbers(120, 10_000)),
    "path": "/".join(numbers(180, 10_000)),
    "times": " ".join(f"2024-05-{day:02d} 12:{day:02d}:07.{day * 31:03d}" for day in range(1, 29)),
    "days": " ".join(f"{day}.{day % 12 + 1}.{1990 + day}" for day in range(1, 29)),
    "milliseconds": " ".join(f"17000000{day:05d}" for day in range(10_000, 10_060)),
    "bytes": " ".join(f"{one:02x}" for one in range(256)),
    "ranges": " ".join(f"{first}-{first + 5}" for first in range(100, 900, 7)),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_of_numbers_is_decided(row: str) -> None:
    whole = guard(0.4).find(row)

    assert "UNDECIDED" not in {one.entity for one in whole}
    assert expected(row, 0.4) == whole
    assert whole == streamed(guard(0.4), row, cuts(row, 5))


@pytest.mark.parametrize("name", ["quantities", "counted", "table", "measured"])
def test_a_row_longer_than_the_limit_is_decided(name: str) -> None:
    guard = PII(threshold=0.4, max_hold=512)
    row = " ".join([ROWS[name]] * 3)
    whole = guard.find(row)

    assert "UNDECIDED" not in {one.entity for one in whole}
    assert expected(row, 0.4) == whole
    assert whole == streamed(guard, row, cuts(row, 5))


def test_a_row_is_cut_where_no_match_reaches_over() -> None:
    """At the end of 21 groups, and not within a card number that stands there."""
    rows: Rows = guard()._engine.rows  # of PII, not of the protocol
    groups = ["7"] * 63

    assert rows.end(" ".join(groups[:60])[:110]) == 41
    groups[20:24] = ["4111", "1111", "1111", "1111"]
    assert rows.end(" ".join(groups[:60])[:125]) == 0


GLUE = (
    *"()[]\"'`:=,;{}<>|*_/.-+ \t#%x1aZ5",
    "](", '="', "='", '("', "')", '"),', "))", "((", "[[", "]]", "[(", "x(", "ax)", "1x(", "A-Z]]12",
    "license A-Z]", "(x", "(1", "[0]", "():", "https://", "www.", ".com", ".run(", "client.get(",
    "@b.co", "+1", "ext", " ext. 5", "max(", "::", "T06:07", "phone ", "website ", '"""', "''",
    '"a.com', '"https://a.com/b', 'a.com"', "'a.com\"", "email(", "\\", "/a/b?c=d[1]", "{a}", "”",
)  # fmt: skip


def code(chance: random.Random) -> str:
    kinds: Sequence[Callable[[], str]] = (
        lambda: chance.choice(GLUE),
        lambda: chance.choice(GLUE),
        lambda: chance.choice(chance.choice([*EXAMPLES.values()])),
        lambda: str(chance.randrange(10 ** chance.randint(1, 16))),
        lambda: chance.choice(PROSE)[: chance.randint(3, 60)],
    )
    return "".join(chance.choice(kinds)() for _ in range(chance.randint(2, 9)))


@pytest.mark.parametrize("seed", range(6))
def test_code_equals_presidio(seed: int) -> None:
    """Brackets and quotes end a segment: wherever they stand, the findings are the same."""
    chance = random.Random(seed)
    for _ in range(150):
        text = code(chance)
        everything = expected(text, 0.0)
        assert everything == guard(0.0).find(text), text
        assert everything == streamed(guard(0.0), text, cuts(text, seed)), text


def lateness(text: str) -> list[int]:
    """Return how many tokens of four characters come behind each finding before it leaves."""
    scanner = PII().scanner()
    late: list[int] = []
    for end in range(4, len(text) + 4, 4):
        found: Sequence[Finding] = scanner.feed(text[end - 4 : end])
        late += [(end - one.end) // 4 for one in found]
    return late


@pytest.mark.parametrize(
    "text",
    [
        'send(to="jane@example.com", retries=3)\n',
        "reader = connect('https://example.com/a?b=c')[0]\n",
        '{"card": "4111 1111 1111 1111", "ip": "10.0.0.1", "url": "https://example.com/a/b?x=1"}\n',
        "| 10.0.0.1 | jane@example.com | +1 212 555 0142 |\n",
        "- **Email:** `jane@example.com` (see [site](https://example.com/b))\n",
        "The website is asyncio.run(answers(f'{url}/{name}')) as you see\n",
        "Call (212) 555-0123 or 212-555-0143 today; the number is 856-45-6789, she said.\n",
    ],
)
@pytest.mark.parametrize("shift", range(4))
def test_a_finding_leaves_two_tokens_after_its_end(text: str, shift: int) -> None:
    late = lateness("x" * shift + " " + text)

    assert late
    assert max(late) <= 2
