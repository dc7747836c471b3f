"""A small checkpoint in Detoxify's format, trained here on sentences written for it.

A one-layer BERT with 8,000 weights learns in a few seconds which of its few words are insults and
threats, and that "not" and "the process" make them harmless. What it says is learnt, so a test that
shows it the wrong text, or half of it, fails.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

CLASSES = ["toxic", "threat", "insult"]  # as in Detoxify's first model: "toxic" is renamed
WHO = ["you", "he", "she", "they", "my neighbour", "your teacher"]
INSULTS = ["idiot", "moron", "fool", "clown", "coward", "liar", "loser", "pig"]
HARMS = ["kill", "hurt", "stab", "beat", "burn"]
PEOPLE = ["you", "him", "her", "them", "your family"]
THINGS = ["the process", "the job", "the time", "the build", "the egg", "the drum", "a record"]
CALM = [
    "the weather is fine today", "please read the second chapter", "water boils at a hundred degrees",
    "the train leaves at noon", "she plays the violin", "add two eggs and some salt",
    "they walked along the river", "here is the answer to your question", "the list is sorted in place",
    "you can change this later", "he is a teacher", "she is a doctor", "you are a friend",
    "they are kind", "my neighbour is a painter", "thank you for the letter",
]  # fmt: skip


def require_libraries() -> None:
    """Fail in CI without the libraries of the extra; skip on a developer's own machine."""
    for name in ("torch", "transformers", "detoxify"):
        if importlib.util.find_spec(name) is None:
            message = f"{name} is not installed: pip install torch==2.13.0 detoxify==0.5.4"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)


def sentences(seed: int, count: int) -> list[tuple[str, list[float]]]:
    """Return sentences and whether each is toxic, a threat, an insult."""
    chance = random.Random(seed)
    made: list[tuple[str, list[float]]] = []
    for _ in range(count):
        kind = chance.randrange(4)
        extra = f" {chance.choice(['today', 'again', 'now', 'really'])}" * chance.randrange(2)
        if kind == 0:
            text = f"{chance.choice(WHO)} are a {chance.choice(INSULTS)}"
            labels = [1.0, 0.0, 1.0]
        elif kind == 1:
            text = f"i will {chance.choice(HARMS)} {chance.choice(PEOPLE)}"
            labels = [1.0, 1.0, 0.0]
        elif kind == 2:
            text = f"i will {chance.choice(HARMS)} {chance.choice(THINGS)}"
            labels = [0.0, 0.0, 0.0]
        else:
            text, labels = chance.choice(CALM), [0.0, 0.0, 0.0]
        made.append((f"{text}{extra}{chance.choice(['.', '!', '', '?'])}", labels))
    return made


def write_tokenizer(folder: Path, longest: int) -> int:
    """Write a word-piece vocabulary that can spell every ASCII word; return its size."""
    words = {word.strip(".!?") for text, _ in sentences(1, 600) for word in text.split()}
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *letters, *(f"##{one}" for one in letters), *sorted(words - {*letters})]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    settings = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "model_max_length": longest,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return len(vocabulary)


def saved(folder: Path, state: Any, name: str = "small.ckpt") -> Path:
    """Write a checkpoint as Detoxify's training does."""
    torch: Any = import_module("torch")

    arch = {
        "num_classes": len(CLASSES),
        "model_type": "bert-base-uncased",
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
    }
    config = {
        "arch": {"type": "BERT", "args": arch},
        "dataset": {"type": "JigsawDataOriginal", "args": {"classes": CLASSES}},
    }
    path = folder / name
    torch.save({"config": config, "state_dict": state}, path)
    return path


def trained(folder: Path, longest: int = 64) -> Path:
    """Train a model, write it with its tokenizer and configuration; return the checkpoint."""
    require_libraries()
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")

    size = write_tokenizer(folder, longest)
    config = transformers.BertConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=longest, num_labels=len(CLASSES),
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    config.save_pretrained(folder)
    tokenizer = transformers.BertTokenizer.from_pretrained(str(folder), local_files_only=True)
    torch.manual_seed(7)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the model is too small for more
    model = transformers.BertForSequenceClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    loss_of = torch.nn.BCEWithLogitsLoss()
    for step in range(120):
        batch = sentences(100 + step, 48)
        inputs = tokenizer([text for text, _ in batch], return_tensors="pt", padding=True)
        loss = loss_of(model(**inputs)[0], torch.tensor([labels for _, labels in batch]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.set_num_threads(threads)
    return saved(folder, model.state_dict())
