"""What the toxicity guard costs: windows/s, added latency at a realistic rate, and what is lost.

The model has the size of Detoxify's (BERT-base, random weights: none can be downloaded here), so
its speed is real and its verdicts are not. torch has one thread: all figures are for one core. All
variants run in turn on the same sentences, round after round; ratios are medians over the rounds.
The sentences are half answers on everyday subjects (the clean ones of the held-out set) and half
technical prose (this documentation). What the screen loses, and how far bfloat16 agrees, is
measured on the labelled sentences and the trained checkpoints of the tests.

    python -m bench.toxicity [--rounds 3] [--layers 12] [--seconds 15] [--page]

Writes ``bench/results/toxicity.json``, and the page of the documentation that is made from it;
``--page`` makes that page only.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import runpy
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

from bench.toxicity_page import PAGE, RESULTS, page
from streamward.guardrails.toxicity import Batch, Toxicity
from streamward.guardrails.toxicity.checkpoint import Checkpoint
from streamward.guardrails.toxicity.windows import Windows
from streamward.guardrails.toxicity.wording import hostility, suspicion

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests" / "guardrails"
LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
THRESHOLDS = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.1)
STREAMS = 16
SENTENCE_SECONDS = 1.5  # some 25 tokens at 17 tokens/s
TOXIC_SHARE = 0.01  # of the sentences of a model's answers; assumed, and high

VARIANTS: dict[str, dict[str, Any]] = {
    "one by one": {"batch": Batch(max_batch=1, max_wait=0.0)},
    "batched": {},
    "batched, bfloat16": {"precision": "bfloat16"},
    "batched, screen=0.025": {"screen": 0.025},
    "batched, bfloat16, screen=0.02": {"precision": "bfloat16", "screen": 0.02},
}
PACED = ("one by one", "batched", "batched, bfloat16, screen=0.02")


def labelled(name: str) -> list[tuple[str, str, str]]:
    lines = (TESTS / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(label, kind, text) for label, kind, text in rows]


def technical() -> list[str]:
    """Return the sentences of the documentation, without code, tables and titles."""
    found: list[str] = []
    for file in sorted((ROOT / "docs").rglob("*.md")):
        if file == PAGE:
            continue
        prose = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        for block in re.split(r"\n\s*\n", prose):
            if not block.lstrip().startswith(("|", "#", "<", "```")):
                cutter = Windows(400, 80)
                text = " ".join(block.split())
                found += [one.text for one in (*cutter.feed(text), *cutter.finish())]
    return found


def sentences() -> list[str]:
    """Return answers on everyday subjects, and as many technical sentences, shuffled."""
    chance = random.Random(3)
    answers = [text for label, _, text in labelled("toxicity_held_out.tsv") if label == "clean"]
    mixed = answers + chance.sample(technical(), len(answers))
    chance.shuffle(mixed)
    return mixed


def checkpoint(folder: Path, layers: int) -> Path:
    """Write a checkpoint of BERT-base's shape with random weights."""
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")

    words = sorted({word.strip('.,;:()"!?').lower() for word in " ".join(sentences()).split()})
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    known = list(dict.fromkeys([*special, *letters, *(f"##{c}" for c in letters), *words[1:]]))
    known += [f"[unused{n}]" for n in range(30_522 - len(known))]
    (folder / "vocab.txt").write_text("\n".join(known) + "\n")
    settings = {"tokenizer_class": "BertTokenizer", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    config = transformers.BertConfig(num_hidden_layers=layers, num_labels=len(LABELS))
    config.save_pretrained(folder)
    torch.manual_seed(1)
    args = {
        "num_classes": len(LABELS),
        "model_type": "bert-base-uncased",
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
    }
    described = {"arch": {"args": args}, "dataset": {"args": {"classes": LABELS}}}
    model = transformers.BertForSequenceClassification(config)
    path = folder / "base.ckpt"
    torch.save({"config": described, "state_dict": model.state_dict()}, path)
    return path


def streamed(guard: Toxicity, texts: Sequence[str], every: float, begin: float) -> list[float]:
    """Carry sentences through a scanner, one each so many seconds; return how long each waited."""
    scanner = guard.scanner()
    waited: list[float] = []
    for number, text in enumerate(texts):
        due = begin + number * every
        time.sleep(max(0.0, due - time.perf_counter()))
        started = time.perf_counter()
        scanner.feed(f"{text} ")
        # A stream that was late for its sentence has waited for that as well.
        waited.append(time.perf_counter() - (min(started, due) if every else started))
    return waited


def together(guard: Toxicity, texts: Sequence[str], streams: int, every: float) -> list[float]:
    chance, now = random.Random(5), time.perf_counter() + 0.2
    with ThreadPoolExecutor(streams) as pool:
        runs = [
            pool.submit(streamed, guard, texts[at::streams], every, now + chance.random() * every)
            for at in range(streams)
        ]
        return [seconds for run in runs for seconds in run.result()]


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def rates(guards: dict[str, Toxicity], rounds: int) -> dict[str, dict[str, float]]:
    """Run every variant in turn, 16 streams that never pause; return windows/s and the ratio."""
    texts = sentences()
    found: dict[str, list[float]] = {name: [] for name in guards}
    for guard in guards.values():
        guard.find(f"You fool, {texts[0]}")  # warms up; no screen holds that back
    for _ in range(rounds):
        for name, guard in guards.items():
            share = texts[: STREAMS * (6 if "screen" in name else 2)]
            started = time.perf_counter()
            if name == "one by one":
                streamed(guard, share, 0.0, started)
            else:
                together(guard, share, STREAMS, 0.0)
            found[name].append(len(share) / (time.perf_counter() - started))
    first = found["one by one"]
    return {
        name: {
            "windows_per_s": statistics.median(each),
            "ratio": statistics.median(a / b for a, b in zip(each, first, strict=True)),
        }
        for name, each in found.items()
    }


def paced(
    guards: dict[str, Toxicity], saturated: dict[str, dict[str, float]], seconds: float
) -> list[dict[str, Any]]:
    """Return added latency with a sentence per 1.5 s and stream, at half of saturation and near."""
    rows: list[dict[str, Any]] = []
    texts = sentences() * 20
    for name in PACED:
        for load in (0.5, 0.8):
            streams = max(1, int(saturated[name]["windows_per_s"] * load * SENTENCE_SECONDS))
            share = texts[: streams * max(2, round(seconds / SENTENCE_SECONDS))]
            waits = together(guards[name], share, streams, SENTENCE_SECONDS)
            rows.append({
                "variant": name,
                "load": load,
                "streams": streams,
                "sentences": len(waits),
                "p50_ms": quantile(waits, 0.5) * 1e3,
                "p99_ms": quantile(waits, 0.99) * 1e3,
            })  # fmt: skip
    return rows


def screening() -> dict[str, Any]:
    """Return for each threshold what the screen passes on, and what it loses."""
    sets = {name: labelled(f"toxicity_{name}.tsv") for name in ("sentences", "held_out")}
    scored = {
        name: [(label, kind, suspicion(text)) for label, kind, text in rows]
        for name, rows in sets.items()
    }
    plain = [suspicion(text) for text in technical()]

    def passed(name: str, label: str, at: float, kind: str | None = None) -> float:
        return statistics.fmean(
            score >= at for a, b, score in scored[name] if a == label and kind in (None, b)
        )

    def row(at: float) -> dict[str, float]:
        answers = passed("held_out", "clean", at)
        docs = statistics.fmean(score >= at for score in plain)
        found = passed("held_out", "toxic", at)
        clean = (answers + docs) / 2
        return {
            "threshold": at,
            "lost_tuned": 1 - passed("sentences", "toxic", at),
            "lost_held_out": 1 - found,
            "passed_hard": passed("sentences", "clean", at),
            "passed_ordinary": passed("sentences", "clean", at, "ordinary"),
            "passed_answers": answers,
            "passed_technical": docs,
            "passed_mixed": clean * (1 - TOXIC_SHARE) + found * TOXIC_SHARE,
        }

    texts = [text for rows in sets.values() for _, _, text in rows]
    started = time.perf_counter()
    for text in texts:
        suspicion(text)
    took = (time.perf_counter() - started) / len(texts) * 1e6
    kinds = dict.fromkeys(kind for label, kind, _ in sets["held_out"] if label == "toxic")
    return {
        "sentences": {name: len(rows) for name, rows in sets.items()},
        "toxic": {name: sum(a == "toxic" for a, _, _ in rows) for name, rows in sets.items()},
        "technical": len(plain),
        "us_per_sentence": took,
        "curve": [row(at) for at in THRESHOLDS],
        "lost_by_kind_at_0.02": {
            kind: 1 - passed("held_out", "toxic", 0.02, kind) for kind in kinds
        },
        "verdict_at_0.5": {
            name: {
                label: statistics.fmean(hostility(t) >= 0.5 for a, _, t in rows if a == label)
                for label in ("toxic", "clean")
            }
            for name, rows in sets.items()
        },
    }


def agreement() -> dict[str, dict[str, float]]:
    """Return how far bfloat16 agrees with float32 on checkpoints that were trained."""
    small = runpy.run_path(str(TESTS / "toxicity_checkpoint.py"))
    rows: dict[str, dict[str, float]] = {}
    for kind in small["KINDS"]:
        with tempfile.TemporaryDirectory() as folder:
            path = small["trained"](Path(folder), kind=kind)
            made = small["sentences"](9_999, 300, abroad=kind == "multilingual")
            texts = [small["cased"](text) for text, _ in made]
            exact = list(chain.from_iterable(Checkpoint(path, "cpu").scores(texts)))
            rough = list(chain.from_iterable(Checkpoint(path, "cpu", "bfloat16").scores(texts)))
        pairs = list(zip(exact, rough, strict=True))
        rows[kind] = {
            "verdicts": len(pairs),
            "other": sum((a >= 0.5) != (b >= 0.5) for a, b in pairs),
            "largest_difference": max(abs(a - b) for a, b in pairs),
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    if not options.page:
        import_module("torch").set_num_threads(1)
        with tempfile.TemporaryDirectory() as folder:
            open_guard = partial(
                Toxicity,
                checkpoint=checkpoint(Path(folder), options.layers),
                action="flag",
                time_limit=300,
            )
            guards = {name: open_guard(**knobs) for name, knobs in VARIANTS.items()}
            saturated = rates(guards, options.rounds)
            result = {
                "layers": options.layers,
                "rates": saturated,
                "latency": paced(guards, saturated, options.seconds),
                "screen": screening(),
                "agreement": agreement(),
            }
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
