"""What may be done to each sort of channel: some texts are run, some are signed, some are sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..wire import Channel
from ..wire.errors import ConfigurationError

__all__ = ["Channels", "Treatment"]

Treatment = Literal["edit", "flag", "cut"]
"""What an edit becomes: an edit; only a report; or the end of the text that is delivered."""

_CHOICES = {
    "tool_arguments": ("display", "execution"),
    "signed_thinking": ("drop", "leave"),
    "audio": ("drop", "pass"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """How guards treat what is more than text to read.

    Every channel is looked at, whatever is set here, and a finding whose action is *block* blocks
    in each of them. Wherever an edit is not made, the report counts it as ``flag``.

    Attributes:
        tool_arguments: what the arguments of tool calls, and the code in them, are for.
            ``"display"``: people read them, so they are edited like any text. ``"execution"``: a
            program runs them, so they leave byte for byte as they came; findings are reported.
        signed_thinking: what a finding does to reasoning that a signature vouches for, which is
            never rewritten. ``"drop"``: from the finding on, the rest of the block is dropped, and
            the signature with it. ``"leave"``: the block stays as it came; findings are reported.
        audio: what becomes of sound, which no guard can read and which says aloud what the
            transcript hides. ``"drop"``: its data are emptied, and the report counts them as
            ``channels.AUDIO.edit``. ``"pass"``: it leaves as it came, counted as
            ``channels.AUDIO.flag``. A stream without guards is not touched.

    Raises:
        ConfigurationError: a value that is none of these.
    """

    tool_arguments: Literal["display", "execution"] = "display"
    signed_thinking: Literal["drop", "leave"] = "drop"
    audio: Literal["drop", "pass"] = "drop"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                first, second = choices
                raise ConfigurationError(f"Channels({name}=...) is {first!r} or {second!r}")

    def treatment(self, channel: Channel) -> Treatment:
        """Return what an edit of this channel becomes."""
        if channel.signed:
            return "cut" if self.signed_thinking == "drop" else "flag"
        return self.treatment_of(channel.kind)

    def treatment_of(self, kind: str) -> Treatment:
        """Return what an edit of a text of this kind becomes."""
        runs = kind in ("tool", "code") and self.tool_arguments == "execution"
        return "flag" if runs else "edit"

    def fingerprint(self) -> str:
        """Describe the settings for the cache key."""
        return ":".join(getattr(self, name) for name in _CHOICES)
