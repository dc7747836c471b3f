"""OpenAI's Assistants: events of a thread, its runs and their steps.

Shapes: https://platform.openai.com/docs/api-reference/assistants-streaming.
``thread.message.delta`` carries text by the id of the message and the place of the part;
``thread.message.completed`` says all of it again, as steps and runs do. The arguments and the code
of tool calls come in ``thread.run.step.delta``.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import CODE, SENTENCE, Closes, Says, Writes

__all__ = ["OPENAI_ASSISTANTS"]

_PART = "delta.content[]"
_CALL = "delta.step_details.tool_calls[]"
_KEY = ("id", f"{_PART}.index")
_CALL_KEY = ("id", f"{_CALL}.index")
_ENDS = "completed|incomplete|failed|cancelled|expired"
_OF_MESSAGE = "|".join(f"thread.message.{end}" for end in _ENDS.split("|"))
_OF_STEP = "|".join(f"thread.run.step.{end}" for end in _ENDS.split("|"))
_OF_RUN = "|".join(f"thread.run.{end}" for end in _ENDS.split("|"))

OPENAI_ASSISTANTS = Description(
    name="openai_assistants",
    claims=(
        (
            "object=thread|thread.message|thread.message.delta|thread.run|thread.run.step"
            "|thread.run.step.delta"
        ),
    ),
    says=(
        Says(at=f"{_PART}.text.value", key=_KEY),
        Says(at=f"{_PART}.refusal", key=_KEY, kind="refusal"),
        Says(at=f"{_CALL}.function.arguments", key=_CALL_KEY, kind="tool", form="json"),
        Says(at=f"{_CALL}.code_interpreter.input", key=_CALL_KEY, kind="code"),
    ),
    closes=(
        Closes(when=f"@event={_OF_MESSAGE}|{_OF_STEP}", key=("id",)),
        Closes(when=f"@event={_OF_RUN}"),
    ),
    done="@event=thread.run.completed",
    stops="@event=thread.run.cancelled|thread.run.expired|thread.run.incomplete"
    "|thread.run.requires_action",
    fails="@event=error|thread.run.failed",
    error=(
        Writes(
            value={
                "error": {
                    "message": SENTENCE,
                    "type": "server_error",
                    "param": None,
                    "code": CODE,
                },
                "message": SENTENCE,
                "code": CODE,
            },
            event="error",
        ),
    ),
    repeats=("content", "step_details"),
    alone=("assistant_id", "run_id", "thread_id"),
    paths=("/runs",),
    heartbeat_after_id=False,  # as for chat completions: the same decoder
).dialect()
