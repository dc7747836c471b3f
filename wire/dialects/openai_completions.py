"""OpenAI's legacy completions, and the servers that still speak them (vLLM, llama.cpp, TGI).

Shapes: https://platform.openai.com/docs/api-reference/completions. One text for each choice.
``logprobs`` tell the tokens as a list, and once more as the names of an object for each token, so
they go with an edit; so do token ids (vLLM). With ``echo`` the prompt comes first, in ``text``,
and is guarded like the rest of it.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import CODE, SENTENCE, Closes, Hides, Says, Writes

__all__ = ["OPENAI_COMPLETIONS"]

_ERROR = {"message": SENTENCE, "type": "server_error", "param": None, "code": CODE}
_REFUSED = {
    "id": "",
    "object": "text_completion",
    "created": 0,
    "model": "",
    "choices": [{"index": 0, "text": "", "logprobs": None, "finish_reason": "content_filter"}],
}

OPENAI_COMPLETIONS = Description(
    name="openai_completions",
    claims=("object=text_completion", "choices[].text=*"),
    says=(Says(at="choices[].text", key=("choices[].index",)),),
    closes=(Closes(when="choices[].finish_reason", key=("choices[].index",)),),
    done="@data=[DONE]",
    fails="error",
    finish="choices[].finish_reason",
    usage=("usage.prompt_tokens", "usage.completion_tokens"),
    error=(Writes(value={"error": _ERROR}),),
    refusal=(Writes(value=_REFUSED), Writes(value=b"[DONE]")),
    hides=(
        Hides(at="choices[].logprobs", spells="choices[].logprobs.tokens[]"),
        Hides(at="choices[].token_ids"),
        Hides(at="choices[].prompt_token_ids"),
        Hides(at="obfuscation", empty=""),
    ),
    alone=("stop_reason",),
    paths=("/completions",),
    heartbeat_after_id=False,  # as for chat completions: the same decoder
).dialect()
