"""The three architectures of Detoxify's models, each with its own tokenizer, on learnt verdicts."""

from __future__ import annotations

import runpy
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import pytest

from streamward.errors import ConfigurationError
from streamward.guardrails.toxicity import Batch, Toxicity
from streamward.guardrails.toxicity import checkpoint as loading
from streamward.guardrails.toxicity import engine as module

SMALL = runpy.run_path(str(Path(__file__).with_name("toxicity_checkpoint.py")))
KINDS: dict[str, tuple[str, str]] = SMALL["KINDS"]
TEXT = "You are a fool. The weather is fine today. I will kill you! I will kill the process."


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: SMALL["trained"](tmp_path_factory.mktemp(kind), kind=kind) for kind in KINDS}


@pytest.fixture(params=KINDS)
def made(request: pytest.FixtureRequest, checkpoints: dict[str, Path]) -> tuple[str, Path]:
    """The kind of a model, and its checkpoint."""
    return request.param, checkpoints[request.param]


def texts_of(kind: str, seed: int = 9_999) -> list[tuple[str, list[float]]]:
    rows = SMALL["sentences"](seed, 200, abroad=kind == "multilingual")
    return [(SMALL["cased"](text), labels) for text, labels in rows]


def found(guard: Toxicity, text: str) -> set[tuple[str, str]]:
    return {(text[one.start : one.end], one.entity) for one in guard.find(text)}


def test_verdicts_are_learnt(made: tuple[str, Path]) -> None:
    kind, path = made
    guard = Toxicity(checkpoint=path, batch=Batch(max_wait=0.0))

    assert guard.labels == ("toxicity", "threat", "insult")
    assert found(guard, TEXT) == {
        ("You are a fool.", "TOXICITY"),
        ("You are a fool.", "INSULT"),
        ("I will kill you!", "TOXICITY"),
        ("I will kill you!", "THREAT"),
    }
    rows = loading.Checkpoint(path, "cpu").scores([text for text, _ in texts_of(kind)])
    wrong = [
        text
        for (text, labels), row in zip(texts_of(kind), rows, strict=True)
        if [score >= 0.5 for score in row] != [one > 0.5 for one in labels]
    ]
    assert len(wrong) <= 3, wrong
    for text, insult in SMALL["ABROAD"] if kind == "multilingual" else []:
        assert bool(guard.find(f"{SMALL['cased'](text)}.")) == (insult > 0.5), text


def test_scores_are_those_of_detoxify_itself(made: tuple[str, Path], tmp_path: Path) -> None:
    """Detoxify loads its way: unpickled, and with the folder in place of a hub's name."""
    import torch
    from detoxify import Detoxify

    kind, path = made
    state = torch.load(path, weights_only=True)["state_dict"]
    local = SMALL["saved"](tmp_path, state, kind=kind, model_type=str(path.parent))
    theirs = Detoxify(checkpoint=str(local))
    ours = loading.Checkpoint(path, "cpu")
    texts = [text for text, _ in texts_of(kind, 5)]
    predicted = theirs.predict(texts)

    assert list(predicted) == ours.labels
    for one, row in enumerate(ours.scores(texts)):
        assert row == pytest.approx([predicted[label][one] for label in ours.labels], abs=1e-5)


def test_the_longest_window_fits_the_model(made: tuple[str, Path]) -> None:
    """RoBERTa has fewer positions than its configuration says: the first are the padding's."""
    _, path = made
    checkpoint = loading.Checkpoint(path, "cpu")
    tokenizer = checkpoint._detoxify.tokenizer
    text = "Please read the second chapter and the list is sorted " * 9 + ". I will stab you"
    parts = checkpoint._parts(text)

    assert checkpoint._longest == 64
    assert max(len(tokenizer(part)["input_ids"]) for part in parts) <= 64
    each = [max(column) for column in zip(*checkpoint.scores(parts), strict=True)]
    assert checkpoint.scores([text])[0] == pytest.approx(each, abs=1e-4)
    exact = next(
        text
        for length in range(len(text), 0, -1)
        if len(tokenizer(text := text[:length])["input_ids"]) == 64
    )
    assert checkpoint._parts(exact) == [exact]
    assert len(checkpoint.scores([exact])[0]) == 3


def test_bfloat16_agrees(made: tuple[str, Path]) -> None:
    kind, path = made
    texts = [text for text, _ in texts_of(kind)]
    exact = loading.Checkpoint(path, "cpu").scores(texts)
    rough = loading.Checkpoint(path, "cpu", "bfloat16").scores(texts)
    same = [
        [one >= 0.5 for one in left] == [one >= 0.5 for one in right]
        for left, right in zip(exact, rough, strict=True)
    ]

    assert exact != rough
    assert sum(same) >= len(same) - 2
    assert max(abs(a - b) for x, y in zip(exact, rough, strict=True) for a, b in zip(x, y, strict=True)) < 0.1  # fmt: skip


def test_guards_of_another_precision_have_a_model_of_their_own(made: tuple[str, Path]) -> None:
    _, path = made
    exact, rough = Toxicity(checkpoint=path), Toxicity(checkpoint=path, precision="bfloat16")

    assert exact._engine._model is not rough._engine._model
    assert exact.fingerprint() != rough.fingerprint()
    assert found(rough, TEXT) == found(exact, TEXT)


@pytest.mark.parametrize(("there", "device"), [(True, "cuda"), (False, "cpu")])
def test_the_card_is_taken_where_torch_sees_one(
    made: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, there: object, device: str
) -> None:
    """Which device is asked for, no more: no card is needed for this, and none is used."""
    asked: list[tuple[str, str]] = []

    class Recorder:
        def __init__(self, path: Path, device: str, precision: str) -> None:
            self.labels = ["toxicity"]
            asked.append((device, precision))

    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    monkeypatch.setattr(module, "Checkpoint", Recorder)
    monkeypatch.setattr(module, "_models", WeakValueDictionary[Any, Any]())
    module.shared_engine(made[1], Batch(max_batch=77), "bfloat16")

    assert asked == [(device, "bfloat16")]


def test_the_model_runs_without_gradients(made: tuple[str, Path]) -> None:
    import torch

    seen: list[bool] = []
    checkpoint = loading.Checkpoint(made[1], "cpu")
    checkpoint._detoxify.model.register_forward_pre_hook(
        lambda *_: seen.append(torch.is_inference_mode_enabled())
    )
    checkpoint.scores(["You are a fool."])

    assert seen == [True]


FILES = {
    "original": ["vocab.txt"],
    "unbiased": ["vocab.json", "merges.txt"],
    "multilingual": ["tokenizer.json"],
}


def test_a_tokenizer_without_its_files_is_refused(
    made: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers 5 makes one that knows five words, in whose eyes all texts are the same."""
    kind, path = made
    for file in path.parent.iterdir():
        if file.name not in FILES[kind]:
            (tmp_path / file.name).write_bytes(file.read_bytes())

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(ConfigurationError) as raised:
        Toxicity(checkpoint=tmp_path / path.name)
    assert all(name in str(raised.value) for name in [*FILES[kind], "config.json", KINDS[kind][1]])


def test_a_checkpoint_of_an_old_torch_is_read(made: tuple[str, Path], tmp_path: Path) -> None:
    """The first of Detoxify's was written before torch wrote zip files."""
    import torch

    _, path = made
    for file in path.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    loaded = torch.load(path, weights_only=True)
    torch.save(loaded, tmp_path / path.name, _use_new_zipfile_serialization=False)

    assert found(Toxicity(checkpoint=tmp_path / path.name), TEXT)


def refuse(*_: object) -> None:
    raise AssertionError("the network was asked")


def test_no_socket_is_opened(checkpoints: dict[str, Path]) -> None:
    """A process of its own loads and decides; Python tells its audit hook of every socket."""
    paths = [str(path) for path in checkpoints.values()]
    code = f"""
import sys
opened = []
sys.addaudithook(lambda event, _: opened.append(event) if event.startswith("socket.") else None)
from streamward.guardrails.toxicity import Toxicity
for path in {paths!r}:
    print([one.entity for one in Toxicity(checkpoint=path).find("You are a fool.")], opened)
"""
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )

    assert output.stdout.splitlines() == ["['TOXICITY', 'INSULT'] []"] * 3, output.stderr
