"""The screen without a model: what it finds, what it misses, and that the docs say so."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamward.errors import ConfigurationError
from streamward.guardrails import Finding, Guard
from streamward.guardrails.toxicity import ToxicityScreen
from streamward.guardrails.toxicity.wording import hostility, suspicion
from streamward.middleware.pipeline import Pipeline
from streamward.middleware.policy import Limits
from streamward.wire import PLAIN

HERE = Path(__file__).parent
DOCS = HERE.parent.parent / "docs" / "how-to" / "block-toxic-text.md"


def labelled(name: str = "toxicity_sentences.tsv") -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            label, kind, text = line.split("\t")
            rows.append((label, kind, text))
    return rows


def share(label: str, threshold: float, kind: str | None = None) -> float:
    found = [
        hostility(text) >= threshold
        for one, other, text in labelled()
        if one == label and kind in (None, other)
    ]
    return sum(found) / len(found)


def test_the_set_is_large_and_says_where_it_comes_from() -> None:
    rows = labelled()

    assert len(rows) >= 400
    assert {label for label, _, _ in rows} == {"toxic", "clean"}
    assert len({text for _, _, text in rows}) == len(rows)
    assert "Provenance" in (HERE / "toxicity_sentences.tsv").read_text(encoding="utf-8")


@pytest.mark.parametrize("threshold", [0.05, 0.1, 0.3, 0.5, 0.7])
def test_the_docs_publish_what_is_measured(threshold: float) -> None:
    recall, false = share("toxic", threshold), share("clean", threshold)

    assert f"| {threshold} | {recall:.1%} | {false:.1%} |" in DOCS.read_text()


def test_the_docs_publish_each_kind() -> None:
    text = DOCS.read_text()
    for label, kind in dict.fromkeys((label, kind) for label, kind, _ in labelled()):
        assert f"| {label}: {kind} | {share(label, 0.5, kind):.0%} |" in text


def test_the_docs_publish_what_is_found_in_the_held_out_set() -> None:
    found = {
        label: sum(hostility(text) >= 0.5 for one, _, text in held_out() if one == label)
        for label in ("toxic", "clean")
    }
    text = " ".join(DOCS.read_text().split())

    assert (
        f"of 76 held-out toxic sentences (`toxicity_held_out.tsv`) it finds {found['toxic'] / 76:.1%}"
        in text
    )
    assert f"and {found['clean'] / 151:.1%} of 151 clean ones" in text


def lost(rows: list[tuple[str, str, str]], threshold: float) -> float:
    passed = [suspicion(text) >= threshold for label, _, text in rows if label == "toxic"]
    return passed.count(False) / len(passed)


def held_out() -> list[tuple[str, str, str]]:
    return labelled("toxicity_held_out.tsv")


@pytest.mark.parametrize("threshold", [0.01, 0.015, 0.02, 0.025, 0.03, 0.05])
def test_the_docs_say_what_the_screen_before_a_model_loses(threshold: float) -> None:
    clean = [suspicion(text) >= threshold for label, _, text in held_out() if label == "clean"]
    cells = lost(labelled(), threshold), lost(held_out(), threshold), sum(clean) / len(clean)

    assert f"| {threshold} | {' | '.join(f'{one:.1%}' for one in cells)} |" in DOCS.read_text()


def test_the_screen_that_the_docs_recommend_loses_one_in_twenty_at_most() -> None:
    assert lost(labelled(), 0.02) < 0.05
    assert lost(held_out(), 0.02) < 0.05


def test_the_held_out_set_is_another() -> None:
    assert not {text for _, _, text in labelled()} & {text for _, _, text in held_out()}
    assert len(held_out()) >= 200


def test_the_page_of_measurements_is_made_from_the_results() -> None:
    made = runpy.run_path(str(HERE.parent.parent / "bench" / "toxicity_page.py"))
    result = json.loads(made["RESULTS"].read_text(encoding="utf-8"))

    assert made["PAGE"].read_text(encoding="utf-8") == made["page"](result)
    for row in result["screen"]["curve"]:
        assert row["lost_tuned"] == pytest.approx(lost(labelled(), row["threshold"]))
        assert row["lost_held_out"] == pytest.approx(lost(held_out(), row["threshold"]))


@given(st.sampled_from([text for _, _, text in labelled()]))
def test_what_is_hostile_is_suspicious(text: str) -> None:
    assert suspicion(text) >= hostility(text)


@pytest.mark.parametrize(
    "text", ["All of those people are animals and should be locked up.",
             "They should all be hanged in the street.", "Even your parents wish that too."]
)  # fmt: skip
def test_groups_and_demands_are_suspicious_but_not_hostile(text: str) -> None:
    assert hostility(text) < 0.03 < suspicion(text)


def test_ordinary_sentences_pass() -> None:
    assert share("clean", 0.1, "ordinary") == 0


@pytest.mark.parametrize(
    "text",
    ["You 1diot!", "What a stup1d fool you are", "you s.t.u.p.i.d fool", "You stuuuupid clown",
     "You st\u00fcpid cl\u00f6wn", "you idi\u200bot", "\uff39\uff2f\uff35 \uff21\uff32\uff25 stupid"],
)  # fmt: skip
def test_disguises_are_undone(text: str) -> None:
    assert hostility(text) > 0.5


def test_another_language_is_suspicious_but_not_hostile() -> None:
    german = "Der Zug nach Salzburg verkehrt heute ausnahmsweise von einem anderen Bahnsteig."

    assert hostility(german) < 0.5
    assert suspicion(german) == 1
    assert suspicion("The train leaves from another platform today.") < 0.05


def test_it_is_a_guard_that_does_not_pretend() -> None:
    guard = ToxicityScreen()
    found = guard.find("Hello. You are a stupid idiot! Bye.")

    assert isinstance(guard, Guard)
    assert not guard.blocking
    assert [(one.start, one.end, one.entity) for one in found] == [(7, 30, "HOSTILE_WORDING")]
    assert "not Detoxify" in (ToxicityScreen.__doc__ or "")


def test_in_a_stream() -> None:
    pipeline = Pipeline(PLAIN, headers={}, path="/", guards=[ToxicityScreen()], limits=Limits())
    text = b"Hello there. You are a stupid idiot! Bye now."
    left = b"".join(out for at in range(len(text)) for out in pipeline.feed(text[at : at + 1]))
    left += b"".join(pipeline.finish())

    assert pipeline.failure is None
    assert left == b"Hello there. <HOSTILE_WORDING> Bye now."
    assert pipeline.findings == {"toxicity_screen.HOSTILE_WORDING.edit": 1}


@given(
    st.lists(st.sampled_from([text for _, _, text in labelled()]), max_size=6).map(" ".join),
    st.integers(1, 30),
    st.sampled_from(["redact", "flag"]),
)
def test_stream_equals_whole(text: str, size: int, action: str) -> None:
    guard = ToxicityScreen(action=action, max_hold=64, overlap=20)
    scanner = guard.scanner()
    found: list[Finding] = []
    for at in range(0, len(text), size):
        found += scanner.feed(text[at : at + size])
    found += scanner.finish()

    assert guard.find(text) == found
    assert scanner.decided == len(text)


@pytest.mark.parametrize(
    "settings",
    [{"threshold": 2}, {"threshold": True}, {"max_hold": 3}, {"overlap": 300}, {"overlap": -1},
     {"on_error": "ajar"}, {"action": "explode"}],
)  # fmt: skip
def test_wrong_settings(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        ToxicityScreen(**settings)


def test_fingerprint_tells_settings_apart() -> None:
    made = [ToxicityScreen(), ToxicityScreen(threshold=0.4), ToxicityScreen(action="block")]

    assert len({guard.fingerprint() for guard in made}) == 3
    assert ToxicityScreen().fingerprint() == made[0].fingerprint()


@pytest.mark.parametrize("piece", ["a", ".", "a.", "@", "a ", "\u200b", "f*", "1a", "$!", "you "])
def test_nothing_takes_long(piece: str) -> None:
    """Within the time limit of a test; a pattern that backtracks would take minutes."""
    guard = ToxicityScreen()

    guard.find(piece * 50_000)
