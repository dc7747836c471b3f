"""Toxicity on a small checkpoint in Detoxify's format that is trained here: learnt verdicts."""

from __future__ import annotations

import asyncio
import random
import runpy
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamward.errors import ConfigurationError, GuardFailedError, MissingExtraError
from streamward.guardrails import Finding, Guard
from streamward.guardrails.toxicity import Batch, Toxicity
from streamward.guardrails.toxicity import checkpoint as loading
from streamward.middleware.pipeline import Pipeline
from streamward.middleware.policy import Limits
from streamward.wire import PLAIN

SMALL = runpy.run_path(str(Path(__file__).with_name("toxicity_checkpoint.py")))
TEXT = "You are a fool. The weather is fine today. I will kill you! I will kill the process."


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = SMALL["trained"](tmp_path_factory.mktemp("toxicity"))
    return path


@pytest.fixture(scope="module")
def guard(small: Path) -> Toxicity:
    return Toxicity(checkpoint=small, batch=Batch(max_wait=0.0))


def found(guard: Toxicity, text: str) -> set[tuple[str, str]]:
    return {(text[one.start : one.end], one.entity) for one in guard.find(text)}


# Verdicts


def test_it_is_a_guard(guard: Toxicity) -> None:
    assert isinstance(guard, Guard)
    assert guard.blocking
    assert guard.labels == ("toxicity", "threat", "insult")


def test_verdicts_are_learnt_and_span_the_sentence(guard: Toxicity) -> None:
    assert found(guard, TEXT) == {
        ("You are a fool.", "TOXICITY"),
        ("You are a fool.", "INSULT"),
        ("I will kill you!", "TOXICITY"),
        ("I will kill you!", "THREAT"),
    }


def test_verdicts_hold_for_sentences_that_were_not_trained_on(guard: Toxicity) -> None:
    made = [(text, labels) for text, labels in SMALL["sentences"](9_999, 200) if text[-1] in ".!?"]
    hits = {one.start for one in guard.find(" ".join(text for text, _ in made))}
    right = at = 0
    for text, labels in made:
        right += (at in hits) == (labels[0] > 0.5)
        at += len(text) + 1

    assert right >= len(made) - 3


def test_half_a_surrogate_pair_harms_no_text_that_is_scored_with_it(small: Path) -> None:
    model = loading.Checkpoint(small, "cpu")

    half, whole = model.scores(["You are a fool. \ud83d", "You are a fool."])

    assert whole == pytest.approx(model.scores(["You are a fool."])[0], abs=1e-4)
    assert half[0] > 0.5


def test_scores_are_those_of_detoxify(guard: Toxicity, small: Path) -> None:
    checkpoint = loading.Checkpoint(small, "cpu")
    predicted = checkpoint._detoxify.predict("You are a fool.")

    scores = [one.score for one in guard.find("You are a fool.")]
    assert scores == pytest.approx([predicted["toxicity"], predicted["insult"]], abs=1e-5)


def test_labels_and_thresholds(small: Path) -> None:
    assert found(Toxicity(checkpoint=small, labels=["threat"]), TEXT) == {
        ("I will kill you!", "THREAT")
    }
    strict = Toxicity(checkpoint=small, threshold={"toxicity": 1.0, "threat": 1.0})
    assert found(strict, TEXT) == {("You are a fool.", "INSULT")}
    assert found(Toxicity(checkpoint=small, threshold=1), TEXT) == set()


def test_a_window_over_the_limit_of_the_model_is_looked_at_in_full(small: Path) -> None:
    """Detoxify itself cuts off what is too long, without a word."""
    checkpoint = loading.Checkpoint(small, "cpu")
    text = "please read the second chapter and the list is sorted " * 6 + ". i will stab you"
    parts = checkpoint._parts(text)

    assert len(parts) > 1
    assert all(len(checkpoint._detoxify.tokenizer(part)["input_ids"]) <= 64 for part in parts)
    assert all(text[at : at + 30] in "|".join(parts) for at in range(len(text) - 30))
    each = checkpoint.scores(parts)
    expected = [max(column) for column in zip(*each, strict=True)]
    assert checkpoint.scores([text])[0] == pytest.approx(expected, abs=1e-4)


PIECES = ("You are a fool", "i will kill you", "the train leaves at noon", ". ", "! ", "\n", " ", "?",
          "i will kill the job", "they are a pig", ", ", "word " * 20)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), st.integers(0, 9_999))
def test_stream_equals_whole(guard: Toxicity, text: str, seed: int) -> None:
    whole = guard.find(text)
    chance = random.Random(seed)
    scanner = guard.scanner()
    streamed: list[Finding] = []
    at = 0
    while at < len(text):
        size = chance.randint(1, 12)
        before = scanner.decided
        new = scanner.feed(text[at : at + size])
        at += size
        assert all(before <= one.start and one.end <= scanner.decided for one in new)
        streamed += new
    streamed += scanner.finish()

    def shape(all_of: list[Finding]) -> list[tuple[int, int, str]]:
        return [(one.start, one.end, one.entity) for one in all_of]

    assert shape(whole) == shape(streamed)
    # Padding moves a score in its sixth digit.
    assert [one.score for one in whole] == pytest.approx([one.score for one in streamed], abs=1e-4)


# Streams


def carried(guard: Guard, text: str = TEXT) -> tuple[Pipeline, bytes]:
    pipeline = Pipeline(PLAIN, headers={}, path="/", guards=[guard], limits=Limits())
    data = text.encode()
    left = [out for at in range(0, len(data), 3) for out in pipeline.feed(data[at : at + 3])]
    return pipeline, b"".join([*left, *pipeline.finish()])


def test_actions_by_label(small: Path) -> None:
    actions: Any = {"threat": "block", "toxicity": "flag"}
    pipeline, left = carried(Toxicity(checkpoint=small, actions=actions))

    assert left == b"<INSULT> The weather is fine today. "
    assert pipeline.findings["toxicity.THREAT.block"] == 1
    assert pipeline.findings["toxicity.TOXICITY.flag"] == 2


def test_streams_at_the_same_time_share_model_calls(small: Path) -> None:
    guard = Toxicity(checkpoint=small, batch=Batch(max_batch=8, max_wait=30.0))
    before = guard.stats
    ready = threading.Barrier(8)

    def stream(number: int) -> set[tuple[str, str]]:
        scanner = guard.scanner()
        text = "You are a pig. " if number % 2 else "The train leaves at noon. "
        ready.wait(30)
        return {(text[one.start : one.end], one.entity) for one in scanner.feed(text)}

    async def streams() -> list[set[tuple[str, str]]]:
        from concurrent.futures import ThreadPoolExecutor

        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(8) as pool:
            return await asyncio.gather(*(loop.run_in_executor(pool, stream, n) for n in range(8)))

    results = asyncio.run(streams())

    insult = {("You are a pig.", "TOXICITY"), ("You are a pig.", "INSULT")}
    assert results == [set(), insult] * 4
    assert guard.stats.windows - before.windows == 8
    assert guard.stats.calls - before.calls == 1


def test_guards_of_one_checkpoint_share_the_model(small: Path) -> None:
    one, two = Toxicity(checkpoint=small), Toxicity(checkpoint=str(small), labels=["insult"])
    other = Toxicity(checkpoint=small, batch=Batch(max_batch=2))

    assert one._engine is two._engine
    assert one._engine is not other._engine
    assert one._engine._model is other._engine._model


def test_the_screen_spares_the_model(small: Path) -> None:
    guard = Toxicity(checkpoint=small, screen=0.05, batch=Batch(max_batch=3, max_wait=0.0))
    asked = found(guard, TEXT)

    assert ("You are a fool.", "INSULT") in asked
    assert ("I will kill you!", "THREAT") in asked
    assert guard.stats.windows < 4


# Failure


class Silent:
    """A model that answers when the test is over."""

    def __init__(self, inner: Any) -> None:
        self.labels = inner.labels
        self.over = threading.Event()

    def scores(self, texts: list[str]) -> list[list[float]]:
        self.over.wait(60)
        return [[0.0] * len(self.labels) for _ in texts]


class Nonsense(Silent):
    def scores(self, texts: list[str]) -> list[list[float]]:
        raise ValueError("not a score")


@pytest.fixture
def failing(small: Path) -> Any:
    made: list[Silent] = []

    def make(kind: type[Silent], **options: Any) -> Toxicity:
        batch = Batch(max_batch=100 + len(made), max_wait=0.0)  # an engine of its own
        guard = Toxicity(checkpoint=small, time_limit=0.05, batch=batch, **options)
        guard._engine._model = kind(guard._engine._model)
        made.append(guard._engine._model)
        return guard

    yield make
    for model in made:
        model.over.set()


@pytest.mark.parametrize("kind", [Silent, Nonsense])
def test_a_guard_that_fails_closed_ends_the_stream(failing: Any, kind: type[Silent]) -> None:
    pipeline, left = carried(failing(kind))

    assert isinstance(pipeline.failure, GuardFailedError)
    assert left == b""


@pytest.mark.parametrize("kind", [Silent, Nonsense])
def test_a_guard_that_fails_open_lets_go(failing: Any, kind: type[Silent]) -> None:
    pipeline, left = carried(failing(kind, on_error="open"))

    assert pipeline.failure is None
    assert left == TEXT.encode()


# Construction


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ({"checkpoint": None, "model": "huge"}, "original, unbiased, multilingual"),
        ({"model": "original"}, "one of them"),
        ({"checkpoint": "/nowhere/x.ckpt"}, "config.json"),
        ({"labels": ["rude"]}, "toxicity, threat, insult"),
        ({"labels": "threat"}, r"\['threat'\]"),
        ({"labels": []}, "leave it out"),
        ({"threshold": 1.5}, "0 to 1"),
        ({"threshold": {"rude": 0.5}}, "toxicity, threat, insult"),
        ({"actions": {"rude": "mask"}}, "toxicity, threat, insult"),
        ({"max_hold": 10}, "64 or more"),
        ({"overlap": 399}, "0 to 200"),
        ({"screen": -1}, "0 to 1"),
        ({"time_limit": 0}, "more than 0"),
        ({"on_error": "ajar"}, "'closed' or 'open'"),
        ({"precision": "int8"}, "'float32' or 'bfloat16'"),
    ],
)
def test_wrong_settings_say_what_to_write(small: Path, setting: dict[str, Any], hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint):
        Toxicity(**{"checkpoint": small, **setting})


@pytest.mark.parametrize("model", ["original", "unbiased", "multilingual"])
def test_missing_weights_say_what_to_download_and_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small: Path, model: Any
) -> None:
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))

    with pytest.raises(ConfigurationError, match=r"download https://\S+\.ckpt to ") as raised:
        Toxicity(model=model)
    assert str(tmp_path / "checkpoints") in str(raised.value)


def test_a_named_model_is_found_where_detoxify_puts_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small: Path
) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for file in small.parent.iterdir():
        name = "toxic_original-c1212f89.ckpt" if file == small else file.name
        (folder / name).write_bytes(file.read_bytes())
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))

    assert found(Toxicity(), "You are a fool.") != set()


def broken(folder: Path, small: Path, what: str) -> Path:
    import torch

    loaded = torch.load(small, weights_only=True)
    for file in small.parent.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    path = folder / small.name
    if what == "no weights":
        del loaded["state_dict"]
    elif what == "no classes":
        del loaded["config"]["dataset"]
    elif what == "part":
        del loaded["state_dict"]["classifier.weight"]
    elif what == "shape":
        loaded["state_dict"]["classifier.weight"] = torch.zeros(9, 9)
    elif what == "class":
        loaded["config"]["arch"]["args"]["model_name"] = "pipeline"
    elif what == "alone":
        (folder / "config.json").unlink()
    if what == "code":
        torch.save({"config": loaded["config"], "state_dict": small}, path)  # a pickled Path
    elif what == "junk":
        path.write_bytes(b"no checkpoint")
    else:
        torch.save(loaded, path)
    return path


@pytest.mark.parametrize(
    ("what", "hint"),
    [
        ("no weights", "state_dict"),
        ("no classes", "which model and classes"),
        ("part", "no weights for classifier.weight"),
        ("shape", "do not fit"),
        ("class", "no classifier"),
        ("code", "not unpickled"),
        ("junk", "not unpickled"),
        ("alone", "huggingface.co"),
    ],
)
def test_what_is_no_checkpoint_is_refused(
    tmp_path: Path, small: Path, what: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(ConfigurationError, match=hint):
        Toxicity(checkpoint=broken(tmp_path, small, what))


def test_missing_libraries_name_the_extra(monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    monkeypatch.setitem(sys.modules, "detoxify", None)

    with pytest.raises(MissingExtraError, match=r"streamward\[toxicity\]"):
        Toxicity(checkpoint=small)


def refuse(*_: object) -> None:
    raise AssertionError("the network was asked")


def test_importing_needs_no_torch() -> None:
    code = "import sys, streamward.guardrails.toxicity as t; t.ToxicityScreen().find('You fool.');"
    code += "print([m for m in ('torch', 'transformers', 'detoxify', 'numpy') if m in sys.modules])"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert output.stdout.strip() == "[]"


def test_fingerprint_tells_weights_and_settings_apart(small: Path, tmp_path: Path) -> None:
    import torch

    state = torch.load(small, weights_only=True)["state_dict"]
    for file in small.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    other = SMALL["saved"](tmp_path, {key: value * 1.5 for key, value in state.items()})
    options: list[dict[str, Any]] = [
        {}, {"threshold": 0.4}, {"labels": ["threat"]}, {"action": "block"}, {"screen": 0.1},
        {"max_hold": 200}, {"actions": {"threat": "flag"}}, {"checkpoint": other},
    ]  # fmt: skip
    made = [Toxicity(**{"checkpoint": small, **option}).fingerprint() for option in options]

    assert len(set(made)) == len(made)
    assert made[0] == Toxicity(checkpoint=small, time_limit=3).fingerprint()
