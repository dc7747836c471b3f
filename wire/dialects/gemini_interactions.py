"""Gemini's Interactions API: steps by ``index``, each a text, a thought or a call.

Shapes: the types of google-genai (``_gaos/types/interactions``); they were read, the service was
not asked. Every event is named in ``event:`` and in ``event_type``. ``interaction.completed`` says
the outputs again. Signatures of thoughts are opaque and pass: a thought whose text was edited
keeps one that does not fit it.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import CODE, SENTENCE, Closes, Says, Writes

__all__ = ["GEMINI_INTERACTIONS"]

_ERROR = {"event_type": "error", "error": {"code": CODE, "message": SENTENCE}}

GEMINI_INTERACTIONS = Description(
    name="gemini_interactions",
    claims=(
        (
            "event_type=interaction.created|interaction.status_update|interaction.completed|step.start"
            "|step.delta|step.stop"
        ),
    ),
    says=(
        Says(at="delta.text", key=("index",), when="event_type=step.delta"),
        Says(
            at="delta.content.text",
            key=("index",),
            kind="reasoning",
            when="event_type=step.delta",
        ),
        Says(
            at="delta.arguments",
            key=("index",),
            kind="tool",
            form="json",
            when="event_type=step.delta",
        ),
    ),
    closes=(
        Closes(when="event_type=step.stop", key=("index",)),
        Closes(when="event_type=interaction.completed"),
    ),
    done="event_type=interaction.completed",
    fails="event_type=error",
    finish="interaction.status",
    good=("completed", "in_progress", "requires_action"),
    usage=("interaction.usage.total_input_tokens", "interaction.usage.total_output_tokens"),
    error=(Writes(value=_ERROR, event="error"),),
    repeats=("interaction",),
    alone=("event_type", "previous_interaction_id"),
    paths=("/interactions",),
    heartbeat=b"\n",
).dialect()
