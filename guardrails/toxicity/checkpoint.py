"""A Detoxify checkpoint, read from local files and never unpickled.

Detoxify 0.5.4 loads its checkpoints with ``weights_only=False``, which runs whatever code a file
holds, and asks a hub for the configuration even when it is given a local folder. Here the same
format (a mapping of ``config`` and ``state_dict``) is read as weights alone, and the configuration
and the tokenizer from disk; the prediction is Detoxify's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, cast

from ...wire.errors import ConfigurationError, MissingExtraError
from .settings import Precision

__all__ = ["Checkpoint", "ModelName", "located"]

ModelName = Literal["original", "unbiased", "multilingual"]

_BASES: Mapping[str, str] = {
    "original": "bert-base-uncased",
    "unbiased": "roberta-base",
    "multilingual": "xlm-roberta-base",
}
_TOKENIZERS: Mapping[str, str] = {
    "original": "BertTokenizer",
    "unbiased": "RobertaTokenizer",
    "multilingual": "XLMRobertaTokenizer",
}
# What a tokenizer is made of; transformers 4 reads the last one's model, transformers 5 its JSON.
_FILES: Mapping[str, str] = {
    "BertTokenizer": "vocab.txt",
    "RobertaTokenizer": "vocab.json and merges.txt",
    "XLMRobertaTokenizer": "tokenizer.json and sentencepiece.bpe.model",
}
# The first model was trained under other names; Detoxify gives it those of the others.
_RENAMED = {
    "toxic": "toxicity",
    "identity_hate": "identity_attack",
    "severe_toxic": "severe_toxicity",
}
_OVERLAP = 80  # characters that the halves of a window over the model's limit share
_LIKE = 16  # characters, beside a quarter, by which texts of one call may differ on a CPU


def library(name: str) -> Any:
    """Import a module of the extra.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError("toxicity", "Toxicity()") from error


def located(model: str | None, checkpoint: str | Path | None) -> Path:
    """Return the path of the checkpoint file.

    Raises:
        ConfigurationError: there is none; the message says what to download, and where to put it.
    """
    if checkpoint is not None:
        if model is not None:
            raise ConfigurationError("Toxicity() takes a model or a checkpoint: write one of them")
        path = Path(checkpoint)
        if not path.is_file():
            raise ConfigurationError(
                f"Toxicity(checkpoint={str(path)!r}): no such file; write the path of a Detoxify "
                "checkpoint, and put config.json and the tokenizer's files into the same folder",
            )
        return path
    name = model or "original"
    if name not in _BASES:
        raise ConfigurationError(
            f"unknown model {name!r}: write one of {', '.join(_BASES)}, or checkpoint='file.ckpt'",
        )
    detoxify = library("detoxify.detoxify")
    url: str = detoxify.MODEL_URLS[name]
    path = Path(library("torch").hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not path.is_file():
        raise ConfigurationError(
            f"Toxicity(model={name!r}) has no weights: download {url} to {path}, and put "
            f"config.json, tokenizer_config.json, {_FILES[_TOKENIZERS[name]]} of {_BASES[name]!r} "
            "(from huggingface.co) into the same folder, or give the path of such a file as "
            "checkpoint='...'",
        )
    return path


class Checkpoint:
    """A loaded model and its tokenizer.

    Args:
        path: the checkpoint file. ``config.json`` and the tokenizer lie beside it, or in the local
            cache of huggingface_hub.
        device: ``"cpu"``, ``"cuda"``, …
        precision: what the model computes in.

    Attributes:
        labels: what the model tells apart, by Detoxify's names.

    Raises:
        ConfigurationError: this is no Detoxify checkpoint, or what belongs beside it is missing.
    """

    def __init__(self, path: Path, device: str, precision: Precision = "float32") -> None:
        self._torch = library("torch")
        config, weights = self._read(path)
        try:
            arch = config["arch"]["args"]
            classes = [str(name) for name in config["dataset"]["args"]["classes"]]
            columns = int(arch["num_classes"])
            names = str(arch["model_name"]), str(arch["tokenizer_name"]), str(arch["model_type"])
        except (KeyError, TypeError, ValueError) as error:
            raise _unfit(path, "its config does not say which model and classes it has") from error
        if not classes or columns < len(classes):
            raise _unfit(path, "it has fewer outputs than classes")
        self.labels = [_RENAMED.get(name, name) for name in classes]
        detoxify = library("detoxify")
        # Its constructor would fetch and unpickle; what it holds is set here instead.
        self._detoxify = detoxify.Detoxify.__new__(detoxify.Detoxify)
        self._detoxify.model, self._detoxify.tokenizer = self._build(path, names, columns, weights)
        self._detoxify.class_names = self.labels
        self._detoxify.device = device
        self._on_cpu = device == "cpu"
        self._detoxify.model.to(device, getattr(self._torch, precision)).eval()
        self._longest = _positions(self._detoxify)

    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        """Return for each text the scores of all labels; nothing of a text is left out.

        A text of more tokens than the model takes is looked at in halves; the higher score counts.
        """
        pieces: list[str] = []
        owners: list[int] = []
        for owner, text in enumerate(texts):
            # Tokenizers refuse half a surrogate pair, and all that is scored with it.
            parts = self._parts(text.encode("utf-8", "replace").decode())
            pieces += parts
            owners += [owner] * len(parts)
        rows = [[0.0] * len(self.labels) for _ in texts]
        for group in self._groups(pieces):
            scored = self._predicted([pieces[number] for number in group])
            for number, scores in zip(group, scored, strict=True):
                owner = owners[number]
                rows[owner] = [max(pair) for pair in zip(rows[owner], scores, strict=True)]
        return rows

    def _groups(self, pieces: Sequence[str]) -> list[list[int]]:
        """Return which pieces go through the model together.

        All of one call are filled up to the longest. A CPU pays for the filling, and gains little
        from a large call: there only pieces of like length go together.
        """
        if not self._on_cpu:
            return [list(range(len(pieces)))]
        groups: list[list[int]] = []
        most = 0
        for number in sorted(range(len(pieces)), key=lambda number: len(pieces[number])):
            length = len(pieces[number])
            if not groups or length > most:
                groups.append([])
                most = length + length // 4 + _LIKE
            groups[-1].append(number)
        return groups

    def _predicted(self, pieces: list[str]) -> Iterable[tuple[float, ...]]:
        with self._torch.inference_mode():
            predicted: Mapping[str, float | list[float]] = self._detoxify.predict(pieces)
        columns = [_listed(predicted[label]) for label in self.labels]
        if not all(math.isfinite(score) for column in columns for score in column):
            raise ValueError("the model gave a score that is not a number")
        return zip(*columns, strict=True)

    def _parts(self, text: str) -> list[str]:
        # A token of ASCII has at least one character; two more mark the begin and the end.
        if (text.isascii() and len(text) + 2 <= self._longest) or len(text) < 4:
            return [text]
        if len(self._detoxify.tokenizer(text, verbose=False)["input_ids"]) <= self._longest:
            return [text]
        middle, shared = len(text) // 2, min(_OVERLAP, len(text) // 4) // 2
        return [*self._parts(text[: middle + shared]), *self._parts(text[middle - shared :])]

    def _read(self, path: Path) -> tuple[Any, Any]:
        try:
            loaded: Any = self._torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise _unfit(
                path, "it cannot be read as weights alone, and is not unpickled"
            ) from error
        if not isinstance(loaded, dict) or not {"config", "state_dict"} <= loaded.keys():
            raise _unfit(path, "it has no 'config' and 'state_dict'")
        checkpoint = cast("dict[str, Any]", loaded)
        return checkpoint["config"], checkpoint["state_dict"]

    def _build(
        self,
        path: Path,
        names: tuple[str, str, str],
        columns: int,
        weights: Any,
    ) -> tuple[Any, Any]:
        transformers = library("transformers")
        model_name, tokenizer_name, base = names
        if not (model_name.endswith("ForSequenceClassification") and "Tokenizer" in tokenizer_name):
            raise _unfit(path, f"{model_name} with {tokenizer_name} is no classifier of text")
        source = str(path.parent) if (path.parent / "config.json").is_file() else base
        try:
            model_class = getattr(transformers, model_name)
            config = model_class.config_class.from_pretrained(
                source, num_labels=columns, local_files_only=True
            )
            tokenizer = getattr(transformers, tokenizer_name).from_pretrained(
                source, local_files_only=True
            )
        except (OSError, AttributeError, ValueError) as error:
            raise _unfit(path, _lacking(path, tokenizer_name, base)) from error
        # Without its files transformers 5 makes a tokenizer all the same; it knows no word.
        if not config.vocab_size < 2 * len(tokenizer) <= 2 * config.vocab_size:
            raise _unfit(
                path,
                f"its model knows {config.vocab_size} tokens and its tokenizer {len(tokenizer)}; "
                + _lacking(path, tokenizer_name, base),
            )
        model = model_class(config)
        try:
            missing = model.load_state_dict(weights, strict=False).missing_keys
        except RuntimeError as error:
            raise _unfit(path, "its weights do not fit config.json") from error
        if missing := [key for key in missing if not key.endswith("position_ids")]:
            raise _unfit(path, f"it has no weights for {', '.join(missing[:3])}")
        return model, tokenizer


def _unfit(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"{path} cannot be used as a Detoxify checkpoint: {why}")


def _lacking(path: Path, tokenizer: str, base: str) -> str:
    files = _FILES.get(tokenizer, "the tokenizer's files")
    return (
        f"config.json, tokenizer_config.json, {files} of {base!r} (from huggingface.co) have to "
        f"lie in {path.parent}"
    )


def _listed(value: float | list[float]) -> list[float]:
    """Detoxify gives a number for one text, and a list for several."""
    return value if isinstance(value, list) else [value]


def _positions(detoxify: Any) -> int:
    """Return the most tokens that the model takes, those at both ends included."""
    config = detoxify.model.config
    positions = int(getattr(config, "max_position_embeddings", 512))
    if "roberta" in str(config.model_type):  # its positions begin behind the padding's
        positions -= int(config.pad_token_id) + 1
    return min(positions, int(detoxify.tokenizer.model_max_length))
