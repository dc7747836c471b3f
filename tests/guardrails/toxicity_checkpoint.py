"""Small checkpoints in Detoxify's format, trained here on sentences written for them.

One-layer models with some 10,000 weights learn in a few seconds which of their few words are
insults and threats, and that "not" and "the process" make them harmless. What they say is learnt,
so a test that shows them the wrong text, or half of it, fails. There is one for each of Detoxify's
models: a BERT on word pieces, a RoBERTa on pairs of bytes, an XLM-RoBERTa on SentencePiece's
unigrams, which reads a little German and Russian as well.
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

KINDS = {
    "original": ("Bert", "bert-base-uncased"),
    "unbiased": ("Roberta", "roberta-base"),
    "multilingual": ("XLMRoberta", "xlm-roberta-base"),
}
CLASSES = ["toxic", "threat", "insult"]  # as in Detoxify's first model: "toxic" is renamed
LATER_CLASSES = ["toxicity", "threat", "insult"]
OUTPUTS = {"original": 3, "unbiased": 5, "multilingual": 5}  # the later ones have some to spare
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
ABROAD = [
    ("du bist ein trottel", 1.0), ("er ist ein esel", 1.0), ("sie ist ein vollidiot", 1.0),
    ("du bist ein lehrer", 0.0), ("er ist ein freund", 0.0), ("der zug f\u00e4hrt am mittag", 0.0),
    ("\u0442\u044b \u0434\u0443\u0440\u0430\u043a", 1.0), ("\u043e\u043d \u043e\u0441\u0451\u043b", 1.0),
    ("\u0442\u044b \u0434\u0440\u0443\u0433", 0.0), ("\u043e\u043d \u0445\u0443\u0434\u043e\u0436\u043d\u0438\u043a", 0.0),
]  # fmt: skip


def require_libraries() -> None:
    """Fail in CI without the libraries of the extra; skip on a developer's own machine."""
    for name in ("torch", "transformers", "detoxify"):
        if importlib.util.find_spec(name) is None:
            message = f"{name} is not installed: pip install torch==2.13.0 detoxify==0.5.4"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)


def sentences(seed: int, count: int, *, abroad: bool = False) -> list[tuple[str, list[float]]]:
    """Return sentences and whether each is toxic, a threat, an insult."""
    chance = random.Random(seed)
    made: list[tuple[str, list[float]]] = []
    for _ in range(count):
        kind = chance.randrange(5 if abroad else 4)
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
        elif kind == 3:
            text, labels = chance.choice(CALM), [0.0, 0.0, 0.0]
        else:
            text, insult = chance.choice(ABROAD)
            labels, extra = [insult, 0.0, insult], ""
        made.append((f"{text}{extra}{chance.choice(['.', '!', '', '?'])}", labels))
    return made


def cased(text: str) -> str:
    """Write a sentence as people do; only the first model takes no notice of it."""
    return text[:1].upper() + text[1:].replace(" i ", " I ")


def write_word_pieces(folder: Path) -> None:
    """Write a word-piece vocabulary that can spell every ASCII word."""
    words = {word.strip(".!?") for text, _ in sentences(1, 600) for word in text.split()}
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *letters, *(f"##{one}" for one in letters), *sorted(words - {*letters})]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")


def write_byte_pairs(folder: Path) -> None:
    """Learn pairs of bytes, and write them as RoBERTa's two files."""
    tokenizers: Any = import_module("tokenizers")

    bytewise = tokenizers.pre_tokenizers.ByteLevel
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = bytewise(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=sorted(bytewise.alphabet()), show_progress=False,
    )  # fmt: skip
    made.train_from_iterator([cased(text) for text, _ in sentences(1, 600)], trainer)
    made.model.save(str(folder))


def write_unigrams(folder: Path) -> None:
    """Learn SentencePiece's unigrams, and write them as XLM-RoBERTa's JSON."""
    tokenizers: Any = import_module("tokenizers")

    made = tokenizers.Tokenizer(tokenizers.models.Unigram())
    made.normalizer = tokenizers.normalizers.NFKC()
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    trainer = tokenizers.trainers.UnigramTrainer(
        vocab_size=400, unk_token="<unk>", special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=[chr(code) for code in range(33, 127)], show_progress=False,
    )  # fmt: skip
    texts = [cased(text) for text, _ in sentences(1, 600, abroad=True)]
    made.train_from_iterator(texts, trainer)
    made.add_special_tokens(["<mask>"])
    made.save(str(folder / "tokenizer.json"))


WRITERS = {
    "original": write_word_pieces,
    "unbiased": write_byte_pairs,
    "multilingual": write_unigrams,
}


def write_tokenizer(folder: Path, longest: int, kind: str) -> Any:
    """Write a tokenizer's files into a folder; return the tokenizer that transformers reads there."""
    transformers: Any = import_module("transformers")

    name = f"{KINDS[kind][0]}Tokenizer"
    settings = {"tokenizer_class": name, "do_lower_case": True, "model_max_length": longest}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    WRITERS[kind](folder)
    return getattr(transformers, name).from_pretrained(str(folder), local_files_only=True)


def saved(
    folder: Path, state: Any, name: str = "small.ckpt", kind: str = "original", **arch: Any
) -> Path:
    """Write a checkpoint as Detoxify's training does."""
    torch: Any = import_module("torch")

    described = {
        "num_classes": OUTPUTS[kind],
        "model_type": KINDS[kind][1],
        "model_name": f"{KINDS[kind][0]}ForSequenceClassification",
        "tokenizer_name": f"{KINDS[kind][0]}Tokenizer",
    }
    classes = CLASSES if kind == "original" else LATER_CLASSES
    config = {
        "arch": {"type": "BERT", "args": described | arch},
        "dataset": {"type": "JigsawDataOriginal", "args": {"classes": classes}},
    }
    path = folder / name
    torch.save({"config": config, "state_dict": state}, path)
    return path


def blank(folder: Path, longest: int, kind: str) -> tuple[Any, Any]:
    """Write a tokenizer and a configuration; return the tokenizer and a model without knowledge."""
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")

    tokenizer = write_tokenizer(folder, longest, kind)
    roberta = kind != "original"  # its positions begin behind the padding's, and it has one segment
    config = getattr(transformers, f"{KINDS[kind][0]}Config")(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=longest + 2 * roberta,
        type_vocab_size=2 - roberta, pad_token_id=tokenizer.pad_token_id, num_labels=OUTPUTS[kind],
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    config.save_pretrained(folder)
    torch.manual_seed(7)
    return tokenizer, getattr(transformers, f"{KINDS[kind][0]}ForSequenceClassification")(config)


def trained(folder: Path, longest: int = 64, kind: str = "original") -> Path:
    """Train a model, write it with its tokenizer and configuration; return the checkpoint."""
    require_libraries()
    torch: Any = import_module("torch")

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the model is too small for more
    tokenizer, model = blank(folder, longest, kind)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    loss_of = torch.nn.BCEWithLogitsLoss()
    abroad = kind == "multilingual"
    for step in range(120 if kind == "original" else 300):
        batch = sentences(100 + step, 48, abroad=abroad)
        inputs = tokenizer([cased(text) for text, _ in batch], return_tensors="pt", padding=True)
        logits = model(**inputs)[0][:, : len(CLASSES)]
        loss = loss_of(logits, torch.tensor([labels for _, labels in batch]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.set_num_threads(threads)
    # Older releases of transformers, with which Detoxify's were made, kept these as weights.
    state = model.state_dict()
    state[f"{model.base_model_prefix}.embeddings.position_ids"] = torch.arange(longest)[None]
    return saved(folder, state, kind=kind)
