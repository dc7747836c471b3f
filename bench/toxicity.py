"""What the toxicity guards cost: windows/s one by one, batched and screened, and added latency.

The model has the size of Detoxify's (BERT-base, random weights: none can be downloaded here), so
its speed is real and its verdicts are not. All variants run in turn on the same sentences, round
after round; the ratios are the medians over the rounds. The screen is measured on the labelled
sentences of the tests as well.

    python -m bench.toxicity [--rounds 3] [--layers 12] [--streams 16] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.texts import prose
from streamward.guardrails.toxicity import Batch, Toxicity
from streamward.guardrails.toxicity.windows import Windows
from streamward.guardrails.toxicity.wording import hostility, suspicion

SENTENCES = Path(__file__).parent.parent / "tests" / "guardrails" / "toxicity_sentences.tsv"
LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
SCREEN = 0.05
PER_STREAM = 4


def checkpoint(folder: Path, layers: int) -> Path:
    """Write a checkpoint of BERT-base's shape with random weights."""
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")

    words = sorted({word.strip('.,;:()"!?').lower() for word in prose(400).split()} - {""})
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = list(dict.fromkeys([*special, *letters, *(f"##{c}" for c in letters), *words]))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
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


def sentences(count: int) -> list[str]:
    cutter = Windows(400, 80)
    return [one.text for one in [*cutter.feed(prose(2 * count)), *cutter.finish()]][:count]


def streamed(guard: Toxicity, texts: list[str]) -> list[float]:
    """Carry sentences through one scanner; return how long each waited, in seconds."""
    scanner = guard.scanner()
    waited: list[float] = []
    for text in texts:
        started = time.perf_counter()
        scanner.feed(f"{text} ")
        waited.append(time.perf_counter() - started)
    return waited


def one_by_one(guard: Toxicity, streams: list[list[str]]) -> list[float]:
    return [seconds for texts in streams for seconds in streamed(guard, texts)]


def together(guard: Toxicity, streams: list[list[str]]) -> list[float]:
    with ThreadPoolExecutor(len(streams)) as pool:
        return [s for waits in pool.map(partial(streamed, guard), streams) for s in waits]


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(path: Path, rounds: int, streams: int) -> dict[str, dict[str, float]]:
    """Run every variant in turn; return windows/s, the ratio to the first, and added latency."""
    alone = Toxicity(checkpoint=path, action="flag", batch=Batch(max_batch=1, max_wait=0.0))
    joint = Toxicity(checkpoint=path, action="flag", time_limit=300)
    screened = Toxicity(checkpoint=path, action="flag", time_limit=300, screen=SCREEN)
    texts = sentences(streams * PER_STREAM)
    shared = [texts[at::streams] for at in range(streams)]
    variants: dict[str, Callable[[], list[float]]] = {
        "one by one": lambda: one_by_one(alone, shared),
        "batched": lambda: together(joint, shared),
        "batched, screened": lambda: together(screened, shared),
        "one stream": lambda: streamed(joint, shared[0]),
    }
    rates: dict[str, list[float]] = {name: [] for name in variants}
    waits: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(rounds + 1):
        for name, run in variants.items():
            started = time.perf_counter()
            waited = run()
            if turn:  # the first round warms up
                rates[name].append(len(waited) / (time.perf_counter() - started))
                waits[name] += waited
    first = rates["one by one"]
    return {
        name: {
            "windows_per_s": statistics.median(rates[name]),
            "ratio": statistics.median(a / b for a, b in zip(rates[name], first, strict=True)),
            "p50_ms": quantile(waits[name], 0.5) * 1e3,
            "p99_ms": quantile(waits[name], 0.99) * 1e3,
        }
        for name in variants
    }


def screening() -> dict[str, Any]:
    """Return recall and false positives on the labelled sentences, by threshold and by kind."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    scored = [(label, kind, hostility(text), suspicion(text)) for label, kind, text in rows]

    def share(label: str, threshold: float) -> float:
        return statistics.fmean(score >= threshold for one, _, score, _ in scored if one == label)

    thresholds = (0.03, SCREEN, 0.1, 0.2, 0.3, 0.5, 0.7)
    kinds = dict.fromkeys((label, kind) for label, kind, _, _ in scored)
    started = time.perf_counter()
    for _, _, text in rows:
        hostility(text)
    passed = statistics.fmean(suspicion(text) >= SCREEN for text in sentences(200))
    return {
        "sentences": len(rows),
        "us_per_sentence": (time.perf_counter() - started) / len(rows) * 1e6,
        "by_threshold": {
            str(at): {"recall": share("toxic", at), "false_positives": share("clean", at)}
            for at in thresholds
        },
        "found_by_kind_at_0.5": {
            f"{label} {kind}": statistics.fmean(
                score >= 0.5 for a, b, score, _ in scored if (a, b) == (label, kind)
            )
            for label, kind in kinds
        },
        "prose_passed_to_the_model": passed,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    screen = screening()
    print(f"screen: {screen['us_per_sentence']:.0f} µs a sentence, {screen['sentences']} labelled")
    for at, figures in screen["by_threshold"].items():
        print(f"{at:>8}  recall {figures['recall']:.3f}  false {figures['false_positives']:.3f}")
    print(f"of ordinary prose {screen['prose_passed_to_the_model']:.1%} pass on to the model")
    with tempfile.TemporaryDirectory() as folder:
        path = checkpoint(Path(folder), options.layers)
        model = measure(path, options.rounds, options.streams)
    print(f"\n{options.layers} layers, {options.streams} streams")
    print(f"{'':20}{'windows/s':>10}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}")
    for name, row in model.items():
        print(f"{name:20}" + "".join(f"{row[k]:9.1f}" for k in row))
    if options.json:
        result = {"screen": screen, "model": model, "layers": options.layers}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
