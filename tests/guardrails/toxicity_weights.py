"""Makes ``guardrails/toxicity/wording.bin`` anew from an installed alt-profanity-check.

    pip install alt-profanity-check==1.9.1
    python tests/guardrails/toxicity_weights.py wording.bin

Not run by the tests: the package pins its own scikit-learn, so it belongs into a venv of its own.
Layout, little-endian: count (u32), bias (f64); then by rising CRC-32 the CRC-32s of all words (u32),
their rarities (f16), their weights (f16). Stop words stand in it with a weight of nothing.
"""

from __future__ import annotations

import struct
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from zlib import crc32


def packed() -> bytes:
    """Average the five calibrated classifiers into one, and pack it."""
    numpy: Any = import_module("numpy")
    source: Any = import_module("profanity_check.profanity_check")
    weights: list[Any] = []
    biases: list[float] = []
    for one in source.model.calibrated_classifiers_:
        curve = one.calibrators[0]
        weights.append(-curve.a_ * one.estimator.coef_[0])
        biases.append(float(-curve.a_ * one.estimator.intercept_[0] - curve.b_))
    mean = numpy.mean(weights, 0)
    words: dict[int, tuple[float, float]] = {
        crc32(word.encode()): (0.0, 0.0) for word in source.vectorizer.get_stop_words()
    }
    for word, at in source.vectorizer.vocabulary_.items():
        words[crc32(word.encode())] = float(source.vectorizer.idf_[at]), float(mean[at])
    rows = sorted(words.items())
    count = len(rows)
    return (
        struct.pack("<Id", count, sum(biases) / len(biases))
        + struct.pack(f"<{count}I", *(key for key, _ in rows))
        + struct.pack(f"<{count}e", *(rarity for _, (rarity, _) in rows))
        + struct.pack(f"<{count}e", *(weight for _, (_, weight) in rows))
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(packed())
