"""Text Generation Inference: ``/generate_stream``, one token a frame.

Shapes: https://huggingface.co/docs/text-generation-inference and the types of huggingface_hub. The
last frame says the whole text again, as ``generated_text``. Special tokens are no text of the
answer, and are looked at by themselves. ``id`` and ``top_tokens`` tell the text in another form,
so they go with an edit. The API calls an end at the limit ``length``.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import CODE, SENTENCE, Closes, Hides, Says, Writes

__all__ = ["TGI"]

_LAST = "generated_text=* & generated_text!=null"

TGI = Description(
    name="tgi",
    claims=("token.text=*", "error_type & error"),
    says=(Says(at="token.text", when="token.special!=true"),),
    closes=(Closes(when="details"), Closes(when=_LAST)),
    done=_LAST,
    fails="error",
    finish="details.finish_reason",
    good=("eos_token", "stop_sequence"),
    usage=("details.input_length", "details.generated_tokens"),
    error=(Writes(value={"error": SENTENCE, "error_type": "generation", "code": CODE}),),
    hides=(
        Hides(at="token.id", empty=0),
        Hides(at="top_tokens", empty=[]),
        Hides(at="details.prefill", empty=[], when="stream"),
        Hides(at="details.tokens", empty=[], when="stream"),
        Hides(at="details.top_tokens", empty=[], when="stream"),
    ),
    repeats=("generated_text", "details.best_of_sequences"),
    alone=("error_type",),
    paths=("/generate_stream",),
).dialect()
