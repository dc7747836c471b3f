"""llama.cpp's own ``/completion``.

Shapes: https://github.com/ggml-org/llama.cpp/tree/master/tools/server. The last frame says
``"stop": true``, repeats the prompt, and tells why it ended. ``tokens`` are ids of the text, and
the probabilities spell it: both go with an edit. Servers before September 2025 sent errors in an
SSE field of their own, ``error:``, which no client reads; it counts as a comment here, and is
guarded.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import CODE, SENTENCE, Closes, Hides, Says, Writes

__all__ = ["LLAMA_CPP"]

_ERROR = {"code": 500, "message": SENTENCE, "type": "server_error", "reason": CODE}

LLAMA_CPP = Description(
    name="llama_cpp",
    claims=("content=* & stop=true|false",),
    says=(Says(at="content", key=("index",)),),
    closes=(Closes(when="stop=true", key=("index",)),),
    done="stop=true",
    fails="error",
    finish="stop_type",
    good=("eos", "word"),
    usage=("tokens_evaluated", "tokens_predicted"),
    error=(Writes(value={"error": _ERROR}),),
    hides=(
        Hides(at="tokens", empty=[], when="stream"),
        Hides(at="completion_probabilities", empty=[], spells="completion_probabilities[].token"),
        Hides(at="probs", empty=[], spells="probs[].token"),
    ),
    alone=("stop_type",),
    paths=("/completion",),
).dialect()
